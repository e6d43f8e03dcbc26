#include "web/crawl/site_crawler.h"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <deque>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/text.h"
#include "net/on_pool.h"
#include "store/tokenizer.h"
#include "web/crawl/glob.h"
#include "web/crawl/sitemap.h"
#include "web/detail/at_home.h"
#include "web/detail/task_group.h"
#include "web/fetch/decoder.h"
#include "web/read/extract_document.h"
#include "web/url/site.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

constexpr std::size_t kSitemapsMax = 8;
constexpr std::size_t kFeedsKnownMax = 1'000;
constexpr std::size_t kFrontierMax = 20'000;
constexpr std::size_t kSeenMax = 1'000'000;  // addresses that are told apart

std::string pattern_of(std::string_view url) {
  std::string out;
  for (const char c : url.substr(0, url.find('?'))) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit)
      out += c;
    else if (out.empty() || out.back() != '0')
      out += '0';
  }
  if (url.find('?') != std::string_view::npos) out += '?';
  return out;
}

// What is known and not yet read: shallow first, and among equals the likeliest.
class Frontier {
 public:
  Frontier(const CrawlOptions& options, const Url& start) : options_(options), start_(start) {
    for (const store::Token& token : tokenizer_.tokens(options.question)) {
      if (!token.stop) wanted_.insert(token.text);
    }
  }

  void add(std::string_view address, std::string_view words, std::size_t depth) {
    auto url = Url::parse(address);
    if (!url || !url->is_http()) return;
    url->clear_fragment();
    const std::string href = url->href();
    if (depth > 0 && !belongs(*url, href)) return;
    if (seen_.size() >= kSeenMax || !seen_.insert(dedup_key(*url)).second) return;
    if (queue_.size() >= kFrontierMax) {
      ++dropped_;
      return;
    }
    if (options_.alike_max > 0 && ++patterns_[pattern_of(href)] > options_.alike_max) {
      if (++alike_ == 1) alike_example_ = href;
      return;
    }
    // Read the shallow ones first unless the words say that this is what is looked for.
    const double score = static_cast<double>(likeness(href, words)) * 10.0 -
                         static_cast<double>(depth) - static_cast<double>(order_) * 1e-6;
    ++order_;
    queue_.emplace(-score, Item{href, depth});
  }

  std::optional<std::pair<std::string, std::size_t>> take() {
    if (queue_.empty()) return std::nullopt;
    const auto first = queue_.begin();
    std::pair<std::string, std::size_t> out{std::move(first->second.url), first->second.depth};
    queue_.erase(first);
    return out;
  }
  std::size_t size() const { return queue_.size(); }
  // What was left out.
  std::size_t dropped() const { return dropped_; }
  std::size_t alike() const { return alike_; }
  const std::string& alike_example() const { return alike_example_; }
  // The page says that it is another one; true when that one was seen already.
  bool is_copy(const std::string& url, const std::string& canonical) {
    const auto own = Url::parse(url);
    const auto other = Url::parse(canonical);
    if (!own || !other || dedup_key(*own) == dedup_key(*other)) return false;
    if (other->hostname() != own->hostname()) return false;
    return !seen_.insert(dedup_key(*other)).second;
  }

 private:
  struct Item {
    std::string url;
    std::size_t depth = 0;
  };

  bool belongs(const Url& url, const std::string& href) const {
    if (url.hostname() != start_.hostname() && !domain_covers(start_.hostname(), url.hostname()))
      return false;
    if (url.port_or_default() != start_.port_or_default() && url.scheme() == start_.scheme())
      return false;
    const auto any = [&href](const std::vector<std::string>& globs) {
      return std::ranges::any_of(globs, [&href](const auto& g) { return glob_matches(g, href); });
    };
    return (options_.include.empty() || any(options_.include)) && !any(options_.exclude);
  }

