#include "net/detail/http1_head.h"

#include <optional>

#include "base/text.h"
#include "net/detail/field_syntax.h"

namespace seine::net::detail {
namespace {

using base::ascii_iequals;

constexpr HeadFault bad(const char* what) {
  return {400, what};
}

// The next line without its CRLF; the scanner has seen to it that every LF follows a CR.
std::string_view take_line(std::string_view& head) {
  const std::size_t end = head.find("\r\n");
  const std::string_view line = head.substr(0, end);
  head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
  return line;
}

HeadFault parse_fields(std::string_view head, const HeadLimits& limits, Headers& out) {
  std::size_t list_bytes = 0;
  for (;;) {
    const std::string_view line = take_line(head);
    if (line.empty()) return {};
    if (line.front() == ' ' || line.front() == '\t') return bad("folded header line");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return bad("header line without a colon");
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim_ows(line.substr(colon + 1));
    if (!is_token(name)) return bad("ill-formed header name");
    if (!is_field_value(value)) return bad("control character in a header value");
    list_bytes += name.size() + value.size() + 32;
    if (out.size() == limits.header_count_max || list_bytes > limits.header_bytes_max) {
      return {431, "too many or too large header fields"};
    }
    out.add(name, value);
  }
}

// RFC 9112 section 6.3, with every ambiguity refused.
template <typename Head>
HeadFault parse_framing(Head& out, bool& has_length) {
  std::optional<std::string_view> length;
  std::optional<std::string_view> coding;
  for (const Headers::Field field : out.headers) {
    if (ascii_iequals(field.name, "content-length")) {
      if (length) return bad("more than one Content-Length");
      length = field.value;
    } else if (ascii_iequals(field.name, "transfer-encoding")) {
      if (coding) return bad("more than one Transfer-Encoding");
      coding = field.value;
    } else if (ascii_iequals(field.name, "connection")) {
      for (const std::string_view part : base::split(field.value, ',')) {
        const std::string_view option = trim_ows(part);
        if (ascii_iequals(option, "close")) out.keep_alive = false;
        if (ascii_iequals(option, "keep-alive") && out.minor_version == 0) out.keep_alive = true;
      }
    }
  }
  has_length = length.has_value();
  if (coding) {
    if (length) return bad("Content-Length beside Transfer-Encoding");
    if (out.minor_version == 0) return bad("Transfer-Encoding in HTTP/1.0");
    if (!ascii_iequals(*coding, "chunked")) return {501, "transfer coding other than chunked"};
    out.framing = Framing::kChunked;
  } else if (length) {
    const std::optional<std::uint64_t> number = base::parse_u64(*length);
    if (!number || *number > INT64_MAX) return bad("ill-formed Content-Length");
    out.content_length = *number;
    out.framing = *number == 0 ? Framing::kNone : Framing::kLength;
  }
  return {};
}

// "HTTP/1.x"; anything else is another protocol's.
HeadFault parse_version(std::string_view text, int& minor) {
  if (text.size() != 8 || !text.starts_with("HTTP/") || text[6] != '.') {
    return bad("ill-formed HTTP version");
  }
  if (text[5] != '1' || text[7] < '0' || text[7] > '9') return {505, "only HTTP/1.x here"};
  minor = text[7] == '0' ? 0 : 1;
  return {};
}

HeadFault parse_target(std::string_view target, RequestHead& out) {
  if (!is_target(target)) return bad("ill-formed request target");
  if (target.starts_with('/') || (target == "*" && out.method == "OPTIONS")) {
    out.target = target;
    return {};
  }
  std::size_t skip = 0;
  if (target.size() > 7 && ascii_iequals(target.substr(0, 7), "http://")) skip = 7;
  if (target.size() > 8 && ascii_iequals(target.substr(0, 8), "https://")) skip = 8;
  if (skip == 0) return bad("request target is neither a path nor an absolute http URL");
  target.remove_prefix(skip);
  const std::size_t end = std::min(target.find_first_of("/?#"), target.size());
  out.authority = target.substr(0, end);
  if (out.authority.empty() || !is_authority(out.authority)) return bad("ill-formed authority");
  target.remove_prefix(end);
  if (!target.starts_with('/')) out.target = '/';
  out.target += target;
  return {};
}

}  // namespace

HeadScanner::Outcome HeadScanner::scan(std::string_view buffer, const HeadLimits& limits) {
  // Request line: method and version beside the target. Past it the bytes of all fields with ": "
  // and line ends, which the bound on names and values (+ 32 each) already exceeds.
  const std::size_t line_max = limits.target_bytes_max + 64;
  const std::size_t head_max = line_max + limits.header_bytes_max;
  for (;;) {
    const std::size_t lf = buffer.find('\n', seen_);
    if (lf == std::string_view::npos) break;
    if (lf == 0 || buffer[lf - 1] != '\r') return {0, {400, "line end without a carriage return"}};
    if (lines_ == 0 && lf > line_max) return {0, {414, "request line too long"}};
    if (lf > head_max) return {0, {431, "header too large"}};
    const bool blank = lf == line_start_ + 1;
    seen_ = lf + 1;
    line_start_ = seen_;
    if (blank && lines_ > 0) return {seen_, {}};
    if (blank) return {0, {400, "blank line in place of a request"}};
    ++lines_;
  }
  seen_ = buffer.size();
  if (lines_ == 0 && seen_ > line_max) return {0, {414, "request line too long"}};
  if (seen_ > head_max) return {0, {431, "header too large"}};
  return {};
}

HeadFault parse_request_head(std::string_view head, const HeadLimits& limits, RequestHead& out) {
  out.method.clear();
  out.target.clear();
  out.authority.clear();
  out.headers.clear();
  out.framing = Framing::kNone;
  out.content_length = 0;
  out.expects_continue = false;

  const std::string_view line = take_line(head);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad("ill-formed request line");
  out.method = line.substr(0, first);
  if (!is_token(out.method) || out.method.size() > 32) return bad("ill-formed method");
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (target.size() > limits.target_bytes_max) return {414, "request target too long"};
  if (const HeadFault fault = parse_version(line.substr(last + 1), out.minor_version)) return fault;
  if (const HeadFault fault = parse_target(target, out)) return fault;
  out.keep_alive = out.minor_version >= 1;
  if (const HeadFault fault = parse_fields(head, limits, out.headers)) return fault;

  bool has_length = false;
  if (const HeadFault fault = parse_framing(out, has_length)) return fault;
  bool has_host = false;
  for (const Headers::Field field : out.headers) {
    if (ascii_iequals(field.name, "host")) {
      if (has_host) return bad("more than one Host");
      has_host = true;
      if (!is_authority(field.value)) return bad("ill-formed Host");
      if (out.authority.empty()) out.authority = field.value;
    } else if (ascii_iequals(field.name, "expect")) {
      if (!ascii_iequals(field.value, "100-continue")) return {417, "unknown expectation"};
      out.expects_continue = out.minor_version >= 1;
    }
  }
  if (!has_host && out.minor_version >= 1) return bad("no Host");
  return {};
}

HeadFault parse_response_head(std::string_view head, const HeadLimits& limits, bool to_head,
                              ResponseHead& out) {
  out = {};
  const std::string_view line = take_line(head);
  if (line.size() < 12 || line[8] != ' ') return bad("ill-formed status line");
  if (const HeadFault fault = parse_version(line.substr(0, 8), out.minor_version)) return fault;
  const std::optional<std::uint64_t> status = base::parse_u64(line.substr(9, 3));
  if (!status || *status < 100 || *status > 999 || (line.size() > 12 && line[12] != ' ')) {
    return bad("ill-formed status line");
  }
  out.status = static_cast<int>(*status);
  out.keep_alive = out.minor_version >= 1;
  if (const HeadFault fault = parse_fields(head, limits, out.headers)) return fault;
  bool has_length = false;
  if (const HeadFault fault = parse_framing(out, has_length)) return fault;
  if (out.framing == Framing::kNone && !has_length) {
    out.framing = Framing::kUntilClose;
    out.keep_alive = false;
  }
  if (to_head || out.status < 200 || out.status == 204 || out.status == 304) {
    if (out.framing == Framing::kUntilClose) out.keep_alive = out.minor_version >= 1;
    out.framing = Framing::kNone;
  }
  return {};
}

}  // namespace seine::net::detail
