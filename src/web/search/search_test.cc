// Providers by recorded answers (written by hand from the documented formats), and their race.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "base/json.h"
#include "net/event.h"
#include "net/runtime.h"
#include "web/search/merge.h"
#include "web/search/provider.h"
#include "web/search/search_engine.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

ProviderAnswer parse(std::string_view id, int status, std::string_view body) {
  return find_provider(id)->parse(status, body);
}

struct Recorded {
  std::string_view provider;
  std::string_view body;
  std::string_view title;
  std::string_view url;
};

class Answers : public testing::TestWithParam<Recorded> {};

TEST_P(Answers, GiveTheirFirstHit) {
  const ProviderAnswer answer = parse(GetParam().provider, 200, GetParam().body);
  ASSERT_EQ(answer.failure, SearchFailure::kNone) << answer.detail;
  ASSERT_FALSE(answer.hits.empty());
  EXPECT_EQ(answer.hits[0].title, GetParam().title);
  EXPECT_EQ(answer.hits[0].url, GetParam().url);
  EXPECT_EQ(answer.hits[0].provider, GetParam().provider);
  EXPECT_EQ(answer.hits[0].rank, 1u);
}

INSTANTIATE_TEST_SUITE_P(
    Recorded, Answers,
    testing::Values(
        Recorded{
            "searxng",
            R"({"query":"q","results":[{"url":"https://a.example/","title":"A &amp; B","content":"s","publishedDate":null,"engines":["x"]}],"unresponsive_engines":[]})",
            "A & B", "https://a.example/"},
        Recorded{
            "brave",
            R"({"type":"search","web":{"type":"search","results":[{"title":"The <strong>Seine</strong>","url":"https://a.example/s","description":"d","page_age":"2026-01-02T03:04:05","extra_snippets":["e"]}]}})",
            "The Seine", "https://a.example/s"},
        Recorded{
            "bing",
            R"({"_type":"SearchResponse","webPages":{"value":[{"name":"N","url":"https://a.example/n","snippet":"s","datePublished":"2025-12-31T00:00:00.0000000"}]}})",
            "N", "https://a.example/n"},
        Recorded{
            "bocha",
            R"({"code":200,"log_id":"e","msg":null,"data":{"_type":"SearchResponse","webPages":{"value":[{"name":"塞纳河","url":"https://a.example/zh","snippet":"短","summary":"较长的摘要","siteName":"站","datePublished":"2024-07-22T11:58:00+08:00"}]}}})",
            "塞纳河", "https://a.example/zh"},
        Recorded{
            "iqs",
            R"({"requestId":"1","pageItems":[{"title":"T","link":"https://a.example/q","hostname":"网","snippet":"s","markdownText":"# T\n\ntext","publishedTime":"2025-04-27T20:36:04+08:00"}]})",
            "T", "https://a.example/q"},
        Recorded{
            "serper",
            R"({"searchParameters":{"q":"q"},"organic":[{"title":"T","link":"https://a.example/g","snippet":"s","date":"3 days ago","position":1}],"credits":1})",
            "T", "https://a.example/g"},
        Recorded{
            "tavily",
            R"({"query":"q","answer":null,"results":[{"title":"T","url":"https://a.example/t","content":"c","score":0.9,"raw_content":null}]})",
            "T", "https://a.example/t"},
        Recorded{
            "exa",
            R"({"requestId":"1","results":[{"id":"x","url":"https://a.example/e","title":"T","highlights":["h"]}],"costDollars":{"total":0.005}})",
            "T", "https://a.example/e"},
        Recorded{
            "google",
            R"({"searchInformation":{"totalResults":"1"},"items":[{"title":"T","link":"https://a.example/c","snippet":"s","pagemap":{"metatags":[{"article:published_time":"2026-01-01"}]}}]})",
            "T", "https://a.example/c"},
        Recorded{
            "duckduckgo",
            R"(<div id="links"><div class="result result--ad"><h2><a class="result__a" href="https://ad.example/">Ad</a></h2></div><div class="result web-result"><h2><a class="result__a" href="//duckduckgo.com/l/?uddg=https%3A%2F%2Fa.example%2Fd&amp;rut=1">D</a></h2><a class="result__snippet">s</a></div></div>)",
            "D", "https://a.example/d"},
        Recorded{
            "wikipedia",
            R"({"batchcomplete":true,"query":{"pages":[{"pageid":1,"title":"Second","index":2,"fullurl":"https://en.wikipedia.org/wiki/Second"},{"pageid":2,"title":"Seine","index":1,"fullurl":"https://en.wikipedia.org/wiki/Seine","extract":"A river."}]}})",
            "Seine", "https://en.wikipedia.org/wiki/Seine"}),
    [](const auto& info) { return std::string(info.param.provider); });

