#include <gtest/gtest.h>

#include "base/random.h"
#include "net/runtime.h"
#include "web/fetch/decoder.h"
#include "web/fetch/http_date.h"
#include "web/fetch/pacer.h"
#include "web/fetch/polite_transport.h"
#include "web/fetch/test_codings.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Pacer, BurstThenEvenRate) {
  base::ManualClock clock;
  Pacer pacer({.rate = 2, .burst = 3});
  const base::TimePoint now = clock.now();
  const base::TimePoint far = now + std::chrono::hours(1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pacer.reserve(now, far), now);
  EXPECT_EQ(pacer.reserve(now, far), now + milliseconds(500));
  EXPECT_EQ(pacer.reserve(now, far), now + milliseconds(1'000));
  // Too late for the caller: the place is not taken.
  EXPECT_EQ(pacer.reserve(now, now + milliseconds(100)), std::nullopt);
  EXPECT_EQ(pacer.reserve(now, far), now + milliseconds(1'500));
}

TEST(Pacer, RestsAsAskedAndAfterFailures) {
  base::ManualClock clock;
  base::SeededRandom random(1);
  Pacer pacer({.failures_max = 3});
  const base::TimePoint now = clock.now();
  const base::TimePoint far = now + std::chrono::hours(24);
  pacer.refused(now, seconds(90), random);
  EXPECT_EQ(pacer.reserve(now, far), now + seconds(90));
  Pacer other({.failures_max = 3, .rest_min = seconds(2)});
  other.failed(now, random);
  other.failed(now, random);
  EXPECT_FALSE(other.resting(now));
  other.failed(now, random);
  EXPECT_TRUE(other.resting(now + milliseconds(999)));
  EXPECT_FALSE(other.resting(now + seconds(2)));
}

// Says from which address each host answers, and when it was asked.
class Servers final : public Transport {
 public:
  explicit Servers(const base::Clock& clock) : clock_(clock) {}
  asio::awaitable<base::Result<HopResponse>> send(HopRequest request) override {
    times.push_back(clock_.now());
    HopResponse response;
    response.status = 200;
    response.address = "192.0.2.1";
    co_return response;
  }
  std::vector<base::TimePoint> times;

 private:
  const base::Clock& clock_;
};

class PoliteTest : public testing::Test {
 protected:
  ~PoliteTest() override { runtime_.stop(); }
  // How far apart in time the first and the last of some requests went out.
  std::chrono::milliseconds spread(PoliteOptions options, const std::vector<std::string>& urls,
                                   double rate_limit = 0, GuardPolicy policy = {}) {
    Servers servers(clock_);
    PoliteTransport polite(servers, clock_, random_, options);
    runtime_.run(0, [&] {
      return send_all(polite, urls, rate_limit, std::make_shared<GuardPolicy>(std::move(policy)));
    });
    EXPECT_EQ(servers.times.size(), urls.size());
    return std::chrono::duration_cast<milliseconds>(servers.times.back() - servers.times.front());
  }
  static asio::awaitable<void> send_all(PoliteTransport& polite, std::vector<std::string> urls,
                                        double rate_limit,
                                        std::shared_ptr<const GuardPolicy> policy) {
    for (const std::string& url : urls) {
      HopRequest request{.url = *Url::parse(url), .policy = policy, .rate_limit = rate_limit};
      EXPECT_TRUE(co_await polite.send(std::move(request)));
    }
  }

  base::SystemClock clock_;
  base::SeededRandom random_{1};
  net::Runtime runtime_{1, clock_};
};

TEST_F(PoliteTest, SitesOnOneAddressShareItsPace) {
  // Each site is asked twice: the second time its address is known.
  const std::vector<std::string> urls = {"http://a.com/", "http://b.com/", "http://c.com/",
                                         "http://a.com/", "http://b.com/", "http://c.com/"};
  const PoliteOptions fast{.site = {.rate = 1'000, .burst = 1'000},
                           .address = {.rate = 10, .burst = 1}};
  // Three requests of the one address, a tenth of a second apart.
  EXPECT_GE(spread(fast, urls), milliseconds(180));
}

TEST_F(PoliteTest, ACallersRateHoldsOverAllSitesAlsoTheOperatorsOwn) {
  const PoliteOptions fast{.site = {.rate = 1'000, .burst = 1'000},
                           .address = {.rate = 1'000, .burst = 1'000}};
  const std::vector<std::string> urls(8, "http://a.com/");
  // Five at once, then three in 0.6 s.
  EXPECT_GE(spread(fast, urls, 5), milliseconds(550));
  GuardPolicy named;
  named.endpoints.push_back({"http", "127.0.0.1", 80});
  EXPECT_GE(spread(fast, std::vector<std::string>(8, "http://127.0.0.1/"), 5, named),
            milliseconds(550));
}

TEST(HttpDate, TheThreeForms) {
  const base::WallTime now = std::chrono::sys_days(std::chrono::year{2026} / 1 / 1);
  const auto when = std::chrono::sys_seconds(seconds(784'111'777));
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", now), when);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now), when);
  EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994", now), when);
  EXPECT_EQ(format_http_date(when), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (const char* bad :
       {"", "0", "Sun, 06 Nov 1994 08:49:37 AEST", "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 8:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT"})
    EXPECT_FALSE(parse_http_date(bad, now)) << bad;
}

TEST(RetryAfter, SecondsOrADateWithinBounds) {
  const base::WallTime now = std::chrono::sys_days(std::chrono::year{1994} / 11 / 6);
  EXPECT_EQ(parse_retry_after("120", now), seconds(120));
  EXPECT_EQ(parse_retry_after("0", now), seconds(1));
  EXPECT_EQ(parse_retry_after("99999999999999999999", now), seconds(3'600));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 00:02:00 GMT", now), seconds(120));
  EXPECT_EQ(parse_retry_after("soon", now), std::nullopt);
}

base::Result<std::string> decode(std::string_view codings, std::string_view bytes,
                                 std::size_t piece) {
  Decoder decoder = SEINE_TRY(Decoder::make(codings));
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    SEINE_CHECK(decoder.feed(bytes.substr(at, piece), out));
  SEINE_CHECK(decoder.finish());
  return out;
}

TEST(Decoder, AnySplitGivesTheSame) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += fmt::format("line {} of the page\n", i * 7919 % 1'000);
  for (const std::size_t piece :
       {std::size_t{1}, std::size_t{7}, std::size_t{4'096}, text.size()}) {
    EXPECT_EQ(decode("br", brotli_of(text), piece), text);
    EXPECT_EQ(decode("zstd", zstd_of(text), piece), text);
    EXPECT_EQ(decode("zstd, br", brotli_of(zstd_of(text)), piece), text);
    EXPECT_EQ(decode("identity", text, piece), text);
  }
}

TEST(Decoder, StopsBombsInEachCoding) {
  const std::string zeros(std::size_t{64} << 20, '\0');
  for (const auto& [coding, bytes] :
       {std::pair<std::string_view, std::string>{"br", brotli_of(zeros)},
        {"zstd", zstd_of(zeros)}}) {
    const auto result = decode(coding, bytes, bytes.size());
    ASSERT_FALSE(result) << coding;
    EXPECT_EQ(verdict_of(result.error()), Verdict::kTooLarge) << coding;
  }
}

TEST(Decoder, NoticesWhatIsCutOffOrDamaged) {
  const std::string text(10'000, 'x');
  for (const auto& [coding, bytes] :
       {std::pair<std::string_view, std::string>{"br", brotli_of(text)}, {"zstd", zstd_of(text)}}) {
    const auto cut = decode(coding, std::string_view(bytes).substr(0, bytes.size() - 2), 8);
    ASSERT_FALSE(cut) << coding;
    EXPECT_EQ(verdict_of(cut.error()), Verdict::kBroken) << coding;
  }
  EXPECT_FALSE(decode("gzip", "not gzip at all", 4));
  EXPECT_FALSE(Decoder::make("sdch"));
}

}  // namespace
}  // namespace seine::web
