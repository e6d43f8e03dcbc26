#include "server/web_ports.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "net/on_pool.h"
#include "web/guard/guard.h"
#include "web/url/url.h"
#include "web/verdict.h"

namespace seine::server {
namespace {

namespace asio = boost::asio;

using base::Result;

// Sites that the operator names are asked as fast as a person with several tabs; others keep the
// configured pace.
constexpr double kOperatorRate = 20;

std::chrono::milliseconds time_left(base::Deadline deadline, const base::Clock& clock) {
  constexpr std::chrono::milliseconds kLongest{60'000};
  if (deadline.is_never()) return kLongest;
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline.remaining(clock));
  return std::clamp(left, std::chrono::milliseconds(1), kLongest);
}

// Scheme, host and port of an address that the operator named.
void trust(const std::string& address, web::ReadOptions& options) {
  const Result<web::Url> url = web::Url::parse(address);
  if (!url || !url->is_http()) return;
  options.endpoints.push_back({.scheme = std::string(url->scheme()),
                               .host = std::string(url->hostname()),
                               .port = url->port_or_default().value_or(0)});
  options.rate_limit = kOperatorRate;
}

web::TimeRange range_of(const std::optional<std::chrono::days>& age) {
  if (!age) return web::TimeRange::kAny;
  if (age->count() <= 2) return web::TimeRange::kDay;
  if (age->count() <= 10) return web::TimeRange::kWeek;
  return age->count() <= 31 ? web::TimeRange::kMonth : web::TimeRange::kYear;
}

answer::SearchResult to_result(web::SearchResponse response) {
  answer::SearchResult out;
  for (web::SearchHit& hit : response.hits) {
    out.hits.push_back({.url = std::move(hit.url),
                        .title = std::move(hit.title),
                        .snippet = std::move(hit.snippet),
                        .published = std::move(hit.published)});
  }
  for (web::ProviderOutcome& outcome : response.providers) {
    const bool failed = outcome.failure != web::SearchFailure::kNone;
    std::string reason(failed ? web::search_failure_name(outcome.failure) : "");
    if (!outcome.detail.empty()) reason += (reason.empty() ? "" : ": ") + outcome.detail;
    out.providers.push_back({.id = std::move(outcome.id),
                             .state = std::move(outcome.state),
                             .reason = std::move(reason),
                             .hits = outcome.hits,
                             .elapsed_ms = outcome.elapsed.count()});
  }
  return out;
}

asio::awaitable<void> search_once(web::Search& search, web::SearchRequest request,
                                  std::function<void(Result<answer::SearchResult>)> done) {
  Result<web::SearchResponse> response = co_await search.search(std::move(request));
  if (response) {
    done(to_result(*std::move(response)));
  } else {
    done(std::unexpected(std::move(response).error()));
  }
}

// Whether a page is where only the operator may send the reader, who did when it was kept. What the
// operator's lists forbid is not told from a copy either.
bool is_in_own_network(const base::Error& error, std::string_view address,
                       const web::GuardPolicy& guard) {
  const Result<web::Url> url = web::Url::parse(address);
  if (!url || error.field != web::verdict_name(web::Verdict::kRefused)) return false;
  const web::Refusal refusal = web::judge_url(*url, guard);
  return refusal == web::Refusal::kPort || refusal == web::Refusal::kAddress;
}

asio::awaitable<Result<std::optional<web::PageDocument>>> kept_copy(const WebPorts::Ports& ports,
                                                                    std::string url) {
  auto page = co_await net::on_pool<std::optional<web::PageDocument>>(
      ports.pool, [&index = ports.index, url] { return index.get(web::PageIndex::kDefault, url); });
  if (page && *page)
    (*page)->age =
        std::chrono::floor<std::chrono::seconds>(ports.clock.wall() - (*page)->fetched_at);
  co_return page;
}

asio::awaitable<void> read_once(const WebPorts::Ports& ports, answer::ReadRequest request,
                                web::ReadOptions options,
                                std::function<void(Result<answer::Page>)> done) {
  Result<web::PageDocument> document = co_await ports.reader.read(request.url, std::move(options));
  if (!document && request.origin == answer::Origin::kSearchHit &&
      is_in_own_network(document.error(), request.url, ports.guard)) {
    auto kept = co_await kept_copy(ports, request.url);
    if (kept && *kept) document = std::move(**kept);
  }
  if (document) {
    done(to_page(*std::move(document)));
  } else {
    done(std::unexpected(std::move(document).error()));
  }
}

asio::awaitable<void> crawl_once(web::Crawler& crawler, web::CrawlOptions options,
                                 std::function<void(answer::PageRead)> page,
                                 std::function<void(Result<>)> done) {
  const auto pass = [&page](const web::CrawlEvent& event) {
    if (event.page) {
      page({event.url, to_page(*event.page)});
    } else {
      page({event.url, std::unexpected(event.page.error())});
    }
  };
  const Result<web::CrawlReport> report = co_await crawler.crawl(std::move(options), pass);
  done(report ? Result<>() : std::unexpected(report.error()));
}

}  // namespace

answer::Page to_page(web::PageDocument document) {
  answer::Page page{.url = std::move(document.final_url),
                    .title = std::move(document.title),
                    .site = std::move(document.site),
                    .author = std::move(document.author),
                    .published = std::move(document.published),
                    .language = std::move(document.language),
                    .fetched_at = document.fetched_at,
                    .age_s = document.age.count(),
                    .from = std::string(web::page_source_name(document.from)),
                    .verdict = std::string(web::verdict_name(document.verdict)),
                    .markdown = std::move(document.markdown),
                    .blocks = {}};
  if (page.url.empty()) page.url = std::move(document.url);
  for (web::PageBlock& block : document.blocks) {
    std::string path;
    for (const std::string& heading : block.heading_path) {
      if (!path.empty()) path += " > ";
      path += heading;
    }
    page.blocks.push_back({std::string(web::block_kind_name(block.kind)),
                           {block.start, block.end},
                           std::move(path),
                           std::move(block.anchor)});
  }
  return page;
}

void WebPorts::search(answer::SearchQuery query, base::Deadline deadline, std::stop_token stop,
                      std::function<void(Result<answer::SearchResult>)> done) {
  web::SearchRequest request;
  request.text = std::move(query.text);
  request.language = query.language == base::Language::kChinese ? "zh" : "en";
  request.time_range = range_of(query.max_age);
  request.limit = query.limit;
  request.timeout = time_left(deadline, ports_.clock);
  calls_.start([own = this, request = std::move(request),
                done = std::move(done)] { return search_once(own->ports_.search, request, done); },
               std::move(stop));
}

void WebPorts::read(answer::ReadRequest request, base::Deadline deadline, std::stop_token stop,
                    std::function<void(Result<answer::Page>)> done) {
  web::ReadOptions options;
  options.timeout = time_left(deadline, ports_.clock);
  options.max_age = request.max_age;
  if (request.origin == answer::Origin::kOperator) trust(request.url, options);
  calls_.start([own = this, request = std::move(request), options = std::move(options),
                done = std::move(done)] { return read_once(own->ports_, request, options, done); },
               std::move(stop));
}

void WebPorts::read_site(answer::SiteRequest request, base::Deadline deadline, std::stop_token stop,
                         std::function<void(answer::PageRead)> page,
                         std::function<void(Result<>)> done) {
  web::CrawlOptions options;
  options.pages_max = request.pages_max;
  options.concurrency = 6;
  options.question = std::move(request.question);
  options.collection.clear();
  options.timeout = time_left(deadline, ports_.clock);
  options.read.timeout = options.timeout;
  if (request.origin == answer::Origin::kOperator) trust(request.url, options.read);
  options.url = std::move(request.url);
  calls_.start(
      [own = this, options = std::move(options), page = std::move(page), done = std::move(done)] {
        return crawl_once(own->ports_.crawler, options, page, done);
      },
      std::move(stop));
}

}  // namespace seine::server
