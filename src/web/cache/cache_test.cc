#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "net/runtime.h"
#include "store/data_dir.h"
#include "web/cache/cache_control.h"
#include "web/cache/cache_policy.h"
#include "web/cache/caching_transport.h"
#include "web/cache/disk_store.h"
#include "web/cache/memory_store.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

using std::chrono::seconds;

TEST(CacheControl, ReadsWhatIsThere) {
  const auto control = CacheControl::parse(
      "Max-Age=60, no-cache=\"set-cookie, a\", ext=\"max-age=1, no-store\", stale-if-error=5");
  EXPECT_EQ(control.max_age, seconds(60));
  EXPECT_FALSE(control.no_cache);
  EXPECT_FALSE(control.no_store);
  EXPECT_THAT(control.no_cache_fields, testing::ElementsAre("set-cookie", "a"));
  EXPECT_EQ(control.stale_if_error, seconds(5));
}

TEST(CacheControl, DoubtMeansStale) {
  EXPECT_EQ(CacheControl::parse("max-age=abc").max_age, seconds(0));
  EXPECT_EQ(CacheControl::parse("max-age=-1").max_age, seconds(0));
  EXPECT_EQ(CacheControl::parse("max-age=1800, max-age=1").max_age, seconds(1));
  EXPECT_EQ(CacheControl::parse("max-age=99999999999999999999").max_age,
            seconds(std::int64_t{1} << 31));
}

StoredResponse stored_at(base::WallTime now, net::Headers headers) {
  StoredResponse stored;
  stored.status = 200;
  stored.headers = std::move(headers);
  stored.request_time = now;
  stored.response_time = now;
  return stored;
}

TEST(CachePolicy, CallersToleranceAndTheSitesInsistence) {
  const base::ManualClock clock;
  const base::WallTime now = clock.wall();
  HopRequest request{.url = *Url::parse("http://example.org/")};
  const auto stale = stored_at(now, {{"Cache-Control", "max-age=1"}});
  EXPECT_EQ(decide(stale, request, now + seconds(10)), CacheDecision::kValidate);
  request.cache.max_age = seconds(60);
  EXPECT_EQ(decide(stale, request, now + seconds(10)), CacheDecision::kServe);
  EXPECT_EQ(decide(stale, request, now + seconds(61)), CacheDecision::kValidate);
  const auto strict = stored_at(now, {{"Cache-Control", "max-age=1, must-revalidate"}});
  EXPECT_EQ(decide(strict, request, now + seconds(10)), CacheDecision::kValidate);
  request.cache.max_age = seconds(0);
  const auto fresh = stored_at(now, {{"Cache-Control", "max-age=3600"}});
  EXPECT_EQ(decide(fresh, request, now), CacheDecision::kValidate);
  request.cache.offline = true;
  EXPECT_EQ(decide(strict, request, now + seconds(1'000'000)), CacheDecision::kServe);
}

TEST(CachePolicy, VariantsCompareWhatVaryNames) {
  StoredResponse stored = stored_at({}, {{"Vary", "Accept-Language, foo"}});
  stored.variant = variant_of(stored.headers, {{"accept-language", "en,  zh"}});
  EXPECT_TRUE(variant_matches(stored, {{"Accept-Language", "en,zh"}, {"Other", "1"}}));
  EXPECT_FALSE(variant_matches(stored, {{"Accept-Language", "zh,en"}}));
  EXPECT_FALSE(variant_matches(stored, {{"Accept-Language", "en,zh"}, {"Foo", ""}}));
  stored.headers.add("Vary", "*");
  EXPECT_FALSE(variant_matches(stored, {{"Accept-Language", "en, zh"}}));
}

// Answers what the test says; counts.
class Source final : public Transport {
 public:
  asio::awaitable<base::Result<HopResponse>> send(HopRequest request) override {
    ++calls;
    last = request;
    if (down) co_return fail_verdict(Verdict::kUnreachable, "down");
    HopResponse response = answer;
    if (validates && request.headers.contains("if-none-match")) {
      response.status = 304;
      response.body.clear();
    }
    co_return response;
  }
  int calls = 0;
  bool down = false;
  bool validates = false;
  HopRequest last;
  HopResponse answer;
};

class CachingTest : public testing::Test {
 protected:
  CachingTest() : runtime_(1, system_) {
    source_.answer.status = 200;
    source_.answer.body = "one";
    source_.answer.headers.add("Cache-Control", "max-age=10");
    source_.answer.headers.add("ETag", "W/\"v1\"");
    path_ = std::filesystem::path(testing::TempDir()) /
            fmt::format("cache-{}", testing::UnitTest::GetInstance()->random_seed() + counter_++);
    std::filesystem::remove_all(path_);
    directory_ = *store::DataDir::open(path_.string());
    database_ = *store::Database::open(directory_->database());
    blobs_ = *store::BlobStore::open(directory_->blobs(), *database_, system_);
    disk_ = *DiskStore::open(*database_, *blobs_, pool_, clock_, {.bytes_max = 100});
    cache_ = std::make_unique<CachingTransport>(source_, *disk_, clock_);
  }
  ~CachingTest() override {
    runtime_.stop();
    cache_.reset();
    disk_.reset();
    blobs_.reset();
    database_.reset();
    std::filesystem::remove_all(path_);
  }

