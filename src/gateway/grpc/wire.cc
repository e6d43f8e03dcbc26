#include "gateway/grpc/wire.h"

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/text.h"

namespace seine::gateway::grpc {
namespace {

using base::Code;
using base::fail;
using base::fail_field;
using base::Result;

constexpr std::size_t kFrameHeadBytes = 5;
// A status message travels in a header block, which peers bound to some 8 KiB.
constexpr std::size_t kStatusBytesMax = 2048;

// Everything but printable ASCII without '%' is escaped.
std::string escaped(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text.substr(0, kStatusBytesMax)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte <= 0x7e && c != '%') {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// Of the message behind the head that `frame` begins with.
Result<std::size_t> message_bytes(std::string_view frame, std::size_t most) {
  if (frame[0] != '\0') {
    return fail(Code::kUnimplemented, "compressed messages are not taken; send identity");
  }
  const std::size_t size = big_endian(frame.substr(1, 4));
  if (size > most) {
    return fail(Code::kResourceExhausted, "the message has {} bytes, the limit is {}",
                base::format_count(size), base::format_count(most));
  }
  return size;
}

}  // namespace

bool is_grpc_content(std::string_view content_type) {
  const std::string type =
      base::ascii_lower(base::trim(content_type.substr(0, content_type.find(';'))));
  return type == kContentType || type == "application/grpc+proto";
}

void append_frame(std::string& out, std::string_view message) {
  const auto size = static_cast<std::uint32_t>(message.size());
  out += '\0';
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(size >> shift & 0xff);
  out += message;
}

Result<std::string_view> only_message(std::string_view body) {
  if (body.empty()) return fail(Code::kUnimplemented, "the call has no message; it takes one");
  if (body.size() < kFrameHeadBytes) {
    return fail(Code::kInvalidArgument, "the call ends within the head of a message");
  }
  const std::size_t size = SEINE_TRY(message_bytes(body, kMessageBytesMax));
  const std::string_view rest = body.substr(kFrameHeadBytes);
  if (rest.size() < size) {
    return fail(Code::kInvalidArgument, "the call ends within a message: {} bytes of {}",
                base::format_count(rest.size()), base::format_count(size));
  }
  if (rest.size() > size) {
    return fail(Code::kUnimplemented, "the call has several messages; it takes one");
  }
  return rest;
}

Result<std::optional<std::string>> FrameReader::next() {
  if (buffer_.size() < kFrameHeadBytes) return std::nullopt;
  const std::size_t size = SEINE_TRY(message_bytes(buffer_, max_));
  if (buffer_.size() - kFrameHeadBytes < size) return std::nullopt;
  std::string message = buffer_.substr(kFrameHeadBytes, size);
  buffer_.erase(0, kFrameHeadBytes + size);
  return message;
}

Result<base::Duration> parse_timeout(std::string_view field) {
  const auto bad = [&] {
    return fail_field(Code::kInvalidArgument, "grpc-timeout",
                      "'{}' is no timeout: up to eight digits and one of H, M, S, m, u, n", field);
  };
  if (field.size() < 2 || field.size() > 9) return bad();
  const std::optional<std::uint64_t> count = base::parse_u64(field.substr(0, field.size() - 1));
  if (!count) return bad();
  const auto amount = static_cast<std::int64_t>(*count);
  // Eight digits of hours pass the range of nanoseconds; nobody means more than a year.
  constexpr std::chrono::hours kYear{24 * 366};
  switch (field.back()) {
    case 'H':
      return std::min(std::chrono::hours(amount), kYear);
    case 'M':
      return std::min<std::chrono::minutes>(std::chrono::minutes(amount), kYear);
    case 'S':
      return std::min<std::chrono::seconds>(std::chrono::seconds(amount), kYear);
    case 'm':
      return std::chrono::milliseconds(amount);
    case 'u':
      return std::chrono::microseconds(amount);
    case 'n':
      return std::chrono::nanoseconds(amount);
    default:
      return bad();
  }
}

net::Headers ok_fields() {
  return {{"grpc-status", "0"}};
}

net::Headers status_fields(const base::Error& error) {
  net::Headers fields;
  fields.add("grpc-status", std::to_string(static_cast<unsigned>(error.code)));
  fields.add("grpc-message", escaped(error.message));
  if (!error.field.empty()) fields.add("error-field", escaped(error.field));
  return fields;
}

}  // namespace seine::gateway::grpc
