#include "web/search/search_engine.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <cmath>
#include <deque>

#include "base/json.h"
#include "base/text.h"
#include "net/on_pool.h"
#include "web/detail/at_home.h"
#include "web/detail/task_group.h"
#include "web/search/merge.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

constexpr std::size_t kTextBytesMax = 2'000;
constexpr std::size_t kLimitMax = 50;
constexpr std::size_t kTimesKept = 32;  // of which the median is shown
constexpr std::string_view kCounts = "web.search";
constexpr double kMicroDollar = 1e-6;

std::string count_key(std::chrono::sys_days day, std::string_view id, std::string_view what) {
  return fmt::format("{} {} {}", day_text(day), id, what);
}

std::int64_t micro_dollars(double usd) {
  return std::llround(usd / kMicroDollar);
}

std::optional<std::chrono::sys_days> first_day(TimeRange range, std::chrono::sys_days today) {
  switch (range) {
    case TimeRange::kAny:
      return std::nullopt;
    case TimeRange::kDay:
      return today - std::chrono::days(1);
    case TimeRange::kWeek:
      return today - std::chrono::days(7);
    case TimeRange::kMonth:
      return today - std::chrono::days(31);
    case TimeRange::kYear:
      return today - std::chrono::days(366);
  }
  return std::nullopt;
}

