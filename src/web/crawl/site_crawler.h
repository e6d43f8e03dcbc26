// SiteCrawler: the Crawler over a WebReader, a RobotsCache (for sitemaps) and a PageIndex.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.h"
#include "store/worker_pool.h"
#include "web/crawl/crawler.h"
#include "web/fetch/robots_cache.h"
#include "web/index/collection.h"
#include "web/read/web_reader.h"

namespace seine::web {

class SiteCrawler final : public Crawler {
 public:
  struct Ports {  // all outlive the crawler
    asio::any_io_executor home;
    WebReader& reader;
    RobotsCache& robots;
    PageIndex& index;
    store::WorkerPool& pool;
    const base::Clock& clock;
  };
  explicit SiteCrawler(Ports ports) : ports_(std::move(ports)) {}

  asio::awaitable<base::Result<CrawlReport>> crawl(
      CrawlOptions options, std::function<void(const CrawlEvent&)> on_page) override;

 private:
  asio::awaitable<base::Result<CrawlReport>> crawl_here(
      CrawlOptions options, std::function<void(const CrawlEvent&)> on_page);
  asio::awaitable<CrawlEvent> visit(std::string url, std::size_t depth, ReadOptions options,
                                    std::string collection);
  asio::awaitable<std::vector<std::string>> sitemap_pages(Url start, ReadOptions options,
                                                          std::size_t most);
  asio::awaitable<std::vector<PageLink>> feed_entries(std::string feed, ReadOptions options);

  Ports ports_;
};

}  // namespace seine::web
