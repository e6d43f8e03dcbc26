// Crawler: reads a site from one address on, politely and within bounds, and keeps its pages in a
// collection. Breadth first; the links of pages, the sitemaps that robots.txt names, and the
// entries of the feeds that its pages name. Called from a coroutine on any context; cancelling it
// stops the crawl and keeps what was read.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "web/page_document.h"
#include "web/reader.h"

namespace seine::web {

namespace asio = boost::asio;

struct CrawlOptions {
  std::string url;
  std::size_t depth = 2;                  // links from the first page; 0: that page only
  std::vector<std::string> include = {};  // globs on the whole address; empty: all of the site
  std::vector<std::string> exclude = {};
  std::size_t pages_max = 200;
  // Of addresses that differ in digits and queries only: a calendar or a shop's filters make pages
  // without end. 0: no bound.
  std::size_t alike_max = 100;
  std::size_t concurrency = 4;
  bool sitemaps = true;        // and feeds
  std::size_t feeds_max = 16;  // the others are counted in the report
  // Pages whose address and link words share most with this text go first; empty: in order.
  std::string question = {};
  std::string collection = "web";  // empty: pages are only handed to `on_page`
  std::chrono::milliseconds timeout{600'000};
  ReadOptions read = {};
};

struct CrawlEvent {
  std::string url;
  std::size_t depth = 0;
  base::Result<PageDocument> page;
};

struct CrawlReport {
  std::size_t read = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;         // asks not to be indexed, or says the same as another page
  std::size_t left = 0;            // known, but past pages_max or the time
  std::size_t alike = 0;           // known, but past alike_max
  std::string alike_example = {};  // the first of them
  std::size_t feeds_left = 0;      // named, but past feeds_max, pages_max or the time
  std::string feed_example = {};   // the first of them
};

class Crawler {
 public:
  virtual ~Crawler() = default;
  // `on_page` is called for each page as it comes, on the crawler's context, and must not block.
  // An error only when the first page cannot be read.
  virtual asio::awaitable<base::Result<CrawlReport>> crawl(
      CrawlOptions options, std::function<void(const CrawlEvent&)> on_page) = 0;
};

}  // namespace seine::web
