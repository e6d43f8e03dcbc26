#include "web/read/web_reader.h"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <memory>
#include <stop_token>

#include "base/text.h"
#include "net/on_pool.h"
#include "web/detail/at_home.h"
#include "web/read/extract_document.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

Verdict verdict_of_status(int status) {
  switch (status) {
    case 404:
    case 410:
      return Verdict::kNotFound;
    case 401:
    case 402:
    case 403:
    case 407:
    case 451:
      return Verdict::kForbidden;
    case 429:
    case 503:
      return Verdict::kBusy;
    default:
      return Verdict::kHttpStatus;
  }
}

// Whether what the index keeps is better than the error.
bool is_of_the_network(Verdict verdict) {
  switch (verdict) {
    case Verdict::kUnreachable:
    case Verdict::kTls:
    case Verdict::kTimeout:
    case Verdict::kBroken:
    case Verdict::kBusy:
    case Verdict::kOffline:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::shared_ptr<const GuardPolicy> WebReader::policy_for(const ReadOptions& options) const {
  auto policy = std::make_shared<GuardPolicy>(policy_);
  if (!options.allowed_domains.empty()) {
    // Both lists must agree: of two entries, one below the other, the lower.
    if (policy->allowed_domains.empty()) {
      policy->allowed_domains = options.allowed_domains;
    } else {
      std::vector<std::string> both;
      for (const std::string& wanted : options.allowed_domains) {
        for (const std::string& allowed : policy_.allowed_domains) {
          if (domain_covers(allowed, wanted))
            both.push_back(wanted);
          else if (domain_covers(wanted, allowed))
            both.push_back(allowed);
        }
      }
      // An empty list would mean "all".
      if (both.empty()) both.emplace_back("invalid.");
      policy->allowed_domains = std::move(both);
    }
  }
  policy->denied_domains.insert(policy->denied_domains.end(), options.denied_domains.begin(),
                                options.denied_domains.end());
  policy->endpoints.insert(policy->endpoints.end(), options.endpoints.begin(),
                           options.endpoints.end());
  return policy;
}

asio::awaitable<base::Result<PageDocument>> WebReader::read(std::string url, ReadOptions options) {
  return detail::at_home(ports_.home, read_here(std::move(url), std::move(options)));
}

asio::awaitable<base::Result<FetchResponse>> WebReader::fetch(std::string url,
                                                              ReadOptions options) {
  return detail::at_home(ports_.home, fetch_here(std::move(url), std::move(options)));
}

asio::awaitable<base::Result<FetchResponse>> WebReader::fetch_here(std::string url,
                                                                   ReadOptions options) {
  FetchRequest request{.url = url,
                       .headers = options.headers,
                       .policy = policy_for(options),
                       .robots = options.robots};
  if (!request.headers.contains("accept"))
    request.headers.add("Accept",
                        "text/html,application/xhtml+xml,text/markdown,text/plain;q=0.9,*/*;q=0.5");
  if (!request.headers.contains("accept-language"))
    request.headers.add("Accept-Language", "en,zh-CN;q=0.9,zh;q=0.8,*;q=0.5");
  request.limits.total_timeout = options.timeout;
  request.cache.max_age = options.max_age;
  request.cache.offline = options.network == NetworkUse::kOffline;
  request.cache.principal = options.principal;
  request.rate_limit = options.rate_limit;
  co_return co_await ports_.fetcher.fetch(std::move(request));
}

asio::awaitable<base::Result<PageDocument>> WebReader::read_here(std::string url,
                                                                 ReadOptions options) {
  base::Result<FetchResponse> fetched = co_await fetch_here(url, options);
  if (!fetched) {
    if (!is_of_the_network(verdict_of(fetched.error())))
      co_return std::unexpected(std::move(fetched).error());
    co_return co_await from_index(std::move(url), std::move(fetched).error());
  }
  const bool html =
      media_type(fetched->hop.headers.get("content-type").value_or("text/html")).ends_with("html");
  const bool shows =
      html && fetched->hop.status / 100 == 2 && options.network != NetworkUse::kOffline;
  RenderReason reason = RenderReason::kNotAsked;
  base::Result<PageDocument> page = base::fail(base::Code::kUnknown, "not read yet");
  if (options.render_js == RenderJs::kAlways && shows && ports_.browser != nullptr) {
    reason = RenderReason::kAsked;
    page = co_await render(*std::move(fetched), std::move(options));
  } else {
    page = co_await extract(*fetched, options);
    // Only a page without text of its own is worth a browser; a wall it would not change.
    const bool shell = !page && (verdict_of(page.error()) == Verdict::kEmptyShell ||
                                 verdict_of(page.error()) == Verdict::kEmpty);
    if (options.render_js == RenderJs::kNever) {
      reason = RenderReason::kNotAsked;
    } else if (!shows) {
      reason = RenderReason::kNoPage;
    } else if (!shell && options.render_js == RenderJs::kAuto) {
      reason = RenderReason::kHasText;
    } else if (ports_.browser == nullptr) {
      reason = RenderReason::kNoBrowser;
    } else {
      reason = RenderReason::kNoText;
      auto shown = co_await render(*std::move(fetched), std::move(options));
      // Without a browser the first reading stands.
      if (shown || shown.error().code != base::Code::kFailedPrecondition) {
        page = std::move(shown);
      } else {
        reason = RenderReason::kNoBrowser;
      }
    }
  }
  if (page) {
    page->url = std::move(url);
    page->render_reason = reason;
  }
  co_return page;
}

asio::awaitable<base::Result<PageDocument>> WebReader::render(FetchResponse response,
                                                              ReadOptions options) {
  HopRequest request{.method = std::string(RenderTransport::kMethod),
                     .url = response.final_url,
                     .policy = policy_for(options)};
  request.limits.total_timeout = options.timeout;
  auto shown = co_await ports_.browser->send(std::move(request));
  if (!shown) co_return std::unexpected(std::move(shown).error());
  const std::string where(shown->headers.get("content-location").value_or(""));
  if (auto url = Url::parse(where); url && url->is_http()) response.final_url = *std::move(url);
  response.hop.body = std::move(shown->body);
  response.hop.headers.set("content-type", "text/html; charset=utf-8");
  auto page = co_await extract(std::move(response), std::move(options), true);
  if (page) page->rendered = true;
  co_return page;
}

asio::awaitable<base::Result<PageDocument>> WebReader::from_index(std::string url,
                                                                  base::Error why) {
  if (ports_.index == nullptr) co_return std::unexpected(std::move(why));
  PageIndex& index = *ports_.index;
  auto kept = co_await net::on_pool<std::optional<PageDocument>>(
      ports_.pool, [&index, url] { return index.get(PageIndex::kDefault, url); });
  if (!kept || !*kept) co_return std::unexpected(std::move(why));
  PageDocument page = *std::move(*kept);
  page.from = PageSource::kIndex;
  page.verdict = Verdict::kStale;
  page.age = std::chrono::floor<std::chrono::seconds>(ports_.clock.wall() - page.fetched_at);
  co_return page;
}

asio::awaitable<base::Result<PageDocument>> WebReader::extract(FetchResponse response,
                                                               ReadOptions options, bool rendered) {
  store::BlobStore& blobs = ports_.blobs;
  // The pool's call itself is waited for: what takes long in it hears of a cancellation by this.
  const auto stop = std::make_shared<std::stop_source>();
  const asio::cancellation_state cancelled = co_await asio::this_coro::cancellation_state;
  if (cancelled.slot().is_connected())
    cancelled.slot().assign([stop](asio::cancellation_type) { stop->request_stop(); });
  // Extraction costs up to a tenth of a second: not on the network's thread.
  co_return co_await net::on_pool<PageDocument>(
      ports_.pool,
      [&blobs, rendered, stop, response = std::move(response),
       options = std::move(options)]() -> base::Result<PageDocument> {
        const HopResponse& hop = response.hop;
        ExtractOptions wanted{
            .url = response.final_url.href(),
            .content_type = std::string(hop.headers.get("content-type").value_or("")),
            .no_sniff = base::ascii_iequals(
                base::trim(hop.headers.get("x-content-type-options").value_or("")), "nosniff"),
            .status = hop.status,
            .main_content = options.main_content,
            .selector = options.selector,
            .links = options.links,
            .sanitize_html = options.sanitize_html,
            .rendered = rendered,
            .stop = stop->get_token()};
        auto page = extract_document(hop.body, wanted);
        const bool success = hop.status >= 200 && hop.status < 300;
        if (!success) {
          // A challenge says more than the status it came with.
          if (!page && verdict_of(page.error()) == Verdict::kChallenge) return page;
          const Verdict verdict = verdict_of_status(hop.status);
          return fail_verdict(verdict, "{} answers {}", response.final_url.hostname(), hop.status);
        }
        if (!page) return page;
        if (const auto tag = hop.headers.get("x-robots-tag")) {
          const std::string lower = base::ascii_lower(*tag);
          page->no_index = page->no_index || lower.contains("noindex") || lower.contains("noai") ||
                           lower == "none";
        }
        page->url = response.url;
        page->fetched_at = hop.fetched_at;
        page->age = hop.age;
        page->from = hop.from;
        page->verdict = hop.stale ? Verdict::kStale : Verdict::kOk;
        if (page->site.empty()) page->site = response.final_url.hostname();
        // A full disk costs the snapshot, not the page.
        if (auto kept = blobs.put(page->markdown)) page->snapshot = *kept;
        if (auto kept = blobs.put(hop.body)) page->body = *kept;
        return page;
      });
}

}  // namespace seine::web
