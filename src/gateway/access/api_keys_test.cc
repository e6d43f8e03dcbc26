#include "gateway/access/api_keys.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/json.h"
#include "gateway/access/key_routes.h"
#include "gateway/access/rate_limits.h"

namespace seine::gateway {
namespace {

using std::chrono::seconds;

class ApiKeysTest : public testing::Test {
 protected:
  ApiKeysTest() {
    std::string pattern = testing::TempDir() + "keys.XXXXXX";
    directory_ = mkdtemp(pattern.data());
    database_ = *store::Database::open(directory_ + "/db");
    keys_ = *ApiKeys::open(*database_, clock_, random_);
  }
  ~ApiKeysTest() override {
    keys_.reset();
    database_.reset();
    std::filesystem::remove_all(directory_);
  }

  base::ManualClock clock_;
  base::SeededRandom random_{1};
  std::string directory_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<ApiKeys> keys_;
};

TEST_F(ApiKeysTest, AKeyIsKnownByItsSecretOnly) {
  const auto made = *keys_->create({.name = "laptop"});
  EXPECT_TRUE(made.secret.starts_with("sk-seine-"));
  EXPECT_TRUE(made.secret.starts_with(made.key.prefix));
  EXPECT_EQ(made.key.prefix.size(), 14u);
  EXPECT_FALSE(keys_->recently_verified(made.secret));
  EXPECT_EQ(keys_->verify(made.secret)->id, made.key.id);
  EXPECT_TRUE(keys_->recently_verified(made.secret));
  EXPECT_EQ(keys_->verify(made.secret + "x").error().code, base::Code::kUnauthenticated);
  EXPECT_EQ(keys_->verify("").error().code, base::Code::kUnauthenticated);
  // Nothing on disk can be presented as a key.
  ASSERT_TRUE(database_->checkpoint());
  const auto hits = *database_->read([&](store::Connection& c) {
    return c.value<std::int64_t>("SELECT count(*) FROM api_key WHERE hash = ?1 OR prefix = ?1",
                                 made.secret);
  });
  EXPECT_EQ(hits, 0);
}

TEST_F(ApiKeysTest, RevocationCountsAtOnceHereAndSoonFromElsewhere) {
  const auto made = *keys_->create({.name = "a"});
  ASSERT_TRUE(keys_->verify(made.secret));
  ASSERT_TRUE(keys_->revoke(made.key.id));
  EXPECT_FALSE(keys_->recently_verified(made.secret));
  EXPECT_FALSE(keys_->verify(made.secret));
  EXPECT_EQ(keys_->revoke("key_none").error().code, base::Code::kNotFound);

  const auto other = *keys_->create({.name = "b"});
  ASSERT_TRUE(keys_->verify(other.secret));
  const auto elsewhere = *ApiKeys::open(*database_, clock_, random_);
  ASSERT_TRUE(elsewhere->revoke(other.key.id));
  EXPECT_TRUE(keys_->recently_verified(other.secret));
  clock_.advance(ApiKeys::kTrust);
  EXPECT_FALSE(keys_->recently_verified(other.secret));
  EXPECT_FALSE(keys_->verify(other.secret));
}

TEST_F(ApiKeysTest, EndsWhenItSaid) {
  const auto made = *keys_->create({.name = "short", .expires_in = seconds(5)});
  EXPECT_TRUE(keys_->verify(made.secret));
  clock_.advance(seconds(5));
  // Also for what is remembered.
  EXPECT_FALSE(keys_->recently_verified(made.secret));
  EXPECT_FALSE(keys_->verify(made.secret));
  EXPECT_FALSE(keys_->create({.name = "x", .expires_in = seconds(0)}));
}

TEST_F(ApiKeysTest, NotesUseAtMostOnceAMinute) {
  const auto made = *keys_->create({.name = "a"});
  EXPECT_FALSE((*keys_->list())[0].last_used_at);
  clock_.advance(seconds(30));
  const base::WallTime first = clock_.wall();
  ASSERT_TRUE(keys_->verify(made.secret));
  ASSERT_TRUE(database_->write([](store::Connection&) { return base::Result<>(); }));
  EXPECT_EQ((*keys_->list())[0].last_used_at, first);
  clock_.advance(seconds(59));
  ASSERT_TRUE(keys_->verify(made.secret));
  ASSERT_TRUE(database_->write([](store::Connection&) { return base::Result<>(); }));
  EXPECT_EQ((*keys_->list())[0].last_used_at, first);
  clock_.advance(seconds(1));
  ASSERT_TRUE(keys_->verify(made.secret));
  ASSERT_TRUE(database_->write([](store::Connection&) { return base::Result<>(); }));
  EXPECT_EQ((*keys_->list())[0].last_used_at, clock_.wall());
}

TEST(Scopes, AdminMayAll) {
  const Scopes admin = static_cast<Scopes>(Scope::kAdmin);
  EXPECT_TRUE(allows(admin, Scope::kChat));
  EXPECT_FALSE(allows(static_cast<Scopes>(Scope::kChat), Scope::kAdmin));
  EXPECT_FALSE(allows(static_cast<Scopes>(Scope::kChat), Scope::kEmbeddings));
  EXPECT_FALSE(parse_scope("root"));
  EXPECT_EQ(scope_names(5), (std::vector<std::string>{"chat", "embeddings"}));
}

TEST(NewKey, IsReadFromJson) {
  const auto wanted = parse_new_key(*base::parse_json(
      R"({"name":"n","scopes":["chat","admin"],"expires_in_s":60,"requests_per_minute":5})"));
  ASSERT_TRUE(wanted) << wanted.error().to_string();
  EXPECT_EQ(wanted->scopes, 9);
  EXPECT_EQ(wanted->expires_in, seconds(60));
  EXPECT_EQ(wanted->requests_per_minute, 5u);
  for (const char* bad :
       {R"({})", R"({"name":1})", R"({"name":"n","scopes":"chat"})",
        R"({"name":"n","scopes":["root"]})", R"({"name":"n","scopes":[1]})",
        R"({"name":"n","expires_in_s":-1})", R"({"name":"n","requests_per_minute":-5})"}) {
    EXPECT_FALSE(parse_new_key(*base::parse_json(bad))) << bad;
  }
}

TEST(RateLimits, RefillEvenlyAndTellTheWait) {
  base::ManualClock clock;
  RateLimits limits(clock);
  const RateLimit limit{.requests_per_minute = 3};
  EXPECT_EQ(limits.admit("k", limit).requests_left, 2);
  EXPECT_TRUE(limits.admit("k", limit).admitted);
  EXPECT_EQ(format_reset(limits.admit("k", limit).requests_reset), "1m0s");
  const RateState refused = limits.admit("k", limit);
  EXPECT_FALSE(refused.admitted);
  EXPECT_STREQ(refused.refused_by, "requests");
  EXPECT_EQ(format_reset(refused.retry_after), "20s");
  EXPECT_TRUE(limits.admit("other", limit).admitted);
  clock.advance(std::chrono::milliseconds(20'001));
  EXPECT_TRUE(limits.admit("k", limit).admitted);
  EXPECT_FALSE(limits.admit("k", limit).admitted);
}

TEST(RateLimits, TokensMayRunIntoDebt) {
  base::ManualClock clock;
  RateLimits limits(clock);
  const RateLimit limit{.tokens_per_minute = 600};
  EXPECT_EQ(limits.admit("k", limit).tokens_left, 600);
  limits.charge("k", limit, 1200);
  const RateState refused = limits.admit("k", limit);
  EXPECT_FALSE(refused.admitted);
  EXPECT_STREQ(refused.refused_by, "tokens");
  clock.advance(refused.retry_after + std::chrono::milliseconds(1));
  EXPECT_TRUE(limits.admit("k", limit).admitted);
}

TEST(RateLimits, FormatsResets) {
  EXPECT_EQ(format_reset(std::chrono::milliseconds(120)), "120ms");
  EXPECT_EQ(format_reset(std::chrono::milliseconds(1000)), "1s");
  EXPECT_EQ(format_reset(std::chrono::seconds(360)), "6m0s");
  EXPECT_EQ(format_reset({}), "0ms");
}

}  // namespace
}  // namespace seine::gateway
