#include "web/fetch/fetcher.h"

#include <algorithm>

#include "base/text.h"
#include "web/fetch/refresh.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

// RFC 9110 section 15.4: 303 always, 301 and 302 for POST by custom, become GET.
void rewrite_method(HopRequest& request, int status) {
  const bool post = request.method == "POST";
  if ((status == 303 && request.method != "HEAD") || ((status == 301 || status == 302) && post)) {
    request.method = "GET";
    request.body.clear();
    request.headers.remove("content-type");
  }
}

}  // namespace

std::string default_user_agent(std::string_view version, std::string_view contact) {
  std::string agent = fmt::format("Mozilla/5.0 (compatible; {}/{}", kAgentToken, version);
  if (!contact.empty()) agent += fmt::format("; +{}", contact);
  return agent + ")";
}

asio::awaitable<base::Result<void>> Fetcher::may_fetch(Url url,
                                                       std::shared_ptr<const GuardPolicy> policy,
                                                       RobotsPolicy robots, bool offline,
                                                       std::chrono::milliseconds timeout) {
  const Refusal refusal = judge_url(url, policy ? *policy : GuardPolicy{});
  if (refusal != Refusal::kNone) {
    base::Error error = refusal_error(refusal, url).error();
    error.field = verdict_name(Verdict::kRefused);
    co_return std::unexpected(std::move(error));
  }
  if (robots == RobotsPolicy::kIgnore || offline || url.path() == "/robots.txt")
    co_return base::Result<void>();
  const std::shared_ptr<const Robots> rules =
      SEINE_CO_TRY(co_await robots_.rules(url, policy, timeout));
  const std::string path = std::string(url.path()) + url.search();
  if (!rules->allows(kAgentToken, path))
    co_return fail_verdict(Verdict::kRobots, "the robots.txt of {} asks not to read {}",
                           url.hostname(), path.substr(0, 200));
  co_return base::Result<void>();
}

asio::awaitable<base::Result<FetchResponse>> Fetcher::fetch(FetchRequest wanted) {
  auto parsed = Url::parse(wanted.url);
  if (!parsed) co_return fail_verdict(Verdict::kBadUrl, "{}", parsed.error().message);
  HopRequest request{.method = std::move(wanted.method),
                     .url = *std::move(parsed),
                     .headers = std::move(wanted.headers),
                     .body = std::move(wanted.body),
                     .policy = std::move(wanted.policy),
                     .limits = wanted.limits,
                     .cache = std::move(wanted.cache),
                     .rate_limit = wanted.rate_limit};
  FetchResponse out{.url = std::move(wanted.url), .final_url = request.url, .hop = {}};
  const base::TimePoint latest = clock_.now() + wanted.limits.total_timeout;
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(latest - clock_.now());
    if (left.count() <= 0)
      co_return fail_verdict(Verdict::kTimeout, "{} did not answer in time",
                             request.url.hostname());
    SEINE_CO_CHECK(co_await may_fetch(request.url, request.policy, wanted.robots,
                                      request.cache.offline, left));
    left = std::chrono::duration_cast<std::chrono::milliseconds>(latest - clock_.now());
    request.limits.total_timeout = std::max(left, std::chrono::milliseconds(1));
    base::Result<HopResponse> hop = co_await transport_.send(request);
    if (!hop) co_return std::unexpected(std::move(hop).error());
    std::optional<std::string> location;
    if (is_redirect(hop->status)) {
      if (const auto field = hop->headers.get("location")) location = *field;
    } else if (request.method == "GET" && hop->status / 100 == 2) {
      location = refresh_target(*hop, request.url);
    }
    if (!location) {
      out.final_url = request.url;
      out.hop = *std::move(hop);
      co_return out;
    }
    if (out.redirects.size() >= wanted.redirects_max)
      co_return fail_verdict(Verdict::kRedirects, "{} leads on more than {} times", out.url,
                             wanted.redirects_max);
    auto next = Url::parse(*location, &request.url);
    if (!next || !next->is_http())
      co_return fail_verdict(Verdict::kRedirects, "{} leads to what is no web address",
                             request.url.href(false));
    if (next->fragment().empty() && !request.url.fragment().empty())
      next->set_hash(request.url.fragment());
    out.downgraded =
        out.downgraded || (request.url.scheme() == "https" && next->scheme() == "http");
    out.redirects.push_back({hop->status, request.url.href(), next->href()});
    if (next->origin() != request.url.origin()) {
      request.headers.remove("authorization");
      request.headers.remove("cookie");
      request.headers.remove("proxy-authorization");
    }
    rewrite_method(request, hop->status);
    request.url = *std::move(next);
    request.url.clear_credentials();
  }
}

}  // namespace seine::web
