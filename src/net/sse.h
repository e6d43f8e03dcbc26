// Server-sent events (WHATWG HTML section 9.2): a writer's text form, a writer on a Response, and a
// sans-IO parser for streams that other services send us.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seine::net {

namespace asio = boost::asio;

class Response;

struct SseEvent {
  std::string event = {};  // empty: "message"
  std::string data = {};
  std::string id = {};
  std::optional<std::chrono::milliseconds> retry = {};

  bool operator==(const SseEvent&) const = default;
};

// Appends one event. Each line of `data` becomes a data field; line ends of any kind count. Line
// ends in `event` and `id` (and NUL in `id`) are dropped: they could forge fields.
void append_sse(std::string& out, const SseEvent& event);
// Appends "data: …" lines and the blank line: the fast path of token streams.
void append_sse_data(std::string& out, std::string_view data);
void append_sse_comment(std::string& out, std::string_view comment);
inline constexpr std::string_view kSseDone = "data: [DONE]\n\n";

// Events on a Response; one coroutine at a time. Errors are those of Response::write.
class SseWriter {
 public:
  explicit SseWriter(Response& response) : response_(response) {}

  // 200, text/event-stream, not cached, not buffered by proxies.
  asio::awaitable<base::Result<void>> start();
  asio::awaitable<base::Result<void>> event(SseEvent event);
  asio::awaitable<base::Result<void>> data(std::string_view data);
  // ": keep-alive", for silent spells.
  asio::awaitable<base::Result<void>> keep_alive();
  // "data: [DONE]", and the end of the body.
  asio::awaitable<base::Result<void>> done();

 private:
  Response& response_;
  std::string scratch_;
};

// feed(bytes), then take next() until nothing. Any cut of the input gives the same events.
class SseParser {
 public:
  explicit SseParser(std::size_t event_bytes_max = std::size_t{4} << 20)
      : event_bytes_max_(event_bytes_max) {}

  // kResourceExhausted when one event passes the bound; the parser is of no more use then.
  base::Result<void> feed(std::string_view bytes);
  // An event is complete at its blank line; `id` is the last one seen, as the standard has it.
  std::optional<SseEvent> next();

 private:
  void line(std::string_view text);

  std::size_t event_bytes_max_;
  std::string line_;  // an unfinished line
  std::string data_;
  std::string event_;
  std::string last_id_;
  std::optional<std::chrono::milliseconds> retry_;
  bool has_data_ = false;
  bool skip_lf_ = false;  // the last byte was \r
  bool at_start_ = true;  // a byte order mark may still come
  std::deque<SseEvent> ready_;
};

}  // namespace seine::net
