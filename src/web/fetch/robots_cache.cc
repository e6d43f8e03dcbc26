#include "web/fetch/robots_cache.h"

#include <boost/asio/this_coro.hpp>

#include "web/verdict.h"

namespace seine::web {
namespace {

constexpr int kRedirectsMax = 5;

}  // namespace

void RobotsCache::make_room() {
  if (entries_.size() < kOriginsMax) return;
  const base::TimePoint now = clock_.now();
  std::erase_if(entries_, [now](const auto& entry) {
    return !entry.second->loading && entry.second->until <= now;
  });
  for (auto it = entries_.begin(); it != entries_.end() && entries_.size() >= kOriginsMax;)
    it = it->second->loading ? std::next(it) : entries_.erase(it);
}

asio::awaitable<RobotsCache::Rules> RobotsCache::rules(Url url,
                                                       std::shared_ptr<const GuardPolicy> policy,
                                                       std::chrono::milliseconds timeout) {
  const std::string origin = url.origin();
  const base::TimePoint latest = clock_.now() + timeout;
  std::shared_ptr<Entry> entry;
  for (;;) {
    auto& slot = entries_[origin];
    if (!slot) slot = std::make_shared<Entry>();
    entry = slot;
    const base::TimePoint now = clock_.now();
    if (entry->rules && now < entry->until) co_return *entry->rules;
    if (!entry->loading) break;
    net::Event ready(co_await asio::this_coro::executor);
    const auto place = entry->waiting.insert(entry->waiting.end(), &ready);
    const auto outcome =
        now < latest ? co_await ready.wait_for(latest - now) : net::Event::Outcome::kTimeout;
    entry->waiting.erase(place);
    if (outcome == net::Event::Outcome::kCancelled)
      co_return fail_verdict(Verdict::kCancelled, "reading {} was cancelled", url.hostname());
    if (outcome == net::Event::Outcome::kTimeout)
      co_return fail_verdict(Verdict::kTimeout, "robots.txt of {} did not come in time",
                             url.hostname());
  }
  entry->loading = true;
  // Also when this coroutine is cancelled: the next one who waits takes over.
  struct Release {
    std::shared_ptr<Entry> held;
    explicit Release(std::shared_ptr<Entry> given) : held(std::move(given)) {}
    ~Release() {
      held->loading = false;
      for (net::Event* waiter : held->waiting) waiter->set();
    }
    Release(const Release&) = delete;
    Release& operator=(const Release&) = delete;
  };
  const Release release(entry);
  Rules loaded = co_await load(url, policy, timeout);
  if (!loaded && verdict_of(loaded.error()) == Verdict::kCancelled) co_return loaded;
  entry->rules = loaded;
  entry->until = clock_.now() + (loaded ? base::Duration(kKeep) : base::Duration(kKeepFailure));
  make_room();
  co_return loaded;
}

asio::awaitable<RobotsCache::Rules> RobotsCache::load(Url url,
                                                      std::shared_ptr<const GuardPolicy> policy,
                                                      std::chrono::milliseconds timeout) {
  const std::string host(url.hostname());
  url.set_pathname("/robots.txt");
  url.set_search("");
  url.clear_fragment();
  for (int hop = 0; hop <= kRedirectsMax; ++hop) {
    if (judge_url(url, policy ? *policy : GuardPolicy{}) != Refusal::kNone)
      co_return std::make_shared<const Robots>(Robots::allow_all());  // 2.3.1.2: as if absent
    HopRequest request{.url = url, .policy = policy};
    request.headers.add("Accept", "text/plain, */*;q=0.5");
    request.limits.total_timeout = timeout;
    // Bytes past the parser's bound are not read; a larger file is rare and cut below.
    request.limits.body_bytes_max = std::uint64_t{4} << 20;
    request.limits.decoder.decoded_bytes_max = std::uint64_t{4} << 20;
    base::Result<HopResponse> answer = co_await transport_.send(std::move(request));
    if (!answer) {
      base::Error error = std::move(answer).error();
      error.message = "robots.txt of " + host + " cannot be read: " + error.message;
      co_return std::unexpected(std::move(error));
    }
    if (is_redirect(answer->status)) {
      const auto location = answer->headers.get("location");
      if (!location) co_return std::make_shared<const Robots>(Robots::allow_all());
      auto next = Url::parse(*location, &url);
      if (!next || !next->is_http()) co_return std::make_shared<const Robots>(Robots::allow_all());
      url = *std::move(next);
      continue;
    }
    // 429 is no "4xx means no rules": the site asks for less, not for more.
    const int status = answer->status == 429 ? 503 : answer->status;
    if (status >= 200 && status < 300)
      co_return std::make_shared<const Robots>(Robots::parse(answer->body));
    if (status >= 500)
      co_return fail_verdict(Verdict::kRobots,
                             "{} answers {} for its robots.txt, so nothing may be read", host,
                             answer->status);
    co_return std::make_shared<const Robots>(
        Robots::on_status(status).value_or(Robots::disallow_all()));
  }
  co_return std::make_shared<const Robots>(Robots::allow_all());  // 2.3.1.2
}

}  // namespace seine::web
