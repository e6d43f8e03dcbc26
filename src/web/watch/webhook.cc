#include "web/watch/webhook.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "net/hmac.h"

namespace seine::web {
namespace {

using base::Code;
using base::fail;

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::string_view kSignaturePrefix = "v1,";
constexpr std::size_t kKeyBytesMin = 24;
constexpr std::size_t kKeyBytesMax = 64;
constexpr std::size_t kIdBytesMax = 128;
constexpr std::size_t kSignaturesMax = 8;  // a sender that changes its secret sends two

bool is_id(std::string_view id) {
  return !id.empty() && id.size() <= kIdBytesMax && std::ranges::all_of(id, [](char c) {
    return c > ' ' && c < 0x7F && c != '.';  // the dot parts what is signed
  });
}

}  // namespace

std::string make_webhook_secret(base::Random& random) {
  std::array<std::byte, 32> bytes;
  random.fill(bytes);
  return std::string(kSecretPrefix) +
         base::base64({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

base::Result<std::string> webhook_key(std::string_view secret) {
  if (secret.starts_with(kSecretPrefix)) secret.remove_prefix(kSecretPrefix.size());
  auto key = base::from_base64(secret);
  if (!key || key->size() < kKeyBytesMin || key->size() > kKeyBytesMax)
    return base::fail_field(Code::kInvalidArgument, "secret",
                            "a webhook secret is whsec_ and the base64 of {} to {} bytes",
                            kKeyBytesMin, kKeyBytesMax);
  return *std::move(key);
}

std::string webhook_signature(std::string_view key, std::string_view id, std::string_view timestamp,
                              std::string_view body) {
  const std::string code = net::hmac_sha256(key, fmt::format("{}.{}.{}", id, timestamp, body));
  return std::string(kSignaturePrefix) + base::base64(code);
}

base::Result<net::Headers> webhook_headers(std::string_view secret, std::string_view id,
                                           std::string_view body, base::WallTime now) {
  const std::string key = SEINE_TRY(webhook_key(secret));
  const std::string timestamp =
      fmt::format("{}", std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  return net::Headers{{"webhook-id", id},
                      {"webhook-timestamp", timestamp},
                      {"webhook-signature", webhook_signature(key, id, timestamp, body)}};
}

base::Result<std::string> verify_webhook(std::string_view secret, const net::Headers& headers,
                                         std::string_view body, base::WallTime now) {
  const std::string_view id = headers.get("webhook-id").value_or("");
  const std::string_view timestamp = headers.get("webhook-timestamp").value_or("");
  const std::string_view given = headers.get("webhook-signature").value_or("");
  const auto sent = base::parse_u64(timestamp);
  if (!is_id(id) || !sent || given.empty())
    return fail(Code::kUnauthenticated,
                "a webhook carries webhook-id, webhook-timestamp and webhook-signature");
  const std::string key = SEINE_TRY(webhook_key(secret));
  const std::string wanted = webhook_signature(key, id, timestamp, body);
  bool signed_by_it = false;
  std::size_t looked_at = 0;
  for (const std::string_view one : base::split(given, ' ')) {
    if (++looked_at > kSignaturesMax) break;
    signed_by_it = base::constant_time_equal(base::trim(one), wanted) || signed_by_it;
  }
  // In seconds of either clock; far values must not overflow.
  const auto here = static_cast<std::uint64_t>(std::max<std::int64_t>(
      0, std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count()));
  const std::uint64_t apart = *sent > here ? *sent - here : here - *sent;
  if (!signed_by_it || apart > static_cast<std::uint64_t>(kWebhookTolerance.count()))
    return fail(Code::kUnauthenticated, "the webhook is not signed for this place and time");
  return std::string(id);
}

}  // namespace seine::web
