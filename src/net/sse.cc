#include "net/sse.h"

#include <utility>

#include "base/text.h"

namespace seine::net {
namespace {

// Takes the first line off `text`: up to \r\n, \n or \r.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end);
  if (text.starts_with("\r\n")) {
    text.remove_prefix(2);
  } else if (!text.empty()) {
    text.remove_prefix(1);
  }
  return line;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (const char c : value) {
    if (c != '\r' && c != '\n' && c != '\0') out += c;
  }
  out += '\n';
}

void append_data_lines(std::string& out, std::string_view data) {
  for (;;) {
    const std::size_t before = data.size();
    const std::string_view line = take_line(data);
    out.append("data: ").append(line) += '\n';
    // A line end at the very end of the text starts one more, empty, line.
    if (data.empty()) {
      if (before > line.size()) out += "data: \n";
      return;
    }
  }
}

}  // namespace

void append_sse(std::string& out, const SseEvent& event) {
  if (!event.event.empty()) append_field(out, "event", event.event);
  if (!event.id.empty()) append_field(out, "id", event.id);
  if (event.retry) append_field(out, "retry", std::to_string(event.retry->count()));
  append_sse_data(out, event.data);
}

void append_sse_data(std::string& out, std::string_view data) {
  append_data_lines(out, data);
  out += '\n';
}

void append_sse_comment(std::string& out, std::string_view comment) {
  out += ": ";
  for (const char c : comment) out += c == '\r' || c == '\n' ? ' ' : c;
  out += "\n\n";
}

base::Result<void> SseParser::feed(std::string_view bytes) {
  // One byte order mark may lead the stream, and may be cut anywhere.
  while (at_start_ && !bytes.empty()) {
    constexpr std::string_view kMark = "\xEF\xBB\xBF";
    line_ += bytes.front();
    bytes.remove_prefix(1);
    if (kMark.starts_with(line_) && line_ != kMark) continue;
    at_start_ = false;
    const std::string head = std::exchange(line_, {});
    if (head == kMark) break;
    if (auto fed = feed(head); !fed) return fed;
  }
  while (!bytes.empty()) {
    if (std::exchange(skip_lf_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    const std::string_view part = bytes.substr(0, end);
    if (line_.size() + part.size() + data_.size() > event_bytes_max_) {
      return base::fail(base::Code::kResourceExhausted, "an event passes the limit of {} bytes",
                        event_bytes_max_);
    }
    if (end == std::string_view::npos) {
      line_ += part;
      break;
    }
    skip_lf_ = bytes[end] == '\r';
    if (line_.empty()) {
      line(part);
    } else {
      line_ += part;
      line(line_);
      line_.clear();
    }
    bytes.remove_prefix(end + 1);
  }
  return {};
}

void SseParser::line(std::string_view text) {
  if (text.empty()) {
    if (has_data_) {
      data_.pop_back();  // the line end that the last data field added
      ready_.push_back({std::exchange(event_, {}), std::exchange(data_, {}), last_id_,
                        std::exchange(retry_, {})});
    }
    event_.clear();
    data_.clear();
    retry_.reset();
    has_data_ = false;
    return;
  }
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
  }
  if (name == "data") {
    data_.append(value) += '\n';
    has_data_ = true;
  } else if (name == "event") {
    event_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) last_id_ = value;
  } else if (name == "retry") {
    if (const auto number = base::parse_i64(value);
        number && *number >= 0 && *number <= 86'400'000) {
      retry_ = std::chrono::milliseconds(*number);
    }
  }
}

std::optional<SseEvent> SseParser::next() {
  if (ready_.empty()) return std::nullopt;
  SseEvent event = std::move(ready_.front());
  ready_.pop_front();
  return event;
}

}  // namespace seine::net