TEST(Providers, FailuresAreToldApart) {
  EXPECT_EQ(parse("searxng", 200,
                  R"({"results":[],"unresponsive_engines":[["google","Suspended: CAPTCHA"]]})")
                .failure,
            SearchFailure::kDown);
  EXPECT_EQ(parse("searxng", 200, R"({"results":[]})").failure, SearchFailure::kNone);
  EXPECT_EQ(parse("searxng", 403, "").failure, SearchFailure::kRequest);
  EXPECT_EQ(parse("tavily", 432, R"({"detail":{"error":"limit"}})").failure, SearchFailure::kQuota);
  EXPECT_EQ(parse("bocha", 403, R"({"code":"403","message":"not enough money"})").failure,
            SearchFailure::kQuota);
  EXPECT_EQ(parse("bocha", 200, R"({"code":"429","message":"slow"})").failure,
            SearchFailure::kRate);
  EXPECT_EQ(parse("brave", 401, "{}").failure, SearchFailure::kBadKey);
  // A wrong key among the wrong parameters; a day's end among the rates.
  EXPECT_EQ(parse("brave", 422, R"({"error":{"code":"SUBSCRIPTION_TOKEN_INVALID"}})").failure,
            SearchFailure::kBadKey);
  EXPECT_EQ(parse("brave", 422, R"({"error":{"code":"VALIDATION"}})").failure,
            SearchFailure::kRequest);
  EXPECT_EQ(
      parse("google", 400,
            R"({"error":{"message":"API key not valid.","errors":[{"reason":"badRequest"}]}})")
          .failure,
      SearchFailure::kBadKey);
  EXPECT_EQ(
      parse(
          "google", 429,
          R"({"error":{"message":"limit 'Queries per day'","errors":[{"reason":"rateLimitExceeded"}]}})")
          .failure,
      SearchFailure::kQuota);
  EXPECT_EQ(
      parse("brave", 429, R"({"type":"ErrorResponse","error":{"code":"RATE_LIMITED"}})").failure,
      SearchFailure::kRate);
  EXPECT_EQ(
      parse("google", 403, R"({"error":{"code":403,"errors":[{"reason":"dailyLimitExceeded"}]}})")
          .failure,
      SearchFailure::kQuota);
  EXPECT_EQ(parse("serper", 400, R"({"message":"Not enough credits","statusCode":400})").failure,
            SearchFailure::kQuota);
  EXPECT_EQ(parse("bing", 200, R"({"_type":"SearchResponse"})").failure, SearchFailure::kNone);
  EXPECT_EQ(parse("duckduckgo", 202, R"(<form id="challenge-form"></form>)").failure,
            SearchFailure::kBlocked);
  EXPECT_EQ(parse("duckduckgo", 200, "<p>hello</p>").failure, SearchFailure::kMalformed);
  for (const std::string_view id : provider_ids()) {
    EXPECT_EQ(parse(id, 500, "oops").failure, SearchFailure::kDown) << id;
    if (id != "duckduckgo")
      EXPECT_EQ(parse(id, 200, "[1,2").failure, SearchFailure::kMalformed) << id;
  }
}

base::Result<ProviderCall> call_of(std::string_view id, const SearchRequest& request) {
  return find_provider(id)->call(
      request,
      {.id = std::string(id), .base_url = "http://s.example/", .key = {}, .engine_id = {}});
}

TEST(Providers, CountCharactersAsTheirLimitsDo) {
  std::string chinese;
  for (int i = 0; i < 300; ++i) chinese += "河";
  for (const std::string_view id : {"brave", "tavily", "duckduckgo", "iqs", "wikipedia"}) {
    EXPECT_TRUE(call_of(id, {.text = chinese})) << id;
    EXPECT_FALSE(call_of(id, {.text = chinese + chinese})) << id;
  }
  std::string words;
  for (int i = 0; i < 51; ++i) words += "a ";
  EXPECT_FALSE(call_of("brave", {.text = words}));
  EXPECT_TRUE(call_of("brave", {.text = words.substr(2)}));
}

