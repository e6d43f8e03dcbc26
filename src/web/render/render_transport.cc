#include "web/render/render_transport.h"

#include "web/verdict.h"

namespace seine::web {
namespace {

Verdict verdict_of_rendering(const base::Error& error) {
  if (const auto named = parse_verdict(error.field)) return *named;
  switch (error.code) {
    case base::Code::kFailedPrecondition:
      return Verdict::kEmptyShell;
    case base::Code::kUnavailable:
      return Verdict::kUnreachable;
    case base::Code::kResourceExhausted:
      return Verdict::kBusy;
    default:
      return verdict_of(error);
  }
}

}  // namespace

asio::awaitable<base::Result<HopResponse>> RenderTransport::send(HopRequest request) {
  auto shown =
      co_await renderer_.render({.url = std::move(request.url),
                                 .policy = request.policy ? *request.policy : GuardPolicy{},
                                 .timeout = request.limits.total_timeout});
  if (!shown) {
    co_return std::unexpected(
        verdict_error(verdict_of_rendering(shown.error()), shown.error().message));
  }
  HopResponse response;
  response.status = shown->status;
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  response.headers.add("Content-Location", shown->url);
  response.body = std::move(shown->html);
  response.wire_bytes = response.body.size();
  response.fetched_at = clock_.wall();
  co_return response;
}

}  // namespace seine::web
