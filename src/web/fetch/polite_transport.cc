#include "web/fetch/polite_transport.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "net/runtime.h"
#include "web/fetch/http_date.h"
#include "web/url/site.h"
#include "web/verdict.h"

namespace seine::web {

// Holds one of a site's places; hands it on when it goes.
class PoliteTransport::Place {
 public:
  explicit Place(std::shared_ptr<Site> site) : site_(std::move(site)) { ++site_->running; }
  ~Place() {
    --site_->running;
    if (!site_->waiting.empty()) site_->waiting.front()->set();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::shared_ptr<Site> site_;
};

PoliteTransport::PoliteTransport(Transport& below, const base::Clock& clock, base::Random& random,
                                 PoliteOptions options)
    : below_(below),
      clock_(clock),
      random_(random),
      options_(options),
      global_({.rate = options.global_rate, .burst = options.global_burst}) {}

std::shared_ptr<PoliteTransport::Site> PoliteTransport::site_of(std::string_view host) {
  const std::string name = registrable_domain(host);
  const auto found = sites_.find(name);
  if (found != sites_.end()) return found->second;
  if (sites_.size() >= options_.sites_max) {
    const base::TimePoint now = clock_.now();
    std::erase_if(sites_, [now](const auto& entry) {
      return entry.second.use_count() == 1 && entry.second->pacer.idle(now);
    });
    if (sites_.size() >= options_.sites_max) return nullptr;
  }
  auto made = std::make_shared<Site>(options_.site);
  sites_.emplace(name, made);
  return made;
}

namespace {

Pacer* pacer_of(std::map<std::string, Pacer>& pacers, const std::string& name,
                const PacerLimits& limits, std::size_t most, base::TimePoint now) {
  const auto found = pacers.find(name);
  if (found != pacers.end()) return &found->second;
  if (pacers.size() >= most) {
    std::erase_if(pacers, [now](const auto& entry) { return entry.second.idle(now); });
    if (pacers.size() >= most) return nullptr;
  }
  return &pacers.emplace(name, Pacer(limits)).first->second;
}

}  // namespace

// At least a millisecond: whoever is called ends by its own time-out.
std::chrono::milliseconds PoliteTransport::time_left(base::TimePoint latest) const {
  return std::max(std::chrono::milliseconds(1),
                  std::chrono::duration_cast<std::chrono::milliseconds>(latest - clock_.now()));
}

Pacer* PoliteTransport::address_pacer(const std::string& address) {
  if (address.empty()) return nullptr;
  return pacer_of(addresses_, address, options_.address, options_.sites_max, clock_.now());
}

Pacer* PoliteTransport::caller_pacer(const HopRequest& request) {
  if (!(request.rate_limit > 0)) return nullptr;
  // A second's worth may go out at once after a pause.
  const auto burst = static_cast<std::uint32_t>(std::clamp(request.rate_limit, 1.0, 1'000.0));
  Pacer* pacer =
      pacer_of(callers_, request.cache.principal, {.rate = request.rate_limit, .burst = burst},
               options_.sites_max, clock_.now());
  if (pacer != nullptr) pacer->set_rate(request.rate_limit);
  return pacer;
}

asio::awaitable<base::Result<HopResponse>> PoliteTransport::send(HopRequest request) {
  const base::TimePoint start = clock_.now();
  const base::TimePoint latest = start + request.limits.total_timeout;
  const bool named =
      request.policy && std::ranges::any_of(request.policy->endpoints, [&](const Endpoint& place) {
        return place.scheme == request.url.scheme() && place.host == request.url.hostname() &&
               place.port == request.url.port_or_default();
      });
  const std::string host(request.url.hostname());
  if (Pacer* caller = caller_pacer(request)) {
    const auto at = caller->reserve(start, latest);
    if (!at)
      co_return fail_verdict(Verdict::kBusy, "{} waits behind more requests than the rate allows",
                             host);
    if (*at > start && !co_await net::sleep_for(*at - start))
      co_return fail_verdict(Verdict::kCancelled, "reading {} was cancelled", host);
  }
  if (named) {
    request.limits.total_timeout = time_left(latest);
    co_return co_await below_.send(std::move(request));
  }
  const std::shared_ptr<Site> site = site_of(host);
  if (!site) co_return fail_verdict(Verdict::kBusy, "too many sites are being read at once");
  while (site->running >= options_.site_concurrency) {
    net::Event turn(co_await asio::this_coro::executor);
    const auto place = site->waiting.insert(site->waiting.end(), &turn);
    struct Leave {
      std::list<net::Event*>& list;
      std::list<net::Event*>::iterator at;
      Leave(std::list<net::Event*>& from, std::list<net::Event*>::iterator where)
          : list(from), at(where) {}
      ~Leave() { list.erase(at); }
      Leave(const Leave&) = delete;
      Leave& operator=(const Leave&) = delete;
    };
    net::Event::Outcome outcome = net::Event::Outcome::kTimeout;
    {
      const Leave leave(site->waiting, place);
      const base::TimePoint now = clock_.now();
      if (now < latest) outcome = co_await turn.wait_for(latest - now);
    }
    if (outcome == net::Event::Outcome::kCancelled)
      co_return fail_verdict(Verdict::kCancelled, "reading {} was cancelled", host);
    if (outcome == net::Event::Outcome::kTimeout)
      co_return fail_verdict(Verdict::kBusy, "{} has too many requests before this one", host);
  }
  const Place place(site);
  const base::TimePoint now = clock_.now();
  const auto site_at = site->pacer.reserve(now, latest);
  Pacer* const shared = address_pacer(site->address);
  const auto address_at = site_at && shared != nullptr ? shared->reserve(now, latest) : site_at;
  const auto global_at = address_at ? global_.reserve(now, latest) : std::nullopt;
  if (!global_at) co_return fail_verdict(Verdict::kBusy, "{} may not be asked again yet", host);
  const base::TimePoint at = std::max({*site_at, *address_at, *global_at});
  if (at > now && !co_await net::sleep_for(at - now))
    co_return fail_verdict(Verdict::kCancelled, "reading {} was cancelled", host);
  request.limits.total_timeout = time_left(latest);
  base::Result<HopResponse> result = co_await below_.send(std::move(request));
  learn(*site, result);
  co_return result;
}

void PoliteTransport::learn(Site& site, const base::Result<HopResponse>& result) {
  const base::TimePoint now = clock_.now();
  if (result && !result->address.empty()) site.address = result->address;
  if (!result) {
    switch (verdict_of(result.error())) {
      case Verdict::kUnreachable:
      case Verdict::kTimeout:
      case Verdict::kBroken:
      case Verdict::kTls:
        site.pacer.failed(now, random_);
        break;
      default:
        break;
    }
    return;
  }
  if (result->status == 429 || result->status == 503) {
    const auto header = result->headers.get("retry-after");
    site.pacer.refused(now, header ? parse_retry_after(*header, clock_.wall()) : std::nullopt,
                       random_);
  } else if (result->status >= 500) {
    site.pacer.failed(now, random_);
  } else {
    site.pacer.succeeded();
  }
}

}  // namespace seine::web
