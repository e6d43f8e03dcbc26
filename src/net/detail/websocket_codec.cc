#include "net/detail/websocket_codec.h"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"

namespace seine::net::detail {
namespace {

std::uint8_t byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<std::uint8_t>(bytes[i]);
}

bool is_control(WsOpcode opcode) {
  return static_cast<std::uint8_t>(opcode) >= 0x8;
}

// RFC 6455 section 7.4: what may stand in a close frame.
bool is_close_code(std::uint16_t code) {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace

bool WsDecoder::fail(std::uint16_t code) {
  if (fault_ == 0) fault_ = code;
  message_ = {};
  return false;
}

void WsDecoder::feed(std::string_view bytes) {
  while (!bytes.empty() && fault_ == 0 && !closed_) {
    if (!in_payload_) {
      const std::size_t take = std::min(head_size_ - head_.size(), bytes.size());
      head_ += bytes.substr(0, take);
      bytes.remove_prefix(take);
      if (head_.size() == head_size_) head_complete();
    } else {
      const std::size_t take =
          static_cast<std::size_t>(std::min<std::uint64_t>(payload_left_, bytes.size()));
      std::string& into = is_control(opcode_) ? control_ : message_;
      const std::size_t at = into.size();
      into += bytes.substr(0, take);
      if (role_ == WsRole::kServer) {
        for (std::size_t i = at; i < into.size(); ++i) {
          into[i] = static_cast<char>(into[i] ^ mask_[mask_at_++ & 3]);
        }
      }
      bytes.remove_prefix(take);
      payload_left_ -= take;
      if (payload_left_ == 0) payload_complete();
    }
  }
}

void WsDecoder::head_complete() {
  const std::uint8_t first = byte_at(head_, 0);
  const std::uint8_t second = byte_at(head_, 1);
  const std::uint8_t short_length = second & 0x7f;
  const std::size_t length_bytes = short_length == 126 ? 2 : short_length == 127 ? 8 : 0;
  const bool masked = (second & 0x80) != 0;
  if (head_.size() == 2) {
    const auto opcode = static_cast<WsOpcode>(first & 0x0f);
    const bool known =
        opcode <= WsOpcode::kBinary || (opcode >= WsOpcode::kClose && opcode <= WsOpcode::kPong);
    final_ = (first & 0x80) != 0;
    if ((first & 0x70) != 0 || !known || masked != (role_ == WsRole::kServer)) {
      fail(1002);
      return;
    }
    if (is_control(opcode) && (!final_ || short_length > 125)) {
      fail(1002);
      return;
    }
    if (!is_control(opcode) && in_message_ != (opcode == WsOpcode::kContinuation)) {
      fail(1002);
      return;
    }
    opcode_ = opcode;
    head_size_ = 2 + length_bytes + (masked ? 4 : 0);
    if (head_size_ > 2) return;
  }
  std::uint64_t length = short_length;
  if (length_bytes > 0) {
    length = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) length = length << 8 | byte_at(head_, 2 + i);
    if (length < (length_bytes == 2 ? 126U : 65536U) || length > INT64_MAX) {
      fail(1002);  // not the shortest form
      return;
    }
  }
  if (masked) std::copy_n(head_.end() - 4, 4, mask_);
  mask_at_ = 0;
  if (!is_control(opcode_)) {
    if (length > message_bytes_max_ - message_.size()) {
      fail(1009);
      return;
    }
    if (opcode_ != WsOpcode::kContinuation) {
      message_opcode_ = opcode_;
      in_message_ = true;
    }
  }
  head_.clear();
  head_size_ = 2;
  payload_left_ = length;
  in_payload_ = true;
  if (length == 0) payload_complete();
}

void WsDecoder::payload_complete() {
  in_payload_ = false;
  if (is_control(opcode_)) {
    control(std::exchange(control_, {}));
  } else if (final_) {
    in_message_ = false;
    if (message_opcode_ == WsOpcode::kText && !base::is_valid_utf8(message_)) {
      fail(1007);
      return;
    }
    events_.push_back({message_opcode_, std::exchange(message_, {})});
  }
}

void WsDecoder::control(std::string data) {
  WsEvent event{opcode_};
  if (opcode_ == WsOpcode::kClose) {
    closed_ = true;
    if (data.size() == 1) {
      fail(1002);
      return;
    }
    if (!data.empty()) {
      event.close_code = static_cast<std::uint16_t>(byte_at(data, 0) << 8 | byte_at(data, 1));
      event.data = data.substr(2);
      if (!is_close_code(event.close_code)) {
        fail(1002);
        return;
      }
      if (!base::is_valid_utf8(event.data)) {
        fail(1007);
        return;
      }
    }
  } else {
    event.data = std::move(data);
  }
  events_.push_back(std::move(event));
}

bool WsDecoder::next(WsEvent& out) {
  if (events_.empty()) return false;
  out = std::move(events_.front());
  events_.pop_front();
  return true;
}

void append_ws_frame(std::string& out, WsOpcode opcode, std::string_view data, WsRole role,
                     std::uint32_t mask) {
  out += static_cast<char>(0x80 | static_cast<std::uint8_t>(opcode));
  const std::uint8_t mask_bit = role == WsRole::kClient ? 0x80 : 0;
  if (data.size() < 126) {
    out += static_cast<char>(mask_bit | data.size());
  } else {
    const int length_bytes = data.size() < 65536 ? 2 : 8;
    out += static_cast<char>(mask_bit | (length_bytes == 2 ? 126 : 127));
    for (int i = length_bytes - 1; i >= 0; --i) {
      out += static_cast<char>(static_cast<std::uint64_t>(data.size()) >> (8 * i) & 0xff);
    }
  }
  if (role == WsRole::kServer) {
    out += data;
    return;
  }
  char key[4];
  for (int i = 0; i < 4; ++i) key[i] = static_cast<char>(mask >> (24 - 8 * i) & 0xff);
  out.append(key, 4);
  for (std::size_t i = 0; i < data.size(); ++i) out += static_cast<char>(data[i] ^ key[i & 3]);
}

void append_ws_close(std::string& out, std::uint16_t code, std::string_view reason, WsRole role,
                     std::uint32_t mask) {
  std::string data;
  data += static_cast<char>(code >> 8);
  data += static_cast<char>(code & 0xff);
  data += reason.substr(0, base::utf8_prefix(reason, 123));
  append_ws_frame(out, WsOpcode::kClose, data, role, mask);
}

std::string ws_accept_key(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
  return base::base64({reinterpret_cast<const char*>(digest), size});
}

}  // namespace seine::net::detail
