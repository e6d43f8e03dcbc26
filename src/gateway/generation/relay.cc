#include "gateway/generation/relay.h"

#include "gateway/api_error.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway {
namespace {

namespace asio = boost::asio;

using base::Result;

// What is written at once when many pieces wait: a few packets.
constexpr std::size_t kWriteBytes = 16 * 1024;

void append_piece(std::string& out, const Generation& generation, StreamForm& form,
                  const Piece& piece) {
  if (const WebExtras* extras = generation.extras()) form.extras(out, *extras);
  form.piece(out, piece.answer, piece.delta);
}

}  // namespace

net::Headers StreamForm::head() const {
  // x-accel-buffering: nginx would hold pieces back otherwise.
  return {{"content-type", "text/event-stream; charset=utf-8"},
          {"cache-control", "no-cache, no-transform"},
          {"x-accel-buffering", "no"}};
}

asio::awaitable<void> StreamForm::settle() {
  co_return;
}

asio::awaitable<void> relay(net::Request& request, net::Response& response, Generation& generation,
                            StreamForm& form) {
  Result<std::optional<Piece>> piece = co_await generation.next(kFirstWait);
  if (!piece) {
    if (!request.cancelled()) send_api_error(request, response, piece.error());
    co_return;
  }
  if (!co_await response.start(200, form.head())) co_return;
  std::string out;
  form.begin(out);
  for (;;) {
    if (piece && *piece) {
      append_piece(out, generation, form, **piece);
      while (out.size() < kWriteBytes && !generation.ended()) {
        piece = generation.try_next();
        if (!piece || !*piece) break;
        append_piece(out, generation, form, **piece);
      }
    } else if (piece) {
      form.keep_alive(out);
    }
    if (!piece) {
      form.failure(out, piece.error());
    } else if (generation.ended()) {
      form.end(out);
      co_await form.settle();
    }
    // A write that fails has lost its reader: leaving cancels the answer.
    if (!out.empty() && !co_await response.write(out)) co_return;
    if (!piece || generation.ended()) break;
    out.clear();
    piece = co_await generation.next(kKeepAlive);
    if (!piece && request.cancelled()) co_return;
  }
  (void)co_await response.finish(form.trailers());
}

asio::awaitable<Result<std::vector<Gathered>>> gather(Generation& generation) {
  std::vector<Gathered> answers(generation.answers());
  while (!generation.ended()) {
    const std::optional<Piece> piece = SEINE_CO_TRY(co_await generation.next(kKeepAlive));
    if (piece) answers[piece->answer].add(piece->delta);
  }
  co_return answers;
}

}  // namespace seine::gateway
