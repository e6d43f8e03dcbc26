// A few pages of one site, the likeliest for a question first: links are followed in the order of
// how many of the question's words their text and address hold. Several pages at a time, bounded in
// pages and time; never leaves the site's origin. Runs on one network context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "answer/ports.h"
#include "base/clock.h"

namespace seine::server {

struct Link {
  std::string url;
  std::string text;
};

struct FetchedPage {
  answer::Page page;
  std::vector<Link> links;  // absolute
};

using FetchPage = std::function<boost::asio::awaitable<base::Result<FetchedPage>>(std::string url)>;

struct CrawlRequest {
  answer::SiteRequest site;
  base::Deadline deadline = base::Deadline::never();
  std::stop_token stop;
  std::function<void(answer::PageRead)> page;
};

// Starts another coroutine on the crawl's context.
using SpawnHere = std::function<void(std::function<boost::asio::awaitable<void>()>)>;

// `clock` outlives the crawl. kNotFound when no page had text.
boost::asio::awaitable<base::Result<>> crawl_site(CrawlRequest request, FetchPage fetch,
                                                  SpawnHere spawn, const base::Clock& clock);

// "[text](address)" of a Markdown text, http addresses only, without fragments.
std::vector<Link> links_of(std::string_view markdown);

}  // namespace seine::server
