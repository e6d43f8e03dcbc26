#include "server/page_reader.h"

#include <boost/asio/awaitable.hpp>
#include <utility>

#include "base/text.h"
#include "net/client.h"
#include "server/calls.h"
#include "server/site_crawl.h"
#include "server/version.h"
#include "web/extract/page.h"
#include "web/guard/guard.h"
#include "web/url/url.h"

namespace seine::server {
namespace {

namespace asio = boost::asio;

using base::Code;
using base::Result;

std::string_view block_kind(web::BlockKind kind) {
  switch (kind) {
    case web::BlockKind::kHeading:
      return "heading";
    case web::BlockKind::kListItem:
      return "list_item";
    case web::BlockKind::kQuote:
      return "quote";
    case web::BlockKind::kCode:
      return "code";
    case web::BlockKind::kTable:
      return "table";
    case web::BlockKind::kFormula:
      return "formula";
    case web::BlockKind::kRule:
      return "rule";
    case web::BlockKind::kCaption:
      return "caption";
    case web::BlockKind::kParagraph:
      break;
  }
  return "paragraph";
}

// Blocks as one text, each with its place and the headings above it.
void append_blocks(const std::vector<web::Block>& blocks, answer::Page& page) {
  std::vector<std::pair<int, std::string>> above;
  for (const web::Block& block : blocks) {
    if (block.markdown.empty()) continue;
    std::string path;
    for (const auto& [level, text] : above) path += (path.empty() ? "" : " > ") + text;
    if (!page.markdown.empty()) page.markdown += "\n\n";
    const std::size_t begin = page.markdown.size();
    page.markdown += block.markdown;
    page.blocks.push_back(
        {std::string(block_kind(block.kind)), {begin, page.markdown.size()}, path});
    if (block.kind == web::BlockKind::kHeading) {
      while (!above.empty() && above.back().first >= block.level) above.pop_back();
      above.emplace_back(block.level, block.text);
    }
  }
}

std::string header_charset(std::string_view type) {
  const std::size_t at = base::ascii_lower(type).find("charset=");
  if (at == std::string::npos) return {};
  std::string_view value = type.substr(at + 8);
  value = base::trim(value.substr(0, value.find(';')));
  if (value.starts_with('"') && value.size() > 1) value = value.substr(1, value.find('"', 1) - 1);
  return std::string(value);
}

Result<FetchedPage> page_of(const std::string& bytes, const std::string& url, int status,
                            std::string_view type, base::WallTime now) {
  const std::string media = base::ascii_lower(base::trim(type.substr(0, type.find(';'))));
  const bool plain = media == "text/plain" || media == "text/markdown";
  if (!plain && media != "text/html" && media != "application/xhtml+xml" && !media.empty()) {
    return base::fail_field(Code::kUnimplemented, "content_type",
                            "{} is not a page that can be read", media);
  }
  web::PageOptions options{.url = url, .header_charset = header_charset(type), .status = status};
  FetchedPage out{.page = {.url = url, .fetched_at = now, .markdown = {}, .blocks = {}},
                  .links = {}};
  if (plain) {
    web::Block block{.markdown = bytes, .text = bytes};
    append_blocks({std::move(block)}, out.page);
    return out;
  }
  const web::Page page = SEINE_TRY(web::read_page(bytes, options));
  options.main_content = false;
  out.links = links_of(SEINE_TRY(web::read_page(bytes, options)).markdown());
  if (page.failure != web::PageFailure::kNone) {
    const std::string_view name = web::page_failure_name(page.failure);
    return base::fail_field(Code::kFailedPrecondition, name, "the page has no content: {}", name);
  }
  out.page.title = page.metadata.title;
  out.page.site = page.metadata.site_name;
  out.page.author = page.metadata.author;
  out.page.published = page.metadata.published;
  out.page.language = page.metadata.language;
  append_blocks(page.blocks, out.page);
  if (out.page.markdown.empty()) {
    return base::fail_field(Code::kFailedPrecondition, "empty", "the page has no text");
  }
  return out;
}

net::ClientOptions client_options() {
  net::ClientOptions options;
  options.user_agent = fmt::format("Seine/{}", kVersion);
  options.limits.connect_timeout = std::chrono::milliseconds(4000);
  options.limits.first_byte_timeout = std::chrono::milliseconds(8000);
  options.limits.idle_timeout = std::chrono::milliseconds(5000);
  options.limits.total_timeout = std::chrono::milliseconds(20000);
  options.limits.connections_per_origin_max = 8;
  return options;
}

net::ClientOptions guarded_options() {
  net::ClientOptions options = client_options();
  options.approve = [](std::string_view address, std::uint16_t, std::string_view host) -> Result<> {
    const auto ip = web::IpAddress::parse(address);
    if (ip && web::classify(*ip) == web::AddressKind::kGlobal) return {};
    return base::fail_field(Code::kPermissionDenied, "address", "{} is not a public place", host);
  };
  return options;
}

}  // namespace

struct PageReader::Impl {
  Impl(net::Runtime& runtime_given, const base::Clock& clock_given)
      : runtime(runtime_given),
        clock(clock_given),
        guarded(runtime_given, guarded_options()),
        open(runtime_given, client_options()),
        calls(runtime_given) {}