  std::size_t likeness(std::string_view href, std::string_view words) {
    if (wanted_.empty()) return 0;
    std::string text(href);
    std::ranges::replace_if(text, [](char c) { return c == '-' || c == '_' || c == '/'; }, ' ');
    text += ' ';
    text += words;
    std::set<std::string> found;
    tokenizer_.run(text, [&](const store::Token& token) {
      if (wanted_.contains(token.text)) found.insert(token.text);
      return true;
    });
    return found.size();
  }

  const CrawlOptions& options_;
  const Url& start_;
  store::Tokenizer tokenizer_;
  std::set<std::string> wanted_;
  std::multimap<double, Item> queue_;
  std::set<std::string> seen_;
  std::map<std::string, std::size_t> patterns_;
  std::size_t order_ = 0;
  std::size_t dropped_ = 0;
  std::size_t alike_ = 0;
  std::string alike_example_;
};

// The feeds that pages name, in the order of the pages, each once.
class Feeds {
 public:
  explicit Feeds(const CrawlOptions& options)
      : wanted_(options.sitemaps), most_(options.feeds_max) {}

  struct Feed {
    std::string url;
    std::size_t depth = 0;  // of its entries
  };

  void add(const std::vector<FeedLink>& links, std::size_t depth) {
    if (!wanted_) return;
    for (const FeedLink& link : links) {
      const auto url = Url::parse(link.url);
      if (!url || seen_.size() >= kFeedsKnownMax || !seen_.insert(dedup_key(*url)).second) continue;
      waiting_.push_back({link.url, depth});
    }
  }
  std::optional<Feed> take() {
    if (waiting_.empty() || taken_ == most_) return std::nullopt;
    ++taken_;
    Feed feed = std::move(waiting_.front());
    waiting_.pop_front();
    return feed;
  }
  std::size_t left() const { return waiting_.size(); }
  std::string example() const { return waiting_.empty() ? std::string() : waiting_.front().url; }

 private:
  const bool wanted_;
  const std::size_t most_;
  std::size_t taken_ = 0;
  std::set<std::string> seen_;
  std::deque<Feed> waiting_;
};

}  // namespace

asio::awaitable<base::Result<CrawlReport>> SiteCrawler::crawl(
    CrawlOptions options, std::function<void(const CrawlEvent&)> on_page) {
  return detail::at_home(ports_.home, crawl_here(std::move(options), std::move(on_page)));
}

asio::awaitable<CrawlEvent> SiteCrawler::visit(std::string url, std::size_t depth,
                                               ReadOptions options, std::string collection) {
  CrawlEvent event{.url = url, .depth = depth, .page = {}};
  event.page = co_await ports_.reader.read(url, std::move(options));
  const bool keep = event.page && !collection.empty() && !event.page->no_index;
  if (keep) {
    PageIndex& index = ports_.index;
    const auto kept = co_await net::on_pool<void>(
        ports_.pool, [&index, page = *event.page, collection = std::move(collection)] {
          return index.put(collection, page);
        });
    // A disk that is full ends in an error of the page: what was kept before stays.
    if (!kept) event.page = std::unexpected(kept.error());
  }
  co_return event;
}

asio::awaitable<std::vector<std::string>> SiteCrawler::sitemap_pages(Url start, ReadOptions options,
                                                                     std::size_t most) {
  std::vector<std::string> pages;
  std::deque<std::string> files;
  const auto rules =
      co_await ports_.robots.rules(start, ports_.reader.policy_for(options), options.timeout);
  if (rules) files.assign((*rules)->sitemaps().begin(), (*rules)->sitemaps().end());
  if (files.empty()) {
    Url usual = start;
    usual.set_pathname("/sitemap.xml");
    usual.set_search("");
    usual.clear_fragment();
    files.push_back(usual.href());
  }
  std::size_t opened = 0;
  while (!files.empty() && opened++ < kSitemapsMax && pages.size() < most) {
    const std::string file = std::move(files.front());
    files.pop_front();
    const auto answer = co_await ports_.reader.fetch(file, options);
    if (!answer || answer->hop.status != 200) continue;
    std::string text = answer->hop.body;
    if (text.starts_with("\x1f\x8b")) {  // .xml.gz, sent as a file
      std::string unpacked;
      auto decoder = Decoder::make("gzip");
      if (!decoder || !decoder->feed(text, unpacked)) continue;
      text = std::move(unpacked);
    }
    Sitemap map = parse_sitemap(text);
    for (SitemapEntry& entry : map.sitemaps) {
      if (files.size() < kSitemapsMax) files.push_back(std::move(entry.url));
    }
    for (SitemapEntry& entry : map.pages) {
      if (pages.size() == most) break;
      pages.push_back(std::move(entry.url));
    }
  }
  co_return pages;
}

