#include "web/cache/caching_transport.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/text.h"
#include "web/cache/cache_control.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

bool is_safe(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

bool is_conditional(const net::Headers& headers) {
  for (const char* name :
       {"if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range"}) {
    if (headers.contains(name)) return true;
  }
  return false;
}

struct ByteRange {
  std::size_t first = 0;
  std::size_t last = 0;
};

// One range of a body of `size` bytes; nothing for several, or for what cannot be met.
std::optional<ByteRange> parse_range(std::string_view text, std::size_t size) {
  if (!text.starts_with("bytes=") || size == 0) return std::nullopt;
  const std::string_view spec = base::trim(text.substr(6));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos)
    return std::nullopt;
  const auto first = base::parse_u64(spec.substr(0, dash));
  const auto last = base::parse_u64(spec.substr(dash + 1));
  if (dash == 0) {  // the last N bytes
    if (!last || *last == 0) return std::nullopt;
    return ByteRange{size - std::min<std::size_t>(*last, size), size - 1};
  }
  if (!first || *first >= size) return std::nullopt;
  if (dash + 1 == spec.size()) return ByteRange{*first, size - 1};
  if (!last || *last < *first) return std::nullopt;
  return ByteRange{*first, std::min<std::size_t>(*last, size - 1)};
}

}  // namespace

struct CachingTransport::State {
  Transport& below;
  CacheStore& store;
  const base::Clock& clock;
  std::set<std::string> background;
  bool closed = false;
};

CachingTransport::CachingTransport(Transport& below, CacheStore& store, const base::Clock& clock)
    : state_(std::make_shared<State>(State{below, store, clock, {}, false})) {}

CachingTransport::~CachingTransport() {
  state_->closed = true;
}

std::size_t CachingTransport::in_background() const {
  return state_->background.size();
}

std::string CachingTransport::key_of(const HopRequest& request) {
  Url url = request.url;
  url.clear_credentials();
  const bool personal =
      request.headers.contains("cookie") || request.headers.contains("authorization");
  // Without a name, a personal copy is nobody's: the request's own secrets are its name.
  std::string who;
  if (personal) {
    who = request.cache.principal;
    if (who.empty()) {
      std::string secrets(request.headers.get("cookie").value_or(""));
      secrets += '\n';
      secrets += request.headers.get("authorization").value_or("");
      who = "sha256:" + store::BlobId::of(secrets).hex();
    }
  }
  return who + " " + url.href(false);
}

asio::awaitable<base::Result<HopResponse>> CachingTransport::send(HopRequest request) {
  const std::shared_ptr<State> state = state_;
  if (!is_safe(request.method)) {
    if (request.cache.offline)
      co_return fail_verdict(Verdict::kOffline, "{} is not asked without the network",
                             request.url.hostname());
    const HopRequest sent = request;
    base::Result<HopResponse> result = co_await state->below.send(std::move(request));
    // A failed request changed nothing (section 4.4).
    if (result && result->status >= 200 && result->status < 400)
      co_await invalidate(state, sent, *result);
    co_return result;
  }
  const CacheControl asked = CacheControl::of(request.headers);
  const bool usable =
      request.method == "GET" && request.cache.store &&
      (request.cache.offline || (!asked.no_store && !is_conditional(request.headers)));
  if (!usable) {
    if (request.cache.offline)
      co_return fail_verdict(Verdict::kOffline, "{} is not kept", request.url.href(false));
    co_return co_await state->below.send(std::move(request));
  }
  std::string key = key_of(request);
  std::optional<StoredResponse> stored;
  if (auto found = co_await state->store.find(key)) {
    for (StoredResponse& candidate : *found) {
      bool matches = variant_matches(candidate, request.headers);
      if (!matches && request.headers.contains("range") && candidate.status == 200) {
        net::Headers whole = request.headers;  // a part of what is kept whole
        whole.remove("range");
        matches = variant_matches(candidate, whole);
      }
      if (matches && (!stored || candidate.response_time > stored->response_time))
        stored = std::move(candidate);
    }
  }
  if (!stored) {
    if (request.cache.offline || asked.only_if_cached)
      co_return fail_verdict(Verdict::kOffline, "{} is not kept", request.url.href(false));
    co_return co_await exchange(state, std::move(request), std::move(key), std::nullopt);
  }
  switch (decide(*stored, request, state->clock.wall())) {
    case CacheDecision::kServe:
      co_return co_await serve(state, std::move(request), std::move(key), *std::move(stored),
                               false);
    case CacheDecision::kServeAndRevalidate: {
      // Served first: the new answer may take the place of the body that is being read.
      base::Result<HopResponse> served = co_await serve(state, request, key, *stored, false);
      if (state->background.size() < kBackgroundMax && state->background.insert(key).second) {
        asio::co_spawn(co_await asio::this_coro::executor,
                       revalidate(state, std::move(request), std::move(key), *std::move(stored)),
                       asio::detached);
      }
      co_return served;
    }
    case CacheDecision::kValidate:
      break;
  }
  if (asked.only_if_cached)
    co_return fail_verdict(Verdict::kOffline, "what is kept of {} is too old",
                           request.url.href(false));
  co_return co_await exchange(state, std::move(request), std::move(key), std::move(stored));
}