  static asio::awaitable<Result<FetchedPage>> fetch(Impl* own, std::string address,
                                                    std::string trusted_origin,
                                                    base::Deadline deadline);
  static asio::awaitable<void> read_one(Impl* own, std::string url, std::string trusted_origin,
                                        base::Deadline deadline,
                                        std::function<void(Result<answer::Page>)> done) {
    Result<FetchedPage> fetched = co_await fetch(own, url, trusted_origin, deadline);
    if (fetched) {
      done(std::move(fetched->page));
    } else {
      done(std::unexpected(std::move(fetched).error()));
    }
  }
  static asio::awaitable<void> read_many(Impl* own, CrawlRequest crawl, std::string trusted_origin,
                                         std::function<void(Result<>)> done) {
    const std::size_t place = own->runtime.current();
    const std::stop_token stop = crawl.stop;
    const base::Deadline deadline = crawl.deadline;
    done(co_await crawl_site(
        std::move(crawl),
        [own, trusted_origin, deadline](std::string url) {
          return fetch(own, std::move(url), trusted_origin, deadline);
        },
        [own, place, stop](Calls::Work work) { own->calls.start_on(place, std::move(work), stop); },
        own->clock));
  }

  net::Runtime& runtime;
  const base::Clock& clock;
  net::Client guarded;
  net::Client open;
  Calls calls;  // destroyed first: ends what uses the others
};

asio::awaitable<Result<FetchedPage>> PageReader::Impl::fetch(Impl* own, std::string address,
                                                             std::string trusted_origin,
                                                             base::Deadline deadline) {
  web::Url url = SEINE_CO_TRY(web::Url::parse(address));
  for (int hop = 0;; ++hop) {
    url.clear_credentials();
    url.clear_fragment();
    const bool trusted = !trusted_origin.empty() && url.origin() == trusted_origin;
    if (!trusted) {
      const web::Refusal refusal = web::judge_url(url, {});
      if (refusal != web::Refusal::kNone) {
        co_return std::unexpected(web::refusal_error(refusal, url).error());
      }
    }
    net::ClientRequest request;
    request.url = SEINE_CO_TRY(net::parse_url(url.href(false)));
    request.headers = {{"accept", "text/html,application/xhtml+xml,text/plain;q=0.8"},
                       {"accept-encoding", "identity"}};
    request.deadline = deadline;
    net::Client& client = trusted ? own->open : own->guarded;
    net::ClientResponse response = SEINE_CO_TRY(co_await client.send(std::move(request)));
    const int status = response.status();
    const auto location = response.headers().get("location");
    if (status >= 300 && status < 400 && status != 304 && location) {
      if (hop == kRedirectsMax) {
        co_return base::fail_field(Code::kFailedPrecondition, "redirects", "more than {} redirects",
                                   kRedirectsMax);
      }
      url = SEINE_CO_TRY(web::Url::parse(*location, &url));
      continue;
    }
    if (status != 200) {
      co_return base::fail_field(
          status == 404 || status == 410 ? Code::kNotFound : Code::kUnavailable, "http_status",
          "the server answered {}", status);
    }
    const std::string type(response.headers().get("content-type").value_or("text/html"));
    const std::string bytes = SEINE_CO_TRY(co_await response.read_all(kBodyBytesMax));
    co_return page_of(bytes, url.href(), status, type, own->clock.wall());
  }
}

PageReader::PageReader(net::Runtime& runtime, const base::Clock& clock)
    : impl_(std::make_unique<Impl>(runtime, clock)) {}
PageReader::~PageReader() = default;

namespace {

std::string origin_of(const std::string& address, answer::Origin origin) {
  const Result<web::Url> url = web::Url::parse(address);
  return origin == answer::Origin::kOperator && url ? url->origin() : std::string();
}

}  // namespace

void PageReader::read(answer::ReadRequest request, base::Deadline deadline, std::stop_token stop,
                      std::function<void(Result<answer::Page>)> done) {
  const std::string trusted = origin_of(request.url, request.origin);
  impl_->calls.start(
      [own = impl_.get(), url = std::move(request.url), trusted, deadline, done = std::move(done)] {
        return Impl::read_one(own, url, trusted, deadline, done);
      },
      std::move(stop));
}

void PageReader::read_site(answer::SiteRequest request, base::Deadline deadline,
                           std::stop_token stop, std::function<void(answer::PageRead)> page,
                           std::function<void(Result<>)> done) {
  const std::string trusted = origin_of(request.url, request.origin);
  CrawlRequest crawl{std::move(request), deadline, stop, std::move(page)};
  impl_->calls.start(
      [own = impl_.get(), crawl = std::move(crawl), trusted, done = std::move(done)] {
        return Impl::read_many(own, crawl, trusted, done);
      },
      std::move(stop));
}

}  // namespace seine::server
