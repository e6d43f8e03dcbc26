#include "remote/remote_generator.h"

#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "net/sse.h"
#include "remote/chat_form.h"

namespace seine::remote {
namespace {

namespace asio = boost::asio;

using base::Code;
using base::Result;

constexpr std::uint64_t kRefusalBytesMax = 64 << 10;

// A model that thinks, or a queue at the service, may be silent for long; the request's deadline
// bounds the whole.
constexpr net::ClientLimits limits() {
  net::ClientLimits limits;
  limits.first_byte_timeout = std::chrono::milliseconds(300'000);
  limits.idle_timeout = std::chrono::milliseconds(120'000);
  limits.total_timeout = std::chrono::milliseconds(3'600'000);
  return limits;
}

Result<> take_events(net::SseParser& parser, ChunkReader& chunks, llm::DeltaStream& stream,
                     bool& done) {
  while (const auto event = parser.next()) {
    if (base::trim(event->data) == "[DONE]") {
      done = true;
      return {};
    }
    if (event->data.empty()) continue;
    for (llm::Delta& delta : SEINE_TRY(chunks.feed(event->data))) stream.push(std::move(delta));
  }
  return {};
}

asio::awaitable<Result<llm::Finish>> answer(net::Client& client, net::ClientRequest request,
                                            llm::DeltaStream& stream) {
  net::ClientResponse response = SEINE_CO_TRY(co_await client.send(std::move(request)));
  if (response.status() != 200) {
    const Result<std::string> body = co_await response.read_all(kRefusalBytesMax);
    co_return std::unexpected(refusal(response.status(), body.value_or("")));
  }
  net::SseParser parser;
  ChunkReader chunks;
  for (bool done = false; !done;) {
    const std::string_view bytes = SEINE_CO_TRY(co_await response.read_some());
    if (bytes.empty()) break;
    SEINE_CO_CHECK(parser.feed(bytes));
    SEINE_CO_CHECK(take_events(parser, chunks, stream, done));
  }
  co_return chunks.finish();
}

}  // namespace

Result<net::Url> chat_address(std::string_view base_url) {
  while (base_url.ends_with('/')) base_url.remove_suffix(1);
  std::string text(base_url);
  if (!text.ends_with("/chat/completions")) text += "/chat/completions";
  net::Url url = SEINE_TRY(net::parse_url(text));
  if (url.scheme != "http" && url.scheme != "https") {
    return base::fail(Code::kInvalidArgument, "'{}' is no http or https address", base_url);
  }
  return url;
}

// What runs now. A call takes itself out at its end, on its own thread.
struct RemoteGenerator::Streams {
  struct Stream {
    std::shared_ptr<llm::DeltaStream> deltas;
    std::stop_source stop;  // of the call
  };

  std::shared_ptr<Stream> add(std::shared_ptr<llm::DeltaStream> deltas) {
    auto stream = std::make_shared<Stream>(Stream{.deltas = std::move(deltas), .stop = {}});
    const std::lock_guard lock(mutex);
    if (running.size() >= kStreamsMax) return nullptr;
    running.emplace(stream.get(), stream);
    return stream;
  }
  void remove(const Stream* stream) {
    const std::lock_guard lock(mutex);
    running.erase(stream);
  }

  std::mutex mutex;
  std::unordered_map<const Stream*, std::shared_ptr<Stream>> running;
};

RemoteGenerator::RemoteGenerator(RemoteSettings settings, net::Client& client, Start start)
    : settings_(std::make_shared<const RemoteSettings>(std::move(settings))),
      client_(client),
      start_(std::move(start)),
      streams_(std::make_shared<Streams>()) {}

RemoteGenerator::~RemoteGenerator() {
  std::unordered_map<const Streams::Stream*, std::shared_ptr<Streams::Stream>> left;
  {
    const std::lock_guard lock(streams_->mutex);
    left = streams_->running;
  }
  for (const auto& [key, stream] : left) {
    stream->deltas->fail(
        {Code::kUnavailable, fmt::format("model '{}' was unloaded", settings_->info.id)});
    stream->stop.request_stop();
  }
}

Result<llm::StreamReader> RemoteGenerator::generate(llm::ChatRequest request,
                                                    base::Deadline deadline) {
  if (request.model != settings_->info.id) {
    return base::fail_field(Code::kNotFound, "model", "no model named '{}'", request.model);
  }
  net::ClientRequest call{
      .method = "POST",
      .url = settings_->url,
      .headers = {{"content-type", "application/json"}, {"accept", "text/event-stream"}},
      .body = SEINE_TRY(request_body(request, settings_->name)),
      .limits = limits(),
      .deadline = deadline};
  if (!settings_->key.empty()) call.headers.add("authorization", "Bearer " + settings_->key);
  auto deltas = std::make_shared<llm::DeltaStream>();
  const auto stream = streams_->add(deltas);
  if (stream == nullptr) {
    return base::fail(Code::kResourceExhausted, "{} answers are running, the limit", kStreamsMax);
  }
  // Arguments instead of captures would be copied by the runner: the frame holds what it needs.
  start_(
      [streams = streams_, stream, settings = settings_, &client = client_,
       call = std::move(call)]() -> asio::awaitable<void> {
        return [](std::shared_ptr<Streams> all, std::shared_ptr<Streams::Stream> one,
                  std::shared_ptr<const RemoteSettings> to, net::Client& through,
                  net::ClientRequest what) -> asio::awaitable<void> {
          // A reader that leaves ends the call, as an unloaded model does.
          const std::stop_callback left(one->deltas->stop_token(),
                                        [source = one->stop]() mutable { source.request_stop(); });
          Result<llm::Finish> finish = co_await answer(through, std::move(what), *one->deltas);
          if (finish) {
            one->deltas->push(*std::move(finish));
          } else {
            one->deltas->fail(std::move(finish).error().within(to->url.authority()));
          }
          all->remove(one.get());
        }(streams, stream, settings, client, call);
      },
      stream->stop.get_token());
  return llm::StreamReader(std::move(deltas));
}

}  // namespace seine::remote
