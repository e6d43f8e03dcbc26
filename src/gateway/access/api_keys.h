// API keys: 256 random bits each, of which only the hash is stored; with scopes, an end, limits a
// minute, and the time of last use. `seine key` writes to the same tables beside a running service,
// so what is known of a key is asked again after kTrust. Blocks on the store except where a
// function says otherwise; safe on any thread. The database, the clock and the randomness outlive
// it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json_fwd.h"
#include "base/random.h"
#include "store/database.h"

namespace seine::gateway {

// What a key may do. A console session and a loopback caller may do everything.
enum class Scope : std::uint8_t { kChat = 1, kModels = 2, kEmbeddings = 4, kAdmin = 8 };
using Scopes = std::uint8_t;
inline constexpr Scopes kAllScopes = 15;

// "chat", "models", "embeddings", "admin".
std::optional<Scope> parse_scope(std::string_view name);
std::vector<std::string> scope_names(Scopes scopes);
// Whether `held` suffices; admin does for all.
constexpr bool allows(Scopes held, Scope wanted) {
  return (held & (static_cast<Scopes>(wanted) | static_cast<Scopes>(Scope::kAdmin))) != 0;
}

struct ApiKey {
  std::string id;  // "key_…"
  std::string name;
  std::string prefix;  // the first characters of the key, to tell keys apart by
  Scopes scopes = 0;
  base::WallTime created_at = {};
  std::optional<base::WallTime> expires_at = {};
  std::optional<base::WallTime> last_used_at = {};
  std::uint32_t requests_per_minute = 0;  // 0: no limit
  std::uint32_t tokens_per_minute = 0;
  bool revoked = false;
};

struct NewApiKey {
  std::string name;
  Scopes scopes = static_cast<Scopes>(Scope::kChat);
  std::optional<std::chrono::seconds> expires_in = {};
  std::uint32_t requests_per_minute = 0;
  std::uint32_t tokens_per_minute = 0;
};

class ApiKeys {
 public:
  static constexpr std::string_view kPrefix = "sk-seine-";
  static constexpr std::chrono::seconds kTrust{10};
  static constexpr std::size_t kKeysMax = 10'000;
  static constexpr std::size_t kNamePointsMax = 100;

  static base::Result<std::unique_ptr<ApiKeys>> open(store::Database& database,
                                                     const base::Clock& clock,
                                                     base::Random& random);

  struct Created {
    ApiKey key;
    std::string secret;  // shown once
  };
  base::Result<Created> create(const NewApiKey& wanted);
  // Newest first, revoked ones too.
  base::Result<std::vector<ApiKey>> list();
  // kNotFound for an unknown id. Revoking twice is no error.
  base::Result<> revoke(const std::string& id);

  // The key behind a secret. kUnauthenticated for one that is unknown, revoked or past its end.
  base::Result<ApiKey> verify(std::string_view secret);
  // What verify found within kTrust, without touching the store.
  std::optional<ApiKey> recently_verified(std::string_view secret) const;

  const base::Clock& clock() const { return clock_; }

 private:
  ApiKeys(store::Database& database, const base::Clock& clock, base::Random& random)
      : database_(database), clock_(clock), random_(random) {}

  struct Known {
    ApiKey key;
    base::TimePoint until;
  };

  store::Database& database_;
  const base::Clock& clock_;
  base::Random& random_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Known> known_;  // by hash
};

base::Json to_json(const ApiKey& key);

}  // namespace seine::gateway