TEST(Providers, TakeDatesWhereTheyHaveNoRanges) {
  const SearchRequest request{.text = "x",
                              .time_range = TimeRange::kYear,
                              .since = std::chrono::sys_days(std::chrono::days(20'000))};
  EXPECT_THAT(call_of("exa", request)->body,
              testing::HasSubstr(R"("startPublishedDate":"2024-10-04T00:00:00.000Z")"));
  EXPECT_THAT(call_of("bing", request)->url,
              testing::HasSubstr("freshness=2024-10-04..2025-10-05"));
}

TEST(Providers, AnArticleOfWikipediaIsDatedByItsLastEditWhereARangeIsAskedFor) {
  const SearchRequest request{.text = "x",
                              .time_range = TimeRange::kMonth,
                              .since = std::chrono::sys_days(std::chrono::days(20'000))};
  EXPECT_THAT(
      call_of("wikipedia", request)->url,
      testing::AllOf(testing::HasSubstr("revisions"), testing::HasSubstr("rvprop=timestamp")));
  EXPECT_THAT(call_of("wikipedia", {.text = "x"})->url, testing::Not(testing::HasSubstr("rvprop")));
  const auto answer = parse(
      "wikipedia", 200,
      R"({"query":{"pages":[{"title":"Seine","index":1,"fullurl":"https://en.wikipedia.org/wiki/Seine","revisions":[{"timestamp":"2026-01-02T03:04:05Z"}]}]}})");
  EXPECT_EQ(answer.hits.at(0).published, "2026-01-02T03:04:05Z");
}

TEST(Providers, ASearxngIsNamedWithOrWithoutItsPath) {
  for (const char* base : {"http://s.example", "http://s.example/", "http://s.example/search"}) {
    const auto call = find_provider("searxng")->call(
        {.text = "x"}, {.id = "searxng", .base_url = base, .key = {}, .engine_id = {}});
    EXPECT_TRUE(call->url.starts_with("http://s.example/search?")) << call->url;
  }
}

TEST(Providers, TheTextOfAPageStandsForAMissingSnippet) {
  const auto answer = parse(
      "iqs", 200, R"({"pageItems":[{"title":"T","link":"https://a.example/","mainText":"m"}]})");
  EXPECT_EQ(answer.hits.at(0).snippet, "m");
}

TEST(Providers, KeysStayOutOfAddresses) {
  SearchRequest request{.text = "塞纳河 length"};
  for (const std::string_view id : provider_ids()) {
    ProviderSettings settings{
        .id = std::string(id), .base_url = {}, .key = "sekret", .engine_id = {}};
    if (id == "searxng") settings.base_url = "http://127.0.0.1:8888";
    const auto call = find_provider(id)->call(request, settings);
    ASSERT_TRUE(call) << id;
    EXPECT_TRUE(Url::parse(call->url)) << call->url;
    // Google documents no other place.
    if (id != "google") EXPECT_THAT(call->url, testing::Not(testing::HasSubstr("sekret"))) << id;
  }
}

SearchHit hit(std::string url, std::string provider, std::size_t rank) {
  return {.title = "t",
          .url = std::move(url),
          .snippet = {},
          .content = {},
          .published = {},
          .site = {},
          .provider = provider,
          .providers = {provider},
          .rank = rank};
}

TEST(Merge, AgreementBeatsOneFirstPlaceAndSpellingsAreOnePage) {
  const auto merged = merge_hits(
      {{hit("https://one.example/", "a", 1), hit("https://www.two.example/x?utm_source=a", "a", 2)},
       {hit("https://three.example/", "b", 1), hit("http://two.example/x", "b", 2)}},
      10);
  ASSERT_EQ(merged.size(), 3u);
  EXPECT_EQ(merged[0].url, "https://www.two.example/x?utm_source=a");
  EXPECT_THAT(merged[0].providers, testing::ElementsAre("a", "b"));
}

TEST(Merge, OneProviderCannotVoteTwice) {
  const auto merged =
      merge_hits({{hit("https://a.example/", "a", 1), hit("https://a.example/#x", "a", 2)},
                  {hit("https://b.example/", "b", 1), hit("https://c.example/", "b", 2)}},
                 2);
  ASSERT_EQ(merged.size(), 2u);
  EXPECT_DOUBLE_EQ(merged[0].score, merged[1].score);
}

// Answers by host: a body, a failure, or nothing at all.
class Fake final : public Transport {
 public:
  asio::awaitable<base::Result<HopResponse>> send(HopRequest request) override {
    ++calls;
    const std::string host(request.url.hostname());
    if (host == "slow.example") {
      net::Event never(co_await asio::this_coro::executor);
      (void)co_await never.wait_for(std::chrono::hours(1));
      co_return fail_verdict(Verdict::kCancelled, "cancelled");
    }
    if (host == "shut.example") {
      HopResponse refusal;
      refusal.status = 403;
      refusal.body = "{}";
      co_return refusal;
    }
    if (host == "down.example") co_return fail_verdict(Verdict::kUnreachable, "down");
    HopResponse response;
    response.status = 200;
    if (host == "dated.example") {
      response.body =
          R"({"results":[{"url":"https://old.example/","title":"O","content":"s","publishedDate":"2001-02-03"},{"url":"https://new.example/","title":"N","content":"s","publishedDate":"2999-01-01T00:00:00"},{"url":"https://undated.example/","title":"U","content":"s"}],"unresponsive_engines":[]})";
      co_return response;
    }
    response.body =
        R"({"results":[{"url":"https://a.example/","title":"A","content":"s"}],"unresponsive_engines":[]})";
    co_return response;
  }
  int calls = 0;
};

class Engine : public testing::Test {
 protected:
  Engine() : runtime_(1, clock_) {}
  ~Engine() override {
    runtime_.stop();
    engine_.reset();
  }
  void make(std::vector<std::string> hosts) {
    SearchSettings settings;
    for (std::string& host : hosts)
      settings.providers.push_back(
          {.id = "searxng", .base_url = "http://" + host + ":80", .key = {}, .engine_id = {}});
    make(std::move(settings));
  }
  void make(SearchSettings settings, store::KeyValue* counts = nullptr) {
    engine_ = std::make_unique<SearchEngine>(
        SearchEngine::Ports{.home = runtime_.context(0).get_executor(),
                            .transport = fake_,
                            .counts = counts,
                            .pool = pool_,
                            .clock = clock_},
        std::move(settings));
  }
  static asio::awaitable<void> keep(SearchEngine& engine, SearchRequest request,
                                    std::optional<base::Result<SearchResponse>>& out) {
    out.emplace(co_await engine.search(std::move(request)));
  }
  base::Result<SearchResponse> search(SearchRequest request) {
    std::optional<base::Result<SearchResponse>> out;
    runtime_.run(0, [&] { return keep(*engine_, request, out); });
    return *std::move(out);
  }

  base::SystemClock clock_;
  net::Runtime runtime_;
  store::WorkerPool pool_{1, 16};
  Fake fake_;
  std::unique_ptr<SearchEngine> engine_;
};

TEST_F(Engine, TheSlowAndTheDownDoNotHoldBackTheOthers) {
  make({"slow.example", "down.example", "good.example"});
  const auto found = search({.text = "seine", .timeout = std::chrono::milliseconds(200)});
  ASSERT_TRUE(found) << found.error().to_string();
  EXPECT_EQ(found->hits.size(), 1u);
  ASSERT_EQ(found->providers.size(), 3u);
  EXPECT_EQ(found->providers[0].failure, SearchFailure::kTimeout);
  EXPECT_EQ(found->providers[1].failure, SearchFailure::kDown);
  EXPECT_EQ(found->providers[2].state, "ok");
}

TEST_F(Engine, WhatAProviderDatesBeforeTheRangeIsDropped) {
  make({"dated.example"});
  EXPECT_EQ(search({.text = "seine"})->hits.size(), 3U);
  const auto found = search({.text = "seine", .time_range = TimeRange::kWeek});
  ASSERT_TRUE(found) << found.error().to_string();
  std::vector<std::string> urls;
  for (const SearchHit& hit : found->hits) urls.push_back(hit.url);
  EXPECT_THAT(urls,
              testing::UnorderedElementsAre("https://new.example/", "https://undated.example/"));
}

TEST_F(Engine, AllDownIsAnErrorAndThenARest) {
  make({"down.example"});
  for (int i = 0; i < 2; ++i) {
    const auto failed = search({.text = "seine"});
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, base::Code::kUnavailable);
  }
  const int calls = fake_.calls;
  const auto resting = search({.text = "seine"});
  ASSERT_FALSE(resting);
  EXPECT_THAT(resting.error().message, testing::HasSubstr("resting"));
  EXPECT_EQ(fake_.calls, calls);
}

TEST_F(Engine, BudgetAndQuotaAreOurOwn) {
  SearchSettings settings;
  settings.providers.push_back({.id = "searxng",
                                .base_url = "http://good.example:80",
                                .key = {},
                                .engine_id = {},
                                .cost_usd = 1.0});
  settings.budget_usd_per_day = 1.5;
  make(settings);
  ASSERT_TRUE(search({.text = "seine"}));
  const auto spent = search({.text = "seine"});
  ASSERT_FALSE(spent);
  EXPECT_THAT(spent.error().message, testing::HasSubstr("budget"));
}

TEST_F(Engine, TheDaysBoundsOutliveTheProcess) {
  const std::string directory = testing::TempDir() + "search_counts." + std::to_string(getpid());
  std::filesystem::create_directories(directory);
  auto database = *store::Database::open(directory + "/a.db");
  auto counts = *store::KeyValue::open(*database, clock_);
  SearchSettings settings;
  settings.providers.push_back({.id = "searxng",
                                .base_url = "http://good.example:80",
                                .key = {},
                                .engine_id = {},
                                .cost_usd = 0.25,
                                .calls_per_day = 2});
  for (int i = 0; i < 2; ++i) {
    make(settings, counts.get());
    EXPECT_EQ(engine_->health()[0].calls_today, static_cast<std::uint64_t>(i));
    ASSERT_TRUE(search({.text = "seine"}));
  }
  make(settings, counts.get());
  EXPECT_EQ(engine_->health()[0].state, SearchEngine::State::kQuota);
  EXPECT_DOUBLE_EQ(engine_->health()[0].cost_today_usd, 0.5);
  EXPECT_THAT(search({.text = "seine"}).error().message, testing::HasSubstr("2 calls a day"));
  EXPECT_EQ(fake_.calls, 2);
  engine_.reset();
  counts.reset();
  database.reset();
  std::filesystem::remove_all(directory);
}

TEST_F(Engine, OneWithoutAKeyThatRefusesIsBlocked) {
  SearchSettings settings;
  settings.providers.push_back(
      {.id = "wikipedia", .base_url = "http://shut.example:80", .key = {}, .engine_id = {}});
  make(std::move(settings));
  EXPECT_THAT(search({.text = "seine"}).error().message,
              testing::HasSubstr("wikipedia [blocked]: it answers 403"));
}

TEST_F(Engine, ALastResortIsAskedSeldom) {
  SearchSettings settings;
  settings.providers.push_back(
      {.id = "duckduckgo", .base_url = "http://good.example:80", .key = {}, .engine_id = {}});
  settings.providers.push_back(
      {.id = "searxng", .base_url = "http://good.example:80", .key = {}, .engine_id = {}});
  make(std::move(settings));
  ASSERT_TRUE(search({.text = "seine"}));
  const auto again = search({.text = "seine"});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->providers[0].failure, SearchFailure::kResting);
  EXPECT_EQ(again->providers[0].detail, "it is asked once in 3 s at most");
}

TEST_F(Engine, SaysHowItsProvidersFare) {
  SearchSettings settings;
  for (const std::string_view host : {"down.example", "good.example"}) {
    settings.providers.push_back({.id = "searxng",
                                  .base_url = fmt::format("http://{}:80", host),
                                  .key = {},
                                  .engine_id = {}});
  }
  settings.providers[1].calls_per_day = 2;
  settings.providers.push_back({.id = "brave", .base_url = {}, .key = {}, .engine_id = {}});
  make(std::move(settings));
  using State = SearchEngine::State;
  const auto states = [this] {
    std::vector<State> out;
    for (const SearchEngine::Health& health : engine_->health()) out.push_back(health.state);
    return out;
  };
  EXPECT_EQ(states(), (std::vector{State::kReady, State::kReady, State::kNoKey}));
  EXPECT_FALSE(engine_->health()[1].median);
  ASSERT_TRUE(search({.text = "seine"}));
  EXPECT_TRUE(engine_->health()[1].median);
  // Once may be chance.
  EXPECT_EQ(states(), (std::vector{State::kReady, State::kReady, State::kNoKey}));
  ASSERT_TRUE(search({.text = "seine"}));
  EXPECT_EQ(states(), (std::vector{State::kDown, State::kQuota, State::kNoKey}));
  EXPECT_EQ(engine_->health()[1].calls_today, 2u);
}

TEST_F(Engine, RefusesBadQuestions) {
  make({"good.example"});
  EXPECT_EQ(search({.text = "  "}).error().code, base::Code::kInvalidArgument);
  EXPECT_EQ(search({.text = std::string(3'000, 'x')}).error().code, base::Code::kInvalidArgument);
  EXPECT_EQ(search({.text = "x", .providers = {"nosuch"}}).error().code,
            base::Code::kInvalidArgument);
}

}  // namespace
}  // namespace seine::web
