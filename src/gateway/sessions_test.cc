#include "gateway/sessions.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "store/database.h"

namespace seine::gateway {
namespace {

class SessionsTest : public testing::Test {
 protected:
  SessionsTest() {
    std::string pattern = testing::TempDir() + "sessions.XXXXXX";
    directory_ = mkdtemp(pattern.data());
    database_ = *store::Database::open(directory_ + "/db");
    records_ = *store::KeyValue::open(*database_, clock_);
    sessions_ = std::make_unique<Sessions>(*records_, clock_, random_);
  }
  ~SessionsTest() override {
    sessions_.reset();
    records_.reset();
    database_.reset();
    std::filesystem::remove_all(directory_);
  }

  base::ManualClock clock_;
  base::SeededRandom random_{1};
  std::string directory_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::KeyValue> records_;
  std::unique_ptr<Sessions> sessions_;
};

TEST_F(SessionsTest, ALinkIsGoodOnce) {
  const std::string token = *sessions_->mint_link();
  const std::string secret = *sessions_->redeem(token);
  EXPECT_TRUE(*sessions_->verify(secret));
  EXPECT_EQ(sessions_->redeem(token).error().code, base::Code::kUnauthenticated);
  EXPECT_FALSE(*sessions_->verify(token)) << "a link is no session";
  EXPECT_FALSE(*sessions_->verify("guess"));
}

TEST_F(SessionsTest, LinksAndSessionsExpire) {
  const std::string late = *sessions_->mint_link();
  const std::string secret = *sessions_->redeem(*sessions_->mint_link());
  clock_.advance(Sessions::kLinkLife + std::chrono::seconds(1));
  EXPECT_FALSE(sessions_->redeem(late));
  EXPECT_TRUE(*sessions_->verify(secret));
  clock_.advance(Sessions::kSessionLife);
  EXPECT_FALSE(*sessions_->verify(secret));
}

TEST_F(SessionsTest, VerifiedSessionsAreTrustedForAMinute) {
  const std::string secret = *sessions_->redeem(*sessions_->mint_link());
  EXPECT_FALSE(sessions_->recently_verified(secret));
  ASSERT_TRUE(*sessions_->verify(secret));
  EXPECT_TRUE(sessions_->recently_verified(secret));
  clock_.advance(std::chrono::minutes(1));
  EXPECT_FALSE(sessions_->recently_verified(secret));
}

TEST_F(SessionsTest, AnotherProcessOnTheSameDataMakesLinks) {
  Sessions other(*records_, clock_, random_);
  EXPECT_TRUE(sessions_->redeem(*other.mint_link()));
}

TEST(CookieValue, FindsTheNamedCookieOnly) {
  EXPECT_EQ(cookie_value("a=1; seine_session=xyz; b=2", "seine_session"), "xyz");
  EXPECT_EQ(cookie_value("not_seine_session=1", "seine_session"), "");
  EXPECT_EQ(cookie_value("seine_session", "seine_session"), "");
  EXPECT_EQ(cookie_value("", "seine_session"), "");
}

}  // namespace
}  // namespace seine::gateway
