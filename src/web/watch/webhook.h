// Signed webhooks by the Standard Webhooks scheme, both ways: HMAC-SHA256 over
// "id.timestamp.body" under a secret that is written "whsec_" and base64. Pure functions.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "net/headers.h"

namespace seine::web {

// How far the sender's clock may be from ours.
inline constexpr std::chrono::seconds kWebhookTolerance{300};
inline constexpr std::size_t kWebhookBodyMax = std::size_t{256} << 10;

// 32 random bytes: "whsec_…".
std::string make_webhook_secret(base::Random& random);
// The bytes of it; INVALID_ARGUMENT for what is no secret of 24 to 64 bytes.
base::Result<std::string> webhook_key(std::string_view secret);

// "v1,…" over the three.
std::string webhook_signature(std::string_view key, std::string_view id, std::string_view timestamp,
                              std::string_view body);
// webhook-id, webhook-timestamp and webhook-signature for a body to be sent now.
base::Result<net::Headers> webhook_headers(std::string_view secret, std::string_view id,
                                           std::string_view body, base::WallTime now);

// The id of a message that its sender has signed, not too long ago. UNAUTHENTICATED otherwise, and
// the message does not say which of the checks failed beside the form. Whether the id has been
// seen before is the caller's to look up.
base::Result<std::string> verify_webhook(std::string_view secret, const net::Headers& headers,
                                         std::string_view body, base::WallTime now);

}  // namespace seine::web
