// WebSocket frames (RFC 6455 section 5), server side, sans-IO: feed(bytes), take events. Strict:
// unmasked or fragmented control frames, reserved bits, unknown opcodes, overlong lengths and
// ill-formed UTF-8 are protocol errors with their close code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace seine::net::detail {

enum class WsOpcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xA,
};

enum class WsRole : std::uint8_t { kServer, kClient };  // a client's frames are masked

struct WsEvent {
  WsOpcode opcode;        // kText, kBinary (whole messages), kClose, kPing, kPong
  std::string data = {};  // of kClose: the reason
  std::uint16_t close_code = 1005;
  bool operator==(const WsEvent&) const = default;
};

class WsDecoder {
 public:
  // `role` is ours: a server expects masked frames.
  WsDecoder(WsRole role, std::size_t message_bytes_max)
      : role_(role), message_bytes_max_(message_bytes_max) {}

  // Consumes all input until a fault. After one (or a close frame) the rest is ignored.
  void feed(std::string_view bytes);
  bool next(WsEvent& out);
  // The close code to fail with: 0, 1002, 1007 or 1009.
  std::uint16_t fault() const { return fault_; }

 private:
  void head_complete();
  void payload_complete();
  void control(std::string data);
  bool fail(std::uint16_t code);

  const WsRole role_;
  const std::size_t message_bytes_max_;
  std::string head_;  // bytes of an unfinished frame head
  std::size_t head_size_ = 2;
  bool in_payload_ = false;
  WsOpcode opcode_ = WsOpcode::kText;  // of the current frame
  bool final_ = false;
  std::uint64_t payload_left_ = 0;
  std::size_t mask_at_ = 0;
  char mask_[4] = {};
  std::string control_;
  std::string message_;
  WsOpcode message_opcode_ = WsOpcode::kText;
  bool in_message_ = false;
  bool closed_ = false;
  std::uint16_t fault_ = 0;
  std::deque<WsEvent> events_;
};

// Appends one whole frame. A client masks with `mask`.
void append_ws_frame(std::string& out, WsOpcode opcode, std::string_view data, WsRole role,
                     std::uint32_t mask = 0);
void append_ws_close(std::string& out, std::uint16_t code, std::string_view reason, WsRole role,
                     std::uint32_t mask = 0);

// Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 section 4.2.2).
std::string ws_accept_key(std::string_view key);

}  // namespace seine::net::detail
