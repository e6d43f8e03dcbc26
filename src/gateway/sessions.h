// Console sessions. A link token is good for one exchange against a session; a session is a cookie
// that scripts cannot read. Both are 256 random bits of which only the hash is stored, in the
// key-value store, so that they survive a restart and another process on the same data directory
// (`seine link`) can make a link. Blocks on the store; safe on any thread.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "store/key_value.h"

namespace seine::gateway {

class Sessions {
 public:
  static constexpr std::chrono::hours kLinkLife{24};
  static constexpr std::chrono::days kSessionLife{30};
  static constexpr std::string_view kCookieName = "seine_session";

  // All three outlive it.
  Sessions(store::KeyValue& records, const base::Clock& clock, base::Random& random);

  // A token for the fragment of a one-time link.
  base::Result<std::string> mint_link();
  // Trades a link token for a session secret. kUnauthenticated for one that is unknown, used or too
  // old.
  base::Result<std::string> redeem(std::string_view link_token);
  // Whether the secret is that of a live session.
  base::Result<bool> verify(std::string_view secret);
  // What verify remembers of this secret from the last minute, without touching the store.
  bool recently_verified(std::string_view secret) const;

 private:
  store::KeyValue& records_;
  const base::Clock& clock_;
  base::Random& random_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, base::TimePoint> recent_;  // hash -> until when it is trusted
};

// The value of one cookie of a Cookie field; empty if it is not there.
std::string_view cookie_value(std::string_view cookie_field, std::string_view name);

}  // namespace seine::gateway
