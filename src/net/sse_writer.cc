#include "net/response.h"
#include "net/sse.h"

namespace seine::net {

asio::awaitable<base::Result<void>> SseWriter::start() {
  // x-accel-buffering: nginx would hold pieces back otherwise.
  return response_.start(200, Headers{{"content-type", "text/event-stream; charset=utf-8"},
                                      {"cache-control", "no-cache, no-transform"},
                                      {"x-accel-buffering", "no"}});
}

asio::awaitable<base::Result<void>> SseWriter::event(SseEvent event) {
  scratch_.clear();
  append_sse(scratch_, event);
  return response_.write(scratch_);
}

asio::awaitable<base::Result<void>> SseWriter::data(std::string_view data) {
  scratch_.clear();
  append_sse_data(scratch_, data);
  return response_.write(scratch_);
}

asio::awaitable<base::Result<void>> SseWriter::keep_alive() {
  return response_.write(": keep-alive\n\n");
}

asio::awaitable<base::Result<void>> SseWriter::done() {
  SEINE_CO_CHECK(co_await response_.write(kSseDone));
  co_return co_await response_.finish({});
}

}  // namespace seine::net
