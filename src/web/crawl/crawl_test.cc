#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "net/runtime.h"
#include "store/data_dir.h"
#include "web/crawl/glob.h"
#include "web/crawl/sitemap.h"
#include "web/detail/raw_server.h"
#include "web/verdict.h"
#include "web/web.h"

namespace seine::web {
namespace {

using asio::awaitable;
using detail::RawServer;

TEST(Glob, MatchesPathsAndAddresses) {
  EXPECT_TRUE(glob_matches("/docs/**", "https://a.example/docs/x/y"));
  EXPECT_TRUE(glob_matches("/docs/*", "https://a.example/docs/x"));
  EXPECT_FALSE(glob_matches("/docs/*", "https://a.example/docs/x/y"));
  EXPECT_TRUE(glob_matches("https://*.example/**", "https://a.example/docs"));
  EXPECT_TRUE(glob_matches("guide", "https://a.example/docs/guide.html"));
  EXPECT_FALSE(glob_matches("/blog/**", "https://a.example/docs/blog/"));
  const std::string stars(2'000, '*');
  EXPECT_TRUE(glob_matches("/" + stars, "https://a.example/" + std::string(2'000, 'a')));
}

TEST(Sitemap, ReadsPagesIndexesAndLists) {
  const Sitemap pages = parse_sitemap(
      "<?xml version=\"1.0\"?><urlset xmlns=\"x\"><url><loc> https://a.example/?a=1&amp;b=2 </loc>"
      "<lastmod>2026-01-01</lastmod><image:image><image:loc>https://a.example/i.png</image:loc>"
      "</image:image></url><!-- <url><loc>https://a.example/no</loc></url> -->"
      "<url><loc><![CDATA[https://a.example/c]]></loc></url></urlset>");
  ASSERT_EQ(pages.pages.size(), 2u);
  EXPECT_EQ(pages.pages[0].url, "https://a.example/?a=1&b=2");
  EXPECT_EQ(pages.pages[0].modified, "2026-01-01");
  EXPECT_EQ(pages.pages[1].url, "https://a.example/c");
  EXPECT_EQ(parse_sitemap("<sitemapindex><sitemap><loc>https://a.example/s.xml</loc></sitemap>"
                          "</sitemapindex>")
                .sitemaps.size(),
            1u);
  EXPECT_EQ(parse_sitemap("https://a.example/1\r\nnot a url\nhttps://a.example/2\n").pages.size(),
            2u);
}

std::string html(std::string_view title, std::string_view text, std::string_view links = "") {
  return fmt::format(
      "<!doctype html><html lang=en><head><title>{0}</title></head><body><nav>{2}</nav><main>"
      "<article><h1>{0}</h1><p>{1} This paragraph is long enough to be the content of the page, "
      "and says a few things more so that nothing takes it for an empty shell.</p><h2>Details</h2>"
      "<p>The second part of {0} tells more about it, in a sentence or two of its own.</p>"
      "</article></main></body></html>",
      title, text, links);
}

awaitable<void> site(detail::tcp::socket& socket, std::string path, std::string /*head*/) {
  const std::string type = "Content-Type: text/html; charset=utf-8\r\n";
  const std::string origin = "http://127.0.0.1:" + std::to_string(socket.local_endpoint().port());
  if (path == "/") {
    co_await RawServer::answer(socket, "200 OK", type,
                               html("Home", "Welcome.",
                                    "<a href=/seine>Seine</a><a href=/loire#x>Loire</a>"
                                    "<a href=/private/a>p</a><a href=http://127.0.0.1:1/>x</a>"
                                    "<a href=/gone>gone</a><a href=/hidden>h</a>"));
  } else if (path == "/seine") {
    co_await RawServer::answer(
        socket, "200 OK", type,
        html("The Seine", "The Seine is 777 kilometres long.", "<a href=/deep>deep</a>"));
  } else if (path == "/loire") {
    co_await RawServer::answer(socket, "200 OK", type,
                               html("The Loire", "The Loire is 1,006 kilometres long."));
  } else if (path == "/deep") {
    co_await RawServer::answer(socket, "200 OK", type, html("Deep", "A page far down."));
  } else if (path == "/mapped") {
    co_await RawServer::answer(socket, "200 OK", type, html("Mapped", "Only the map names it."));
  } else if (path == "/hidden") {
    co_await RawServer::answer(socket, "200 OK", type + "X-Robots-Tag: noindex\r\n",
                               html("Hidden", "Not for any index."));
  } else if (path == "/robots.txt") {
    co_await RawServer::answer(socket, "200 OK", "", "User-agent: *\nDisallow: /private\n");
  } else if (path == "/sitemap.xml") {
    co_await RawServer::answer(socket, "200 OK", "Content-Type: application/xml\r\n",
                               "<urlset><url><loc>" + origin + "/mapped</loc></url></urlset>");
  } else if (path == "/blog") {
    co_await RawServer::answer(
        socket, "200 OK", type,
        html("Blog", "All news.",
             "<link rel=alternate type=application/atom+xml href=/feed><a href=/day/1>1</a>"));
  } else if (path == "/news") {
    co_await RawServer::answer(socket, "200 OK", type,
                               html("News", "What is new.", "<a href=/blog>blog</a>"));
  } else if (path == "/feed") {
    co_await RawServer::answer(
        socket, "200 OK", "Content-Type: application/atom+xml\r\n",
        "<feed xmlns='http://www.w3.org/2005/Atom'><title>News</title><entry><title>The flood"
        "</title><link href='/seine'/></entry><entry><title>Elsewhere</title>"
        "<link href='http://127.0.0.1:1/x'/></entry></feed>");
  } else if (path == "/nested") {
    std::string deep;
    for (int i = 0; i < 10'000; ++i) deep += "<div>";
    co_await RawServer::answer(socket, "200 OK", type,
                               html("Nested", "Ten thousand levels above what follows.") + deep +
                                   "<p>The innermost words of all.");
  } else if (path.starts_with("/day/")) {
    const int day = std::stoi(path.substr(5));
    co_await RawServer::answer(
        socket, "200 OK", type,
        html("Day " + path, "Nothing happened on day " + path + ".",
             fmt::format("<a href=/day/{}>next</a><a href=/day/{}?view=2>v</a>", day + 1, day)));
  } else {
    co_await RawServer::answer(socket, "404 Not Found", type, html("404", "Not found."));
  }
}

class WebTest : public testing::Test {
 protected:
  WebTest() {
    path_ =
        std::filesystem::path(testing::TempDir()) / fmt::format("web-{}-{}", getpid(), counter_++);
    std::filesystem::remove_all(path_);
    directory_ = *store::DataDir::open(path_.string());
    database_ = *store::Database::open(directory_->database());
    blobs_ = *store::BlobStore::open(directory_->blobs(), *database_, clock_);
    index_ = *store::TextIndex::open(*database_);
    site_.run(0, [this] { return start(*this); });
    make({});
  }
  ~WebTest() override {
    web_.reset();
    site_.stop();
    server_.reset();
    index_.reset();
    blobs_.reset();
    database_.reset();
    std::filesystem::remove_all(path_);
  }
  static awaitable<void> start(WebTest& self) {
    self.server_ = std::make_unique<RawServer>(self.site_.context(0), site);
    co_return;
  }
  void make(WebSettings settings) {
    settings.user_agent = default_user_agent("test", "");
    web_.reset();  // the end of its runtime and pool
    runtime_ = std::make_unique<net::Runtime>(1, clock_);
    pool_ = std::make_unique<store::WorkerPool>(2, 256);
    web_ = *Web::make(std::move(settings), {.runtime = *runtime_,
                                            .database = *database_,
                                            .text_index = *index_,
                                            .blobs = *blobs_,
                                            .pool = *pool_,
                                            .clock = clock_,
                                            .random = random_});
  }
  ReadOptions options() {
    ReadOptions out;
    out.endpoints.push_back(*parse_endpoint(server_->url("")));
    return out;
  }
  template <typename T>
  static awaitable<void> keep(awaitable<T> work, std::optional<T>& out) {
    out.emplace(co_await std::move(work));
  }
  template <typename T>
  T run(std::function<awaitable<T>()> work) {
    std::optional<T> out;
    runtime_->run(0, [&] { return keep(work(), out); });
    return *std::move(out);
  }
  base::Result<PageDocument> read(std::string url, ReadOptions wanted) {
    return run<base::Result<PageDocument>>([&] { return web_->reader().read(url, wanted); });
  }
  base::Result<CrawlReport> crawl(CrawlOptions wanted, std::vector<std::string>* seen = nullptr) {
    return run<base::Result<CrawlReport>>([&] {
      return web_->crawler().crawl(wanted, [seen](const CrawlEvent& event) {
        if (seen != nullptr) seen->push_back(event.url);
      });
    });
  }

  static inline int counter_ = 0;
  base::SystemClock clock_;
  base::SystemRandom random_;
  net::Runtime site_{1, clock_};
  std::unique_ptr<store::WorkerPool> pool_;
  std::unique_ptr<net::Runtime> runtime_;
  std::filesystem::path path_;
  std::optional<store::DataDir> directory_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::BlobStore> blobs_;
  std::unique_ptr<store::TextIndex> index_;
  std::unique_ptr<RawServer> server_;
  std::unique_ptr<Web> web_;
};

TEST_F(WebTest, ReadsAPageWithItsBlocksAndSnapshot) {
  const auto page = read(server_->url("/seine"), options());
  ASSERT_TRUE(page) << page.error().to_string();
  EXPECT_EQ(page->title, "The Seine");
  EXPECT_THAT(page->markdown, testing::HasSubstr("777 kilometres"));
  EXPECT_EQ(page->from, PageSource::kNetwork);
  ASSERT_TRUE(page->snapshot);
  EXPECT_EQ(*blobs_->open_blob(*page->snapshot)->read_all(), page->markdown);
  ASSERT_FALSE(page->blocks.empty());
  const std::size_t at = page->markdown.find("second part");
  const PageBlock* block = block_at(*page, at);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(block->heading_path.back(), "Details");
  for (const PageBlock& each : page->blocks) EXPECT_LE(each.end, page->markdown.size());
}

TEST_F(WebTest, WithoutTheOperatorsWordLoopbackIsRefused) {
  const auto page = read(server_->url("/seine"), {});
  ASSERT_FALSE(page);
  EXPECT_EQ(verdict_of(page.error()), Verdict::kRefused);
  EXPECT_EQ(server_->requests(), 0u);
}

TEST_F(WebTest, FailuresHaveTheirVerdict) {
  EXPECT_EQ(verdict_of(read(server_->url("/gone"), options()).error()), Verdict::kNotFound);
  EXPECT_EQ(verdict_of(read(server_->url("/private/x"), options()).error()), Verdict::kRobots);
  EXPECT_EQ(verdict_of(read("nonsense", options()).error()), Verdict::kBadUrl);
}

TEST_F(WebTest, TenThousandLevelsAreRead) {
  ReadOptions wanted = options();
  wanted.main_content = false;
  wanted.sanitize_html = true;
  const auto page = read(server_->url("/nested"), wanted);
  ASSERT_TRUE(page) << page.error().to_string();
  EXPECT_THAT(page->markdown, testing::HasSubstr("innermost words"));
  EXPECT_THAT(page->html, testing::HasSubstr("innermost words"));
}

TEST_F(WebTest, CrawlsWithinTheSiteAndFindsOffline) {
  std::vector<std::string> seen;
  CrawlOptions wanted{.url = server_->url("/"), .depth = 1, .read = options()};
  const auto report = crawl(wanted, &seen);
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->read, 4u) << testing::PrintToString(seen);  // home, seine, loire, mapped
  EXPECT_EQ(report->failed, 2u);                                // robots and 404
  EXPECT_EQ(report->skipped, 1u);                               // noindex
  EXPECT_THAT(seen, testing::Not(testing::Contains(server_->url("/deep"))));

  const auto found = run<base::Result<SearchResponse>>(
      [&] { return web_->search().search({.text = "how long is the Loire", .offline = true}); });
  ASSERT_TRUE(found);
  ASSERT_FALSE(found->hits.empty());
  EXPECT_EQ(found->hits[0].url, server_->url("/loire"));
  for (const SearchHit& hit : found->hits) EXPECT_NE(hit.url, server_->url("/hidden"));

  const auto passages = web_->index().search("web", "777 kilometres", 3);
  ASSERT_TRUE(passages);
  ASSERT_FALSE(passages->empty());
  const PassageHit& best = passages->front();
  const auto kept = blobs_->open_blob(best.snapshot)->read_all();
  EXPECT_EQ(kept->substr(best.start, best.end - best.start), best.text);
}

TEST_F(WebTest, KeptPagesAreReadWhenTheSiteIsGone) {
  ASSERT_TRUE(crawl({.url = server_->url("/seine"), .depth = 0, .read = options()}));
  ReadOptions offline = options();
  offline.network = NetworkUse::kOffline;
  const auto page = read(server_->url("/seine"), offline);
  ASSERT_TRUE(page) << page.error().to_string();
  EXPECT_THAT(page->markdown, testing::HasSubstr("777"));
  EXPECT_NE(page->from, PageSource::kNetwork);
}

TEST_F(WebTest, CrawlingAgainReplacesPages) {
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(crawl({.url = server_->url("/seine"), .depth = 0, .read = options()}));
  const auto pages = web_->index().pages("web", 10);
  ASSERT_TRUE(pages);
  EXPECT_EQ(pages->size(), 1u);
  ASSERT_TRUE(web_->index().drop("web"));
  EXPECT_TRUE(web_->index().search("web", "seine", 5)->empty());
}

TEST_F(WebTest, IncludeGlobsAndPageBounds) {
  CrawlOptions wanted{
      .url = server_->url("/"), .depth = 3, .include = {"/seine*"}, .read = options()};
  wanted.sitemaps = false;
  const auto report = crawl(wanted);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->read, 2u);
  wanted.include.clear();
  wanted.pages_max = 1;
  EXPECT_EQ(crawl(wanted)->read, 1u);
}

TEST_F(WebTest, EntriesOfFeedsAreCrawled) {
  CrawlOptions wanted{.url = server_->url("/feed"), .depth = 1, .read = options()};
  wanted.sitemaps = false;
  std::vector<std::string> seen;
  ASSERT_TRUE(crawl(wanted, &seen));
  EXPECT_THAT(seen, testing::ElementsAre(server_->url("/feed"), server_->url("/seine")));
  // A page's feed leads to its entries, and is no page of its own.
  seen.clear();
  wanted.url = server_->url("/blog");
  wanted.sitemaps = true;
  wanted.exclude = {"/mapped"};
  ASSERT_TRUE(crawl(wanted, &seen));
  EXPECT_THAT(seen, testing::UnorderedElementsAre(server_->url("/blog"), server_->url("/day/1"),
                                                  server_->url("/seine")));
  // So does that of any page above the last level.
  seen.clear();
  wanted.url = server_->url("/news");
  wanted.depth = 2;
  wanted.exclude = {"/mapped", "/day/**"};
  const auto whole = crawl(wanted, &seen);
  ASSERT_TRUE(whole);
  EXPECT_THAT(seen, testing::UnorderedElementsAre(server_->url("/news"), server_->url("/blog"),
                                                  server_->url("/seine")));
  EXPECT_EQ(whole->feeds_left, 0u);
  wanted.feeds_max = 0;
  const auto bounded = crawl(wanted);
  ASSERT_TRUE(bounded);
  EXPECT_EQ(bounded->read, 2u);
  EXPECT_EQ(bounded->feeds_left, 1u);
  EXPECT_EQ(bounded->feed_example, server_->url("/feed"));
}

TEST_F(WebTest, AddressesWithoutEndAreCutOffAndSaidSo) {
  CrawlOptions wanted{.url = server_->url("/day/1"), .depth = 50, .read = options()};
  wanted.sitemaps = false;
  wanted.alike_max = 3;
  const auto report = crawl(wanted);
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->read, 6u);  // /day/N and /day/N?view
  EXPECT_GE(report->alike, 1u);
  EXPECT_THAT(report->alike_example, testing::HasSubstr("/day/"));
  wanted.alike_max = 0;
  wanted.pages_max = 9;
  const auto unbounded = crawl(wanted);
  ASSERT_TRUE(unbounded);
  EXPECT_EQ(unbounded->read, 9u);
  EXPECT_EQ(unbounded->alike, 0u);
  EXPECT_GE(unbounded->left, 1u);
}

TEST_F(WebTest, ARecordedReadingRepeatsWithoutTheNetwork) {
  WebRecord record;
  WebSettings recording;
  recording.record = &record;
  recording.cache = false;
  make(std::move(recording));
  const auto first = read(server_->url("/seine"), options());
  ASSERT_TRUE(first);
  const auto parsed = WebRecord::parse(record.to_text());
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  WebSettings replaying;
  replaying.replay = *parsed;
  make(std::move(replaying));
  const std::size_t asked = server_->requests();
  const auto again = read(server_->url("/seine"), options());
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(again->markdown, first->markdown);
  EXPECT_EQ(again->fetched_at, first->fetched_at);
  EXPECT_EQ(server_->requests(), asked);
  EXPECT_EQ(verdict_of(read(server_->url("/loire"), options()).error()), Verdict::kOffline);
  std::string damaged = record.to_text();
  damaged.replace(damaged.find("\"bodies\":{\"") + 11, 4, "0000");
  EXPECT_FALSE(WebRecord::parse(damaged));
}

}  // namespace
}  // namespace seine::web
