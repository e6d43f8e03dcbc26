#include "web/watch/webhook.h"

#include <gtest/gtest.h>

namespace seine::web {
namespace {

using base::Code;

// The example of the scheme's own documentation.
constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kBody = R"({"test": 2432232314})";
const base::WallTime kThen{std::chrono::seconds(1614265330)};

net::Headers example() {
  return {{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
          {"webhook-timestamp", "1614265330"},
          {"webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}};
}

TEST(Webhook, TheExampleOfTheScheme) {
  const auto made = webhook_headers(kSecret, "msg_p5jXN8AQM9LWM0D4loKWxJek", kBody, kThen);
  ASSERT_TRUE(made);
  for (const net::Headers::Field field : example()) EXPECT_EQ(made->get(field.name), field.value);
  EXPECT_EQ(verify_webhook(kSecret, example(), kBody, kThen), "msg_p5jXN8AQM9LWM0D4loKWxJek");
}

TEST(Webhook, RefusesWhatIsNotSigned) {
  const auto refused = [](net::Headers headers, std::string_view body = kBody,
                          base::WallTime now = kThen, std::string_view secret = kSecret) {
    const auto result = verify_webhook(secret, headers, body, now);
    return !result && result.error().code == Code::kUnauthenticated;
  };
  EXPECT_TRUE(refused(example(), R"({"test": 2432232315})"));
  EXPECT_TRUE(refused(example(), kBody, kThen + std::chrono::seconds(301)));
  EXPECT_TRUE(refused(example(), kBody, kThen - std::chrono::seconds(301)));
  EXPECT_FALSE(refused(example(), kBody, kThen + std::chrono::seconds(299)));
  EXPECT_TRUE(refused(example(), kBody, kThen, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
  for (const char* name : {"webhook-id", "webhook-timestamp", "webhook-signature"}) {
    net::Headers headers = example();
    headers.remove(name);
    EXPECT_TRUE(refused(headers)) << name;
    headers.add(name, "x.y");
    EXPECT_TRUE(refused(headers)) << name;
  }
  net::Headers far = example();
  far.set("webhook-timestamp", "18446744073709551615");
  EXPECT_TRUE(refused(far));
}

TEST(Webhook, OneOfSeveralSignaturesIsEnough) {
  net::Headers headers = example();
  const std::string real(*headers.get("webhook-signature"));
  headers.set("webhook-signature", "v1,bm8= v1a,xyz " + real);
  EXPECT_TRUE(verify_webhook(kSecret, headers, kBody, kThen));
  std::string many;
  for (int i = 0; i < 20; ++i) many += "v1,bm8= ";
  headers.set("webhook-signature", many + real);
  EXPECT_FALSE(verify_webhook(kSecret, headers, kBody, kThen));
}

TEST(Webhook, SecretsAreOfTheSchemesForm) {
  base::SeededRandom random(7);
  const std::string secret = make_webhook_secret(random);
  EXPECT_TRUE(secret.starts_with("whsec_"));
  EXPECT_EQ(webhook_key(secret)->size(), 32u);
  EXPECT_FALSE(webhook_key("whsec_c2hvcnQ="));
  EXPECT_FALSE(webhook_key("whsec_***"));
}

}  // namespace
}  // namespace seine::web