  static asio::awaitable<void> keep(CachingTransport& cache, HopRequest request,
                                    std::optional<base::Result<HopResponse>>& out) {
    out.emplace(co_await cache.send(std::move(request)));
  }
  base::Result<HopResponse> get(std::string_view url, net::Headers headers = {},
                                CacheUse use = {}) {
    HopRequest request{.url = *Url::parse(url), .headers = std::move(headers), .cache = use};
    std::optional<base::Result<HopResponse>> out;
    runtime_.run(0, [&] { return keep(*cache_, request, out); });
    return *std::move(out);
  }

  static inline int counter_ = 0;
  base::SystemClock system_;
  base::ManualClock clock_;
  net::Runtime runtime_;
  store::WorkerPool pool_{1, 64};
  std::filesystem::path path_;
  std::optional<store::DataDir> directory_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::BlobStore> blobs_;
  std::unique_ptr<DiskStore> disk_;
  Source source_;
  std::unique_ptr<CachingTransport> cache_;
};

TEST_F(CachingTest, ServesFreshAndValidatesStale) {
  EXPECT_EQ(get("http://a.example/")->from, PageSource::kNetwork);
  clock_.advance(seconds(5));
  const auto hit = get("http://a.example/");
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->from, PageSource::kCache);
  EXPECT_EQ(hit->age, seconds(5));
  EXPECT_EQ(hit->body, "one");
  EXPECT_EQ(source_.calls, 1);
  clock_.advance(seconds(6));
  source_.validates = true;
  const auto confirmed = get("http://a.example/");
  ASSERT_TRUE(confirmed);
  EXPECT_TRUE(confirmed->revalidated);
  EXPECT_EQ(confirmed->body, "one");
  EXPECT_EQ(source_.last.headers.get("if-none-match"), "W/\"v1\"");
  EXPECT_EQ(get("http://a.example/")->age, seconds(0));
  EXPECT_EQ(source_.calls, 2);
}

TEST_F(CachingTest, SourceDownGivesTheOldMarkedStale) {
  ASSERT_TRUE(get("http://a.example/"));
  clock_.advance(seconds(100));
  source_.down = true;
  const auto old = get("http://a.example/");
  ASSERT_TRUE(old);
  EXPECT_TRUE(old->stale);
  EXPECT_EQ(old->age, seconds(100));
  clock_.advance(std::chrono::days(30));
  EXPECT_FALSE(get("http://a.example/"));
}

TEST_F(CachingTest, PrincipalsDoNotShare) {
  ASSERT_TRUE(get("http://a.example/", {{"Cookie", "id=1"}}, {.principal = "ann"}));
  ASSERT_TRUE(get("http://a.example/", {{"Cookie", "id=2"}}, {.principal = "bob"}));
  ASSERT_TRUE(get("http://a.example/"));
  EXPECT_EQ(source_.calls, 3);
  ASSERT_TRUE(get("http://a.example/", {{"Cookie", "id=1"}}, {.principal = "ann"}));
  EXPECT_EQ(source_.calls, 3);
  // Without a name, the secret itself tells them apart.
  ASSERT_TRUE(get("http://a.example/", {{"Authorization", "x"}}));
  ASSERT_TRUE(get("http://a.example/", {{"Authorization", "y"}}));
  EXPECT_EQ(source_.calls, 5);
}

TEST_F(CachingTest, OfflineNeverAsks) {
  const auto missing = get("http://a.example/", {}, {.offline = true});
  ASSERT_FALSE(missing);
  EXPECT_EQ(verdict_of(missing.error()), Verdict::kOffline);
  EXPECT_EQ(source_.calls, 0);
  ASSERT_TRUE(get("http://a.example/"));
  clock_.advance(std::chrono::days(400));
  EXPECT_TRUE(get("http://a.example/", {}, {.offline = true}));
  EXPECT_EQ(source_.calls, 1);
}

TEST_F(CachingTest, OldestUseIsEvictedAtTheBound) {
  source_.answer.body = std::string(60, 'x');
  ASSERT_TRUE(get("http://a.example/"));
  clock_.advance(seconds(1));
  source_.answer.body = std::string(60, 'y');
  ASSERT_TRUE(get("http://b.example/"));  // 120 bytes: the bound is 100
  EXPECT_EQ(get("http://b.example/")->from, PageSource::kCache);
  EXPECT_EQ(get("http://a.example/")->from, PageSource::kNetwork);
}

TEST_F(CachingTest, NoStoreIsNotStored) {
  source_.answer.headers.set("Cache-Control", "no-store, max-age=100");
  ASSERT_TRUE(get("http://a.example/"));
  ASSERT_TRUE(get("http://a.example/"));
  EXPECT_EQ(source_.calls, 2);
}

}  // namespace
}  // namespace seine::web
