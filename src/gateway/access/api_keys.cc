#include "gateway/access/api_keys.h"

#include <array>

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "store/blob_store.h"

namespace seine::gateway {
namespace {

using base::Code;
using base::fail;
using base::fail_field;
using base::Result;

constexpr std::size_t kKnownMax = 4096;
constexpr std::size_t kShownLength = 14;  // "sk-seine-" and five of the 43 random characters
// Use is noted at most so often: it is for people who look for keys to revoke.
constexpr std::chrono::minutes kUseNoted{1};

constexpr std::array<std::pair<Scope, std::string_view>, 4> kScopes = {{
    {Scope::kChat, "chat"},
    {Scope::kModels, "models"},
    {Scope::kEmbeddings, "embeddings"},
    {Scope::kAdmin, "admin"},
}};

constexpr store::Migration kMigrations[] = {
    {1, "API keys",
     "CREATE TABLE api_key("
     "id TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, prefix TEXT NOT NULL,"
     "scopes INTEGER NOT NULL, created_us INTEGER NOT NULL, expires_us INTEGER, used_us INTEGER,"
     "requests_per_minute INTEGER NOT NULL, tokens_per_minute INTEGER NOT NULL,"
     "revoked_us INTEGER) STRICT;"},
};

std::string hash_of(std::string_view secret) {
  return store::BlobId::of(secret).hex();
}

std::optional<base::WallTime> time_at(const store::Cursor& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return base::from_us(row.integer(column));
}

constexpr std::string_view kColumns =
    "SELECT id, name, prefix, scopes, created_us, expires_us, used_us, requests_per_minute,"
    " tokens_per_minute, revoked_us IS NOT NULL FROM api_key ";

ApiKey key_of(const store::Cursor& row) {
  return {.id = row.get<std::string>(0),
          .name = row.get<std::string>(1),
          .prefix = row.get<std::string>(2),
          .scopes = row.get<Scopes>(3),
          .created_at = time_at(row, 4).value_or(base::WallTime()),
          .expires_at = time_at(row, 5),
          .last_used_at = time_at(row, 6),
          .requests_per_minute = row.get<std::uint32_t>(7),
          .tokens_per_minute = row.get<std::uint32_t>(8),
          .revoked = row.get<bool>(9)};
}

bool live(const ApiKey& key, base::WallTime now) {
  return !key.revoked && (!key.expires_at || now < *key.expires_at);
}

base::Json time_json(const std::optional<base::WallTime>& time) {
  return time ? base::Json(base::format_rfc3339(*time)) : base::Json(nullptr);
}

}  // namespace

std::optional<Scope> parse_scope(std::string_view name) {
  for (const auto& [scope, known] : kScopes) {
    if (known == name) return scope;
  }
  return std::nullopt;
}

std::vector<std::string> scope_names(Scopes scopes) {
  std::vector<std::string> names;
  for (const auto& [scope, name] : kScopes) {
    if ((scopes & static_cast<Scopes>(scope)) != 0) names.emplace_back(name);
  }
  return names;
}

Result<std::unique_ptr<ApiKeys>> ApiKeys::open(store::Database& database, const base::Clock& clock,
                                               base::Random& random) {
  SEINE_CHECK(database.migrate({"gateway.access", kMigrations}));
  return std::unique_ptr<ApiKeys>(new ApiKeys(database, clock, random));
}

Result<ApiKeys::Created> ApiKeys::create(const NewApiKey& wanted) {
  const std::size_t points = base::count_points(wanted.name);
  if (base::trim(wanted.name).empty() || points > kNamePointsMax) {
    return fail_field(Code::kInvalidArgument, "name", "a key's name has 1 to {} characters, not {}",
                      kNamePointsMax, points);
  }
  if (wanted.scopes == 0) {
    return fail_field(Code::kInvalidArgument, "scopes", "a key needs at least one scope");
  }
  if (wanted.expires_in && *wanted.expires_in <= std::chrono::seconds::zero()) {
    return fail_field(Code::kInvalidArgument, "expires_in_s", "a key's end lies in the future");
  }
  Created made;
  made.secret = base::make_secret(kPrefix, random_);
  made.key = {.id = "key_" + base::make_hex_id(random_, 8),
              .name = base::to_valid_utf8(wanted.name),
              .prefix = made.secret.substr(0, kShownLength),
              .scopes = wanted.scopes,
              .created_at = clock_.wall(),
              .requests_per_minute = wanted.requests_per_minute,
              .tokens_per_minute = wanted.tokens_per_minute};
  if (wanted.expires_in) made.key.expires_at = made.key.created_at + *wanted.expires_in;
  const std::string hash = hash_of(made.secret);
  SEINE_CHECK(database_.write([&](store::Connection& c) -> Result<> {
    const auto count = SEINE_TRY(c.value<std::uint64_t>("SELECT count(*) FROM api_key"));
    if (count.value_or(0) >= kKeysMax) {
      return fail(Code::kResourceExhausted, "there are {} API keys, the limit is {}", *count,
                  kKeysMax);
    }
    const ApiKey& key = made.key;
    std::optional<std::int64_t> expires;
    if (key.expires_at) expires = base::to_us(*key.expires_at);
    return c.run("INSERT INTO api_key VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, ?8, ?9, NULL)",
                 key.id, key.name, hash, key.prefix, key.scopes, base::to_us(key.created_at),
                 expires, key.requests_per_minute, key.tokens_per_minute);
  }));
  return made;
}

Result<std::vector<ApiKey>> ApiKeys::list() {
  return database_.read([](store::Connection& c) -> Result<std::vector<ApiKey>> {
    std::vector<ApiKey> keys;
    store::Cursor row =
        SEINE_TRY(c.query(std::string(kColumns) + "ORDER BY created_us DESC, rowid DESC"));
    while (SEINE_TRY(row.next())) keys.push_back(key_of(row));
    return keys;
  });
}

Result<> ApiKeys::revoke(const std::string& id) {
  const std::int64_t now = base::to_us(clock_.wall());
  SEINE_CHECK(database_.write([&](store::Connection& c) -> Result<> {
    SEINE_CHECK(
        c.run("UPDATE api_key SET revoked_us = coalesce(revoked_us, ?2) WHERE id = ?1", id, now));
    if (c.changes() == 0) return fail_field(Code::kNotFound, "id", "no API key '{}'", id);
    return {};
  }));
  const std::lock_guard lock(mutex_);
  known_.clear();
  return {};
}

Result<ApiKey> ApiKeys::verify(std::string_view secret) {
  const std::string hash = hash_of(secret);
  const base::WallTime now = clock_.wall();
  std::optional<ApiKey> key =
      SEINE_TRY(database_.read([&](store::Connection& c) -> Result<std::optional<ApiKey>> {
        store::Cursor row = SEINE_TRY(c.query(std::string(kColumns) + "WHERE hash = ?1", hash));
        if (!SEINE_TRY(row.next())) return std::nullopt;
        return key_of(row);
      }));
  if (!key) return fail(Code::kUnauthenticated, "this API key is unknown");
  if (key->revoked) return fail(Code::kUnauthenticated, "the API key {}… is revoked", key->prefix);
  if (!live(*key, now)) {
    return fail(Code::kUnauthenticated, "the API key {}… ended at {}", key->prefix,
                base::format_rfc3339(*key->expires_at));
  }
  if (!key->last_used_at || now - *key->last_used_at >= kUseNoted) {
    key->last_used_at = now;
    // Nobody waits for this; when the queue is full the next request notes it.
    (void)database_.submit_write(
        [id = key->id, now](store::Connection& c) -> Result<> {
          return c.run("UPDATE api_key SET used_us = ?2 WHERE id = ?1", id, base::to_us(now));
        },
        [](const Result<>&) {});
  }
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kKnownMax) known_.clear();
  known_[hash] = {*key, clock_.now() + kTrust};
  return *std::move(key);
}

std::optional<ApiKey> ApiKeys::recently_verified(std::string_view secret) const {
  const std::string hash = hash_of(secret);
  const base::TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(hash);
  if (found == known_.end() || now >= found->second.until) return std::nullopt;
  if (!live(found->second.key, clock_.wall())) return std::nullopt;
  return found->second.key;
}

base::Json to_json(const ApiKey& key) {
  return {{"id", key.id},
          {"name", key.name},
          {"prefix", key.prefix},
          {"scopes", scope_names(key.scopes)},
          {"created_at", base::format_rfc3339(key.created_at)},
          {"expires_at", time_json(key.expires_at)},
          {"last_used_at", time_json(key.last_used_at)},
          {"requests_per_minute", key.requests_per_minute},
          {"tokens_per_minute", key.tokens_per_minute},
          {"revoked", key.revoked}};
}

}  // namespace seine::gateway