asio::awaitable<std::vector<PageLink>> SiteCrawler::feed_entries(std::string feed,
                                                                 ReadOptions options) {
  options.render_js = RenderJs::kNever;
  auto page = co_await ports_.reader.read(std::move(feed), std::move(options));
  if (!page) co_return std::vector<PageLink>();
  co_return std::move(page->links);
}

asio::awaitable<base::Result<CrawlReport>> SiteCrawler::crawl_here(
    CrawlOptions options, std::function<void(const CrawlEvent&)> on_page) {
  auto start = Url::parse(options.url);
  if (!start || !start->is_http())
    co_return fail_verdict(Verdict::kBadUrl, "'{}' is no web address", options.url);
  options.read.links = options.depth > 0;
  const base::TimePoint until = ports_.clock.now() + options.timeout;
  CrawlReport report;
  Frontier frontier(options, *start);
  frontier.add(options.url, "", 0);
  detail::TaskGroup<CrawlEvent> group(co_await asio::this_coro::executor);
  std::size_t begun = 0;
  bool sitemaps_read = !options.sitemaps || options.depth == 0;
  Feeds feeds(options);
  const std::size_t at_once = std::max<std::size_t>(options.concurrency, 1);
  for (;;) {
    const base::TimePoint now = ports_.clock.now();
    while (now < until && begun < options.pages_max && group.running() < at_once) {
      auto next = frontier.take();
      if (!next) break;
      group.start(visit(std::move(next->first), next->second, options.read, options.collection));
      ++begun;
    }
    if (group.empty()) break;
    std::optional<CrawlEvent> event =
        now < until ? co_await group.next(until - now, ports_.clock) : std::nullopt;
    if (group.cancelled()) co_return fail_verdict(Verdict::kCancelled, "the crawl was cancelled");
    if (!event) {
      if (now >= until || !group.empty()) break;
      continue;
    }
    if (!event->page) {
      if (begun == 1 && report.read == 0) co_return std::unexpected(event->page.error());
      ++report.failed;
    } else {
      PageDocument& page = *event->page;
      const bool copy =
          !page.canonical_url.empty() && frontier.is_copy(event->url, page.canonical_url);
      if (page.no_index || copy)
        ++report.skipped;
      else
        ++report.read;
      if (event->depth < options.depth) {
        for (const PageLink& link : page.links) frontier.add(link.url, link.text, event->depth + 1);
      }
      page.links.clear();
      if (event->depth < options.depth) feeds.add(page.feeds, event->depth + 1);
    }
    if (on_page) on_page(*event);
    if (!sitemaps_read && frontier.size() + begun < options.pages_max) {
      sitemaps_read = true;
      const std::vector<std::string> pages =
          co_await sitemap_pages(*start, options.read, options.pages_max * 4);
      for (const std::string& page : pages) frontier.add(page, "", 1);
    }
    while (frontier.size() + begun < options.pages_max && ports_.clock.now() < until) {
      const auto feed = feeds.take();
      if (!feed) break;
      for (const PageLink& entry : co_await feed_entries(feed->url, options.read))
        frontier.add(entry.url, entry.text, feed->depth);
    }
  }
  report.feeds_left = feeds.left();
  report.feed_example = feeds.example();
  report.left = frontier.size() + frontier.dropped() + group.running();
  report.alike = frontier.alike();
  report.alike_example = frontier.alike_example();
  co_return report;
}

}  // namespace seine::web
