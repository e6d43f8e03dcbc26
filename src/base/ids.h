// Identifiers. Time-ordered ones for records (UUID version 7, RFC 9562), random ones for requests,
// W3C trace ids, and secrets. Uniqueness comes from the Random that is passed in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace seine::base {

// "0190163d-8694-7e1c-9c3a-0123456789ab": sorts by time in milliseconds.
std::string make_uuid7(const Clock& clock, Random& random);

// `bytes` random bytes as lower-case hex.
std::string make_hex_id(Random& random, std::size_t bytes);

// Prefix and 32 random bytes in URL-safe base64: "sk-…" (256 bits).
std::string make_secret(std::string_view prefix, Random& random);

// W3C Trace Context, version 00.
struct TraceContext {
  std::string trace_id;   // 32 lower-case hex digits, not all zero
  std::string parent_id;  // 16 lower-case hex digits, not all zero
  bool sampled = false;

  std::string to_header() const;
};

// Nothing for a header that the standard says to ignore.
std::optional<TraceContext> parse_traceparent(std::string_view header);
TraceContext make_trace(Random& random);

}  // namespace seine::base