// How long a provider rests after a failure, doubled for each further one in a row up to an hour.
std::chrono::seconds rest_of(SearchFailure failure, std::uint32_t in_row) {
  std::chrono::seconds first{5};
  switch (failure) {
    case SearchFailure::kBadKey:
    case SearchFailure::kQuota:
      first = std::chrono::seconds(600);
      break;
    case SearchFailure::kBlocked:
      first = std::chrono::seconds(300);
      break;
    case SearchFailure::kRate:
      first = std::chrono::seconds(10);
      break;
    default:
      break;
  }
  return std::min(first * (1 << std::min(in_row, 10u)), std::chrono::seconds(3'600));
}

bool rests_after(SearchFailure failure, std::uint32_t in_row) {
  switch (failure) {
    case SearchFailure::kNone:
    case SearchFailure::kRequest:
    case SearchFailure::kBudget:
    case SearchFailure::kResting:
      return false;
    case SearchFailure::kDown:
    case SearchFailure::kTimeout:
    case SearchFailure::kMalformed:
      return in_row >= 2;  // once may be chance
    default:
      return true;
  }
}

// What a page says of its date may end at the year; one without a date, or with one in words, may
// be new.
bool is_older(std::string_view published, const std::optional<std::chrono::sys_days>& since) {
  if (!since || published.size() < 4 ||
      !std::ranges::all_of(published.substr(0, 4), [](char c) { return c >= '0' && c <= '9'; }))
    return false;
  return published < day_text(*since).substr(0, published.size());
}

}  // namespace

std::string_view search_failure_name(SearchFailure failure) {
  switch (failure) {
    case SearchFailure::kNone:
      return "none";
    case SearchFailure::kBadKey:
      return "bad_key";
    case SearchFailure::kQuota:
      return "quota";
    case SearchFailure::kRate:
      return "rate";
    case SearchFailure::kBlocked:
      return "blocked";
    case SearchFailure::kDown:
      return "down";
    case SearchFailure::kTimeout:
      return "timeout";
    case SearchFailure::kMalformed:
      return "malformed";
    case SearchFailure::kRequest:
      return "request";
    case SearchFailure::kBudget:
      return "budget";
    case SearchFailure::kResting:
      return "resting";
  }
  return "none";
}

base::Json to_json(const SearchHit& hit) {
  return {{"title", hit.title},         {"url", hit.url},
          {"snippet", hit.snippet},     {"published", hit.published},
          {"site", hit.site},           {"provider", hit.provider},
          {"providers", hit.providers}, {"rank", hit.rank},
          {"score", hit.score},         {"has_content", !hit.content.empty()}};
}

base::Json to_json(const ProviderOutcome& outcome) {
  return {{"id", outcome.id},
          {"state", outcome.state},
          {"failure", search_failure_name(outcome.failure)},
          {"detail", outcome.detail},
          {"hits", outcome.hits},
          {"elapsed_ms", outcome.elapsed.count()},
          {"cost_usd", outcome.cost_usd}};
}

struct SearchEngine::Provider {
  ProviderSettings settings;
  const ProviderCodec* codec = nullptr;  // nullptr: the own index
  std::shared_ptr<const GuardPolicy> policy = {};
  base::TimePoint rest_until{};
  std::optional<base::TimePoint> asked = {};
  std::uint32_t failures = 0;
  std::chrono::sys_days day{};
  std::uint64_t calls = 0;
  double cost_usd = 0;
  SearchFailure last = SearchFailure::kNone;
  std::deque<std::chrono::milliseconds> answered = {};  // how long the last answers took
};

SearchEngine::SearchEngine(Ports ports, SearchSettings settings)
    : ports_(std::move(ports)), settings_(std::move(settings)) {
  if (ports_.index != nullptr && !settings_.collections.empty()) {
    auto own = std::make_unique<Provider>();
    own->settings.id = kIndexId;
    providers_.push_back(std::move(own));
  }
  for (const ProviderSettings& given : settings_.providers) {
    auto provider = std::make_unique<Provider>();
    provider->settings = given;
    provider->codec = find_provider(given.id);
    if (provider->codec == nullptr) continue;
    auto policy = std::make_shared<GuardPolicy>();
    // Its address is the operator's word: a SearXNG may well live on loopback.
    if (const auto place = parse_endpoint(given.base_url)) policy->endpoints.push_back(*place);
    provider->policy = std::move(policy);
    recall(*provider);
    providers_.push_back(std::move(provider));
  }
  publish();
}

void SearchEngine::recall(Provider& provider) const {
  provider.day = std::chrono::floor<std::chrono::days>(ports_.clock.wall());
  if (ports_.counts == nullptr) return;
  const auto kept = [&](std::string_view what) -> std::int64_t {
    const auto entry =
        ports_.counts->get(kCounts, count_key(provider.day, provider.settings.id, what));
    return entry && *entry ? base::parse_i64((*entry)->value).value_or(0) : 0;
  };
  provider.calls = static_cast<std::uint64_t>(std::max<std::int64_t>(kept("calls"), 0));
  provider.cost_usd = static_cast<double>(kept("cost")) * kMicroDollar;
}

SearchEngine::~SearchEngine() = default;

asio::awaitable<base::Result<SearchResponse>> SearchEngine::search(SearchRequest request) {
  return detail::at_home(ports_.home, search_here(std::move(request)));
}

std::vector<SearchEngine::Health> SearchEngine::health() const {
  const base::TimePoint now = ports_.clock.now();
  std::vector<Health> out;
  const std::lock_guard guard(published_mutex_);
  for (const Published& provider : published_) {
    out.push_back(provider.health);
    // A rest ends by itself.
    const bool failed = out.back().state == State::kDown || out.back().state == State::kQuota;
    if (failed && now >= provider.rest_until) out.back().state = State::kReady;
  }
  return out;
}

void SearchEngine::publish() {
  std::vector<Published> fresh;
  const base::TimePoint now = ports_.clock.now();
  for (const auto& provider : providers_) {
    const ProviderSettings& settings = provider->settings;
    Published entry{.health = {.id = settings.id,
                               .calls_today = provider->calls,
                               .cost_usd = settings.cost_usd,
                               .cost_today_usd = provider->cost_usd},
                    .rest_until = provider->rest_until};
    const bool spent = settings.calls_per_day != 0 && provider->calls >= settings.calls_per_day;
    if (provider->codec != nullptr && provider->codec->needs_key() && settings.key.empty()) {
      entry.health.state = State::kNoKey;
    } else if (spent) {
      entry.health.state = State::kQuota;
      const auto today = std::chrono::floor<std::chrono::days>(ports_.clock.wall());
      entry.rest_until = now + (today + std::chrono::days(1) - ports_.clock.wall());
    } else if (now < provider->rest_until) {
      entry.health.state = provider->last == SearchFailure::kQuota ? State::kQuota : State::kDown;
    }
    if (!provider->answered.empty()) {
      std::vector<std::chrono::milliseconds> times(provider->answered.begin(),
                                                   provider->answered.end());
      const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
      std::ranges::nth_element(times, middle);
      entry.health.median = *middle;
    }
    fresh.push_back(std::move(entry));
  }
  const std::lock_guard guard(published_mutex_);
  published_ = std::move(fresh);
}

std::optional<ProviderAnswer> SearchEngine::may_not(Provider& provider) {
  if (provider.codec == nullptr) return std::nullopt;
  const auto day = std::chrono::floor<std::chrono::days>(ports_.clock.wall());
  if (provider.day != day) {
    provider.day = day;
    provider.calls = 0;
    provider.cost_usd = 0;
  }
  const base::TimePoint now = ports_.clock.now();
  if (now < provider.rest_until)
    return failed(SearchFailure::kResting, "it failed lately and rests");
  const std::chrono::seconds spacing = provider.codec->spacing();
  if (provider.asked && now < *provider.asked + spacing)
    return failed(SearchFailure::kResting,
                  fmt::format("it is asked once in {} s at most", spacing.count()));
  if (provider.codec->needs_key() && provider.settings.key.empty())
    return failed(SearchFailure::kBadKey, "it has no key");
  provider.asked = now;
  return spent(provider, 1, provider.settings.cost_usd);
}

std::optional<ProviderAnswer> SearchEngine::spent(const Provider& provider,
                                                  std::uint64_t calls_more,
                                                  double cost_more) const {
  const ProviderSettings& settings = provider.settings;
  if (settings.calls_per_day != 0 && provider.calls + calls_more > settings.calls_per_day)
    return failed(SearchFailure::kBudget,
                  fmt::format("{} calls a day are spent", settings.calls_per_day));
  if (settings_.budget_usd_per_day > 0 && settings.cost_usd > 0) {
    double cost = cost_more;
    for (const auto& other : providers_) cost += other->cost_usd;
    if (cost > settings_.budget_usd_per_day + kMicroDollar / 2)
      return failed(SearchFailure::kBudget,
                    fmt::format("the {} USD of a day are spent", settings_.budget_usd_per_day));
  }
  return std::nullopt;
}

asio::awaitable<void> SearchEngine::count(Provider& provider, std::uint64_t calls,
                                          double cost_usd) {
  provider.calls += calls;
  provider.cost_usd += cost_usd;
  const bool bounded = provider.settings.calls_per_day != 0 || settings_.budget_usd_per_day > 0;
  if (ports_.counts == nullptr || !bounded) co_return;
  using Sums = std::pair<std::int64_t, std::int64_t>;
  const auto sums = co_await net::on_pool<Sums>(
      ports_.pool,
      [&counts = *ports_.counts, calls, micro = micro_dollars(cost_usd),
       calls_key = count_key(provider.day, provider.settings.id, "calls"),
       cost_key = count_key(provider.day, provider.settings.id, "cost")]() -> base::Result<Sums> {
        constexpr std::chrono::hours kKept{48};
        const auto more = static_cast<std::int64_t>(calls);
        return Sums{SEINE_TRY(counts.increment(kCounts, calls_key, more, kKept)),
                    SEINE_TRY(counts.increment(kCounts, cost_key, micro, kKept))};
      });
  if (!sums) co_return;  // counted here at least
  provider.calls = static_cast<std::uint64_t>(std::max<std::int64_t>(sums->first, 0));
  provider.cost_usd = static_cast<double>(sums->second) * kMicroDollar;
}

std::chrono::sys_days SearchEngine::today() const {
  return settings_.today.value_or(std::chrono::floor<std::chrono::days>(ports_.clock.wall()));
}

void SearchEngine::learn(Provider& provider, const ProviderAnswer& answer,
                         std::chrono::milliseconds elapsed) {
  if (answer.failure == SearchFailure::kRequest) return;
  if (answer.failure == SearchFailure::kNone) {
    provider.answered.push_back(elapsed);
    if (provider.answered.size() > kTimesKept) provider.answered.pop_front();
  }
  // The own index never rests.
  if (provider.codec != nullptr) {
    provider.last = answer.failure;
    provider.failures = answer.failure == SearchFailure::kNone ? 0 : provider.failures + 1;
    if (provider.failures > 0 && rests_after(answer.failure, provider.failures))
      provider.rest_until = ports_.clock.now() + rest_of(answer.failure, provider.failures - 1);
  }
  publish();
}

asio::awaitable<ProviderAnswer> SearchEngine::ask_index(SearchRequest request) {
  PageIndex& index = *ports_.index;
  auto found = co_await net::on_pool<std::vector<PassageHit>>(
      ports_.pool,
      [&index, request,
       collections = settings_.collections]() -> base::Result<std::vector<PassageHit>> {
        std::vector<PassageHit> all;
        for (const std::string& collection : collections) {
          auto hits =
              SEINE_TRY(index.search(collection, request.text, request.limit * 3, request.sites));
          std::ranges::move(hits, std::back_inserter(all));
        }
        return all;
      });
  if (!found) co_return failed(SearchFailure::kDown, found.error().message);
  std::ranges::sort(*found, [](const PassageHit& a, const PassageHit& b) {
    return a.score != b.score ? a.score > b.score : a.url < b.url;
  });
  ProviderAnswer answer;
  for (PassageHit& hit : *found) {
    if (is_older(hit.published, request.since)) continue;
    const bool known = std::ranges::any_of(
        answer.hits, [&hit](const SearchHit& other) { return other.url == hit.url; });
    if (known) continue;  // its best passage stands for a page
    add_hit(answer, kIndexId,
            {.title = hit.title,
             .url = hit.url,
             .snippet = hit.text.substr(0, 600),
             .content = {},
             .published = hit.published,
             .site = {},
             .provider = {}});
    if (answer.hits.size() == request.limit) break;
  }
  co_return answer;
}

asio::awaitable<SearchEngine::Attempt> SearchEngine::ask(std::size_t index, SearchRequest request) {
  Provider& provider = *providers_[index];
  const base::TimePoint start = ports_.clock.now();
  Attempt attempt{.provider = index, .answer = {}};
  const auto done = [&] {
    attempt.elapsed =
        std::chrono::duration_cast<std::chrono::milliseconds>(ports_.clock.now() - start);
    learn(provider, attempt.answer, attempt.elapsed);
  };
  if (provider.codec == nullptr) {
    attempt.answer = co_await ask_index(std::move(request));
    done();
    co_return attempt;
  }
  if (auto refusal = may_not(provider)) {
    attempt.answer = *std::move(refusal);
    co_return attempt;
  }
  auto call = provider.codec->call(request, provider.settings);
  if (!call) {
    attempt.answer =
        failed(SearchFailure::kRequest, "this question is not for it: " + call.error().message);
    co_return attempt;
  }
  auto url = Url::parse(call->url);
  if (!url || judge_url(*url, *provider.policy) != Refusal::kNone) {
    attempt.answer = failed(SearchFailure::kDown, "its address may not be reached");
    co_return attempt;
  }
  HopRequest hop{.method = call->method,
                 .url = *std::move(url),
                 .headers = std::move(call->headers),
                 .body = std::move(call->body),
                 .policy = provider.policy};
  hop.limits.total_timeout = request.timeout;
  hop.cache.store = false;
  co_await count(provider, 1, provider.settings.cost_usd);
  // Another process may have spent the rest of the day.
  if (auto refusal = spent(provider, 0, 0)) {
    attempt.answer = *std::move(refusal);
    co_return attempt;
  }
  base::Result<HopResponse> response = co_await ports_.transport.send(std::move(hop));
  if (!response) {
    const Verdict verdict = verdict_of(response.error());
    attempt.answer =
        failed(verdict == Verdict::kTimeout ? SearchFailure::kTimeout : SearchFailure::kDown,
               fmt::format("it cannot be reached ({})", verdict_name(verdict)));
  } else {
    attempt.answer = provider.codec->parse(response->status, response->body);
    std::erase_if(attempt.answer.hits, [&request](const SearchHit& hit) {
      return is_older(hit.published, request.since);
    });
    // One that takes no key cannot mean ours.
    if (attempt.answer.failure == SearchFailure::kBadKey && !provider.codec->needs_key())
      attempt.answer.failure = SearchFailure::kBlocked;
    if (attempt.answer.cost_usd)
      co_await count(provider, 0, *attempt.answer.cost_usd - provider.settings.cost_usd);
  }
  done();
  co_return attempt;
}

asio::awaitable<base::Result<SearchResponse>> SearchEngine::search_here(SearchRequest request) {
  if (base::trim(request.text).empty())
    co_return base::fail_field(base::Code::kInvalidArgument, "text", "the question is empty");
  if (request.text.size() > kTextBytesMax)
    co_return base::fail_field(base::Code::kInvalidArgument, "text",
                               "the question has {} bytes, the limit is {}", request.text.size(),
                               kTextBytesMax);
  request.limit = std::clamp<std::size_t>(request.limit, 1, kLimitMax);
  request.since = first_day(request.time_range, today());
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < providers_.size(); ++i) {
    const Provider& provider = *providers_[i];
    if (request.offline && provider.codec != nullptr) continue;
    if (!request.providers.empty() &&
        std::ranges::find(request.providers, provider.settings.id) == request.providers.end())
      continue;
    chosen.push_back(i);
  }
  for (const std::string& wanted : request.providers) {
    if (std::ranges::none_of(providers_,
                             [&](const auto& known) { return known->settings.id == wanted; }))
      co_return base::fail_field(base::Code::kInvalidArgument, "providers",
                                 "no provider '{}' is configured", wanted);
  }
  if (chosen.empty())
    co_return base::fail(base::Code::kFailedPrecondition, "no search provider is configured");

  const base::TimePoint start = ports_.clock.now();
  const base::TimePoint until = start + request.timeout;
  detail::TaskGroup<Attempt> race(co_await asio::this_coro::executor);
  for (const std::size_t i : chosen) race.start(ask(i, request));
  std::vector<std::optional<Attempt>> attempts(providers_.size());
  while (!race.empty()) {
    const base::TimePoint now = ports_.clock.now();
    if (now >= until) break;
    auto attempt = co_await race.next(until - now, ports_.clock);
    if (race.cancelled()) co_return base::fail(base::Code::kCancelled, "the search was cancelled");
    if (!attempt) continue;
    const std::size_t place = attempt->provider;
    attempts[place] = std::move(attempt);
  }
  SearchResponse out;
  std::vector<std::vector<SearchHit>> lists;
  std::string failures;
  bool any = false;
  // An own index without a hit says nothing of the web.
  const bool index_counts = chosen.size() == 1;
  for (const std::size_t i : chosen) {
    Provider& provider = *providers_[i];
    if (!attempts[i]) {
      attempts[i] = Attempt{.provider = i,
                            .answer = failed(SearchFailure::kTimeout, "no answer came in time"),
                            .elapsed = request.timeout};
      learn(provider, attempts[i]->answer, attempts[i]->elapsed);
    }
    ProviderAnswer& answer = attempts[i]->answer;
    const bool ok = answer.failure == SearchFailure::kNone;
    any = any || (ok && (provider.codec != nullptr || index_counts || !answer.hits.empty()));
    out.providers.push_back({.id = provider.settings.id,
                             .state = !ok ? "failed" : (answer.hits.empty() ? "empty" : "ok"),
                             .failure = answer.failure,
                             .detail = answer.detail,
                             .hits = answer.hits.size(),
                             .elapsed = attempts[i]->elapsed,
                             .cost_usd = answer.cost_usd.value_or(provider.settings.cost_usd)});
    if (!ok) {
      if (!failures.empty()) failures += "; ";
      failures += fmt::format("{} [{}]: {}", provider.settings.id,
                              search_failure_name(answer.failure), answer.detail);
    }
    lists.push_back(std::move(answer.hits));
  }
  if (!any)
    co_return base::fail(base::Code::kUnavailable, "no search provider answered: {}", failures);
  out.hits = merge_hits(lists, request.limit);
  co_return out;
}

}  // namespace seine::web
