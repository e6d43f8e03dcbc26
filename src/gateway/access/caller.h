// Who sent a request: what the guard learned and handlers need. Lies in Request::attachment().
#pragma once

#include <cstdint>
#include <string>

#include "gateway/access/api_keys.h"
#include "gateway/access/rate_limits.h"

namespace seine::net {
class Request;
}

namespace seine::gateway {

struct Caller {
  enum class Kind : std::uint8_t { kAnonymous, kLoopback, kSession, kKey };
  Kind kind = Kind::kAnonymous;
  std::string key_id = {};  // kKey
  Scopes scopes = 0;
  RateLimit limit = {};

  // Prefixes of prompts and stored answers are shared within one of these only.
  std::string space() const { return kind == Kind::kKey ? key_id : std::string("console"); }
};

// Anonymous where no guard has been.
Caller caller_of(net::Request& request);

}  // namespace seine::gateway
