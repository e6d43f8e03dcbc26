// HMAC-SHA256 (RFC 2104, FIPS 180-4) through OpenSSL, for signed webhooks. Pure, safe on any
// thread.
#pragma once

#include <string>
#include <string_view>

namespace seine::net {

// The 32 bytes of the code. Compare codes with base::constant_time_equal.
std::string hmac_sha256(std::string_view key, std::string_view message);

}  // namespace seine::net