asio::awaitable<void> CachingTransport::revalidate(std::shared_ptr<State> state, HopRequest request,
                                                   std::string key, StoredResponse stored) {
  struct Leave {
    std::shared_ptr<State> held;
    std::string name;
    Leave(std::shared_ptr<State> given, std::string key_name)
        : held(std::move(given)), name(std::move(key_name)) {}
    ~Leave() { held->background.erase(name); }
    Leave(const Leave&) = delete;
    Leave& operator=(const Leave&) = delete;
  };
  const Leave leave(state, key);
  if (!state->closed)
    (void)co_await exchange(state, std::move(request), std::move(key), std::move(stored));
}

asio::awaitable<base::Result<HopResponse>> CachingTransport::serve(std::shared_ptr<State> state,
                                                                   HopRequest request,
                                                                   std::string key,
                                                                   StoredResponse stored,
                                                                   bool revalidated) {
  base::Result<std::string> body = co_await state->store.body(stored);
  if (!body) {  // evicted meanwhile
    if (request.cache.offline)
      co_return fail_verdict(Verdict::kOffline, "{} is not kept any more", request.url.href(false));
    co_return co_await exchange(state, std::move(request), std::move(key), std::nullopt);
  }
  const base::WallTime now = state->clock.wall();
  HopResponse response;
  response.status = stored.status;
  response.headers = served_headers(stored, now);
  response.body = *std::move(body);
  response.from = PageSource::kCache;
  response.revalidated = revalidated;
  response.age = revalidated ? std::chrono::seconds(0) : current_age(stored, now);
  response.fetched_at = stored.response_time;
  response.protocol = "cache";
  const auto range = request.headers.get("range");
  if (range && stored.status == 200) {
    const std::size_t size = response.body.size();
    if (const auto wanted = parse_range(*range, size)) {
      response.status = 206;
      response.headers.set("Content-Range",
                           fmt::format("bytes {}-{}/{}", wanted->first, wanted->last, size));
      response.body = response.body.substr(wanted->first, wanted->last - wanted->first + 1);
      response.headers.set("Content-Length", fmt::format("{}", response.body.size()));
    }
  }
  co_return response;
}

asio::awaitable<base::Result<HopResponse>> CachingTransport::exchange(
    std::shared_ptr<State> state, HopRequest request, std::string key,
    std::optional<StoredResponse> stored) {
  HopRequest sent = request;
  // A part cannot be validated against the whole that is kept.
  const bool validating =
      stored && !request.headers.contains("range") && add_validators(*stored, sent.headers);
  const base::WallTime request_time = state->clock.wall();
  base::Result<HopResponse> result = co_await state->below.send(std::move(sent));
  const base::WallTime now = state->clock.wall();
  const bool failed = !result || (result->status >= 500 && result->status <= 504);
  if (failed && stored && serve_on_error(*stored, now) &&
      (result || verdict_of(result.error()) != Verdict::kCancelled)) {
    const CacheControl control = CacheControl::of(stored->headers);
    // An error that was sent is an answer: only stale-if-error puts a copy before it.
    if (!result || control.stale_if_error) {
      request.cache.offline = true;  // from here on, the store or nothing
      base::Result<HopResponse> old =
          co_await serve(state, std::move(request), std::move(key), *stored, false);
      if (old) {
        old->stale = true;
        co_return old;
      }
    }
    co_return result;
  }
  if (!result) co_return result;
  if (result->status == 304 && validating) {
    update_headers(stored->headers, result->headers);
    stored->request_time = request_time;
    stored->response_time = now;
    stored->headers.remove("age");
    if (const auto age = result->headers.get("age")) stored->headers.set("Age", *age);
    (void)co_await state->store.update(key, *stored);
    co_return co_await serve(state, std::move(request), std::move(key), *std::move(stored), true);
  }
  if (may_store(request, result->status, result->headers)) {
    StoredResponse kept;
    kept.status = result->status;
    kept.headers = storable_headers(result->headers);
    kept.variant = variant_of(result->headers, request.headers);
    kept.request_time = request_time;
    kept.response_time = now;
    kept.body_bytes = result->body.size();
    // A full disk or a busy database: the page is read all the same.
    (void)co_await state->store.put(std::move(key), std::move(kept), result->body);
  }
  co_return result;
}

asio::awaitable<void> CachingTransport::invalidate(std::shared_ptr<State> state, HopRequest request,
                                                   HopResponse response) {
  const auto drop = [&state, &request](const Url& url) {
    HopRequest other = request;
    other.url = url;
    return state->store.remove(key_of(other));
  };
  (void)co_await drop(request.url);
  for (const char* name : {"location", "content-location"}) {
    const auto value = response.headers.get(name);
    if (!value) continue;
    const auto url = Url::parse(*value, &request.url);
    // Only of the same origin: anything else lets one site empty another's cache.
    if (url && url->origin() == request.url.origin()) (void)co_await drop(*url);
  }
}

}  // namespace seine::web
