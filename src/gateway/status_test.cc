#include "gateway/status.h"

#include <gtest/gtest.h>

#include <array>

#include "base/json.h"
#include "gateway/access/guard.h"

namespace seine::gateway {
namespace {

TEST(Status, CarriesFactsChecksAndMetrics) {
  base::Metrics metrics;
  metrics.counter("c_total", "C.", {{"code", "200"}}).add(3);
  constexpr std::array kBounds = {.5};
  metrics.histogram("h_seconds", "H.", kBounds).observe(.25);
  const StatusFacts facts{.version = "1.2.3",
                          .commit = "abc",
                          .started_at = base::ManualClock().wall(),
                          .listen = {"http://127.0.0.1:1"},
                          .ready = true};
  const base::Json json =
      to_json(facts, {{"data", CheckStatus::kWarn, "low", "不足", "df"}}, metrics.snapshot());
  EXPECT_EQ(json["version"], "1.2.3");
  EXPECT_EQ(json["started_at"], "2026-01-01T01:00:00.000Z");
  EXPECT_EQ(json["checks"][0]["status"], "warn");
  EXPECT_EQ(json["checks"][0]["message"]["zh"], "不足");
  EXPECT_EQ(base::to_text(json["metrics"][0]["series"][0]),
            R"({"labels":{"code":"200"},"value":3.0})");
  EXPECT_EQ(base::to_text(json["metrics"][1]["series"][0]),
            R"({"labels":{},"count":1,"sum":0.25,"buckets":[[0.5,1],["+Inf",1]]})");
}

TEST(Loopback, HostsAndPeers) {
  for (const std::string_view host :
       {"localhost", "LOCALHOST:8480", "127.0.0.1:1", "127.9.9.9", "[::1]:80", "a.localhost:2"}) {
    EXPECT_TRUE(is_loopback_host(host)) << host;
  }
  for (const std::string_view host : {"", "example.org", "127.0.0.1.example.org", "127.0.0.256",
                                      "localhost.example.org", "[::2]", "10.0.0.1"}) {
    EXPECT_FALSE(is_loopback_host(host)) << host;
  }
  EXPECT_TRUE(is_loopback_peer("127.0.0.1:5000"));
  EXPECT_TRUE(is_loopback_peer("[::1]:5000"));
  EXPECT_TRUE(is_loopback_peer("[::ffff:127.0.0.1]:5000"));
  EXPECT_TRUE(is_loopback_peer("unix"));
  EXPECT_FALSE(is_loopback_peer("192.0.2.1:5000"));
}

}  // namespace
}  // namespace seine::gateway
