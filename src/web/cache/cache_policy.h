// The rules of a private HTTP cache (RFC 9111, RFC 5861) as pure functions: what may be kept, how
// old it is, how long it is fresh, what a request may be answered with, how a 304 updates it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/headers.h"
#include "web/fetch/transport.h"

namespace seine::web {

struct StoredResponse {
  std::string variant;  // see variant_of: the request fields that Vary names, and a Range
  int status = 0;
  net::Headers headers;
  base::WallTime request_time{};
  base::WallTime response_time{};
  std::string body_ref;  // the store's own
  std::uint64_t body_bytes = 0;
};

enum class CacheDecision : std::uint8_t {
  kServe,
  kServeAndRevalidate,  // stale-while-revalidate
  kValidate,
};

bool may_store(const HopRequest& request, int status, const net::Headers& headers);
std::chrono::seconds current_age(const StoredResponse& stored, base::WallTime now);
std::chrono::seconds freshness_lifetime(const StoredResponse& stored, base::WallTime now);
CacheDecision decide(const StoredResponse& stored, const HopRequest& request, base::WallTime now);
// Whether it may be served although the source has failed: `failed_hard` when nothing came at all.
bool serve_on_error(const StoredResponse& stored, base::WallTime now);

// Both with the values of `headers`, as text that compares equal for equal variants. "*" never
// matches anything.
std::string variant_of(const net::Headers& response_headers, const net::Headers& request_headers);
// Whether a request would get this variant.
bool variant_matches(const StoredResponse& stored, const net::Headers& request_headers);

// If-None-Match and If-Modified-Since from what is kept. False when it has no validator.
bool add_validators(const StoredResponse& stored, net::Headers& request_headers);
void update_headers(net::Headers& stored, const net::Headers& fresh);
// What is kept of a response's headers.
net::Headers storable_headers(const net::Headers& headers);
// Sets Age, drops fields that no-cache="..." names.
net::Headers served_headers(const StoredResponse& stored, base::WallTime now);

}  // namespace seine::web
