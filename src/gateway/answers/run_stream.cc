#include "gateway/answers/run_stream.h"

#include <boost/asio/this_coro.hpp>
#include <string>

#include "answer/json.h"
#include "base/json.h"
#include "gateway/reader_language.h"
#include "net/channel.h"
#include "net/sse.h"

namespace seine::gateway {

namespace asio = boost::asio;

using base::Code;
using base::Result;

asio::awaitable<Result<std::optional<answer::Event>>> event_at(RunPointer run, std::size_t position,
                                                               base::Duration wait) {
  if (auto event = run->log().at(position)) co_return event;
  net::Channel<char> ready(co_await asio::this_coro::executor, 1);
  run->log().notify_once(position, [ready]() mutable { (void)ready.try_push('!'); });
  const auto woken = co_await ready.pop(wait);
  if (!woken && woken.error().code != Code::kDeadlineExceeded) {
    co_return std::unexpected(woken.error());
  }
  co_return run->log().at(position);
}

asio::awaitable<void> stream_run(RunPointer run, net::Response& response, std::size_t from,
                                 base::Language language) {
  net::SseWriter writer(response);
  if (!co_await writer.start()) co_return;
  for (std::size_t position = from;;) {
    const auto event = co_await event_at(run, position, kRunKeepAlive);
    if (!event) co_return;
    if (!*event) {
      if (!co_await writer.keep_alive()) co_return;
      continue;
    }
    const std::string id = std::to_string(position++);
    const answer::NamedEvent named = answer::to_event(**event);
    const auto* done = std::get_if<answer::DoneEvent>(&**event);
    if (done != nullptr && done->answer.error) {
      const std::string failure = base::to_text({{"error", answer::to_json(*done->answer.error)}});
      if (!co_await writer.event({.event = "error", .data = spoken(failure, language)})) co_return;
    }
    if (!co_await writer.event(
            {.event = std::string(named.name), .data = spoken(named.data, language), .id = id}))
      co_return;
    if (done != nullptr) break;
  }
  (void)co_await response.finish();
}

}  // namespace seine::gateway
