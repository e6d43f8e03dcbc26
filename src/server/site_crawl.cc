#include "server/site_crawl.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <unordered_set>

#include "net/event.h"
#include "store/tokenizer.h"
#include "web/url/url.h"

namespace seine::server {
namespace {

namespace asio = boost::asio;

using base::Result;

constexpr std::size_t kAtOnce = 6;
constexpr std::size_t kFrontierMax = 4096;

using Terms = std::unordered_set<std::string>;

Terms terms_of(store::Tokenizer& tokenizer, std::string_view text) {
  Terms out;
  tokenizer.run(text, [&out](const store::Token& token) {
    // Single Han characters are everywhere.
    if (!token.stop && (!token.cjk || token.extra)) out.insert(token.text);
    return out.size() < 256;
  });
  return out;
}

struct Candidate {
  std::string url;
  double score = 0;
  std::size_t order = 0;  // first found, first read among equals
};

// Shared by the coordinator and the pages on their way, which may end after it.
struct Crawl {
  explicit Crawl(const asio::any_io_executor& executor) : news(executor) {}

  void offer(const std::vector<Link>& links, std::size_t depth);
  bool next(std::string& url);

  CrawlRequest request;
  FetchPage fetch;
  std::string origin;
  Terms asked;
  store::Tokenizer tokenizer;
  std::vector<Candidate> frontier;
  std::unordered_set<std::string> seen;
  std::size_t running = 0;
  std::size_t started = 0;
  std::size_t opened = 0;
  bool closed = false;  // the coordinator has left: nothing is told any more
  net::Event news;
};

void Crawl::offer(const std::vector<Link>& links, std::size_t depth) {
  for (const Link& link : links) {
    if (frontier.size() >= kFrontierMax) return;
    const Result<web::Url> url = web::Url::parse(link.url);
    if (!url || !url->is_http() || url->origin() != origin) continue;
    const std::string href = url->href(false);
    if (!seen.insert(href).second) continue;
    double score = 0;
    for (const std::string& term :
         terms_of(tokenizer, link.text + " " + std::string(url->path()))) {
      score += asked.contains(term) ? 1 : 0;
    }
    frontier.push_back({href, score - 0.1 * static_cast<double>(depth), seen.size()});
  }
}

bool Crawl::next(std::string& url) {
  if (frontier.empty() || started >= request.site.pages_max) return false;
  const auto best = std::ranges::max_element(frontier, [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score < b.score : a.order > b.order;
  });
  url = std::move(best->url);
  frontier.erase(best);
  ++started;
  return true;
}

asio::awaitable<void> read_one(std::shared_ptr<Crawl> crawl, std::string url) {
  Result<FetchedPage> fetched = co_await crawl->fetch(url);
  --crawl->running;
  if (!crawl->closed) {
    if (fetched) {
      crawl->offer(fetched->links, crawl->opened == 0 ? 1 : 2);
      ++crawl->opened;
      crawl->request.page({url, std::move(fetched->page)});
    } else {
      crawl->request.page({url, std::unexpected(std::move(fetched).error())});
    }
  }
  crawl->news.set();
}

}  // namespace

std::vector<Link> links_of(std::string_view markdown) {
  std::vector<Link> out;
  for (std::size_t at = markdown.find("]("); at != std::string_view::npos;
       at = markdown.find("](", at + 2)) {
    std::size_t end = at + 2;
    while (end < markdown.size() && markdown[end] != ')' && markdown[end] > ' ') ++end;
    const std::string_view address = markdown.substr(at + 2, end - at - 2);
    if (!address.starts_with("http://") && !address.starts_with("https://")) continue;
    const std::size_t open = markdown.substr(0, at).rfind('[');
    const std::string_view text = open == std::string_view::npos
                                      ? std::string_view()
                                      : markdown.substr(open + 1, at - open - 1);
    out.push_back({std::string(address.substr(0, address.find('#'))), std::string(text)});
    if (out.size() == kFrontierMax) break;
  }
  return out;
}

asio::awaitable<Result<>> crawl_site(CrawlRequest request, FetchPage fetch, SpawnHere spawn,
                                     const base::Clock& clock) {
  const Result<web::Url> start = web::Url::parse(request.site.url);
  if (!start) co_return std::unexpected(start.error());
  const auto executor = co_await asio::this_coro::executor;
  const auto crawl = std::make_shared<Crawl>(executor);
  crawl->request = std::move(request);
  crawl->fetch = std::move(fetch);
  crawl->origin = start->origin();
  crawl->asked = terms_of(crawl->tokenizer, crawl->request.site.question);
  crawl->offer({{start->href(false), ""}}, 0);
  for (;;) {
    std::string url;
    const bool over =
        crawl->request.stop.stop_requested() || crawl->request.deadline.expired(clock);
    while (!over && crawl->running < kAtOnce && crawl->next(url)) {
      ++crawl->running;
      spawn([crawl, url] { return read_one(crawl, url); });
    }
    if (over || crawl->running == 0) break;
    // Woken at least every 50 ms, to see a stop that another thread asked for.
    const auto woken = co_await crawl->news.wait_for(std::chrono::milliseconds(50));
    if (woken == net::Event::Outcome::kCancelled) break;
  }
  crawl->closed = true;
  if (crawl->opened == 0) {
    co_return base::fail(base::Code::kNotFound, "{} gave no page with text",
                         crawl->request.site.url);
  }
  co_return Result<>();
}

}  // namespace seine::server
