#include "store/key_value.h"

#include <map>
#include <mutex>

#include "base/text.h"

namespace seine::store {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr Migration kKeyValueMigrations[] = {
    {1, "keys and values with expiry",
     "CREATE TABLE kv_entry("
     "name_space TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
     "version INTEGER NOT NULL, expires_ms INTEGER,"
     "PRIMARY KEY(name_space, key)) STRICT, WITHOUT ROWID;"
     "CREATE INDEX kv_entry_by_expiry ON kv_entry(expires_ms) WHERE expires_ms IS NOT NULL;"
     "CREATE INDEX kv_entry_by_age ON kv_entry(name_space, version);"
     "CREATE TABLE kv_usage("
     "name_space TEXT PRIMARY KEY, entries INTEGER NOT NULL, bytes INTEGER NOT NULL"
     ") STRICT, WITHOUT ROWID;"
     "CREATE TABLE kv_version(one INTEGER PRIMARY KEY CHECK(one = 1), last INTEGER NOT NULL) "
     "STRICT;"
     "INSERT INTO kv_version VALUES(1, 0);"},
};

struct Old {
  std::uint64_t version = 0;
  std::int64_t bytes = 0;
  std::optional<std::int64_t> expires_ms;
};

// Names are bounded, so that memory and keys are.
Result<void> check_names(std::string_view name_space, std::string_view key) {
  if (name_space.empty() || name_space.size() > 128) {
    return fail(Code::kInvalidArgument, "a namespace has 1 to 128 bytes, not {}",
                name_space.size());
  }
  if (key.empty() || key.size() > KeyValue::kKeyBytesMax) {
    return fail(Code::kInvalidArgument, "a key has 1 to {} bytes, not {}", KeyValue::kKeyBytesMax,
                key.size());
  }
  return {};
}

// One operation's view of a namespace, inside a transaction.
class Session {
 public:
  Session(Connection& connection, std::string_view name_space, std::int64_t now_ms, KvLimits limits)
      : connection_(connection), name_space_(name_space), now_ms_(now_ms), limits_(limits) {}

  Result<std::optional<Old>> find(std::string_view key) {
    Cursor row = SEINE_TRY(connection_.query(
        "SELECT version, length(CAST(key AS BLOB)) + length(value), expires_ms FROM kv_entry"
        " WHERE name_space=?1 AND key=?2",
        name_space_, key));
    if (!SEINE_TRY(row.next())) return std::nullopt;
    Old old{row.get<std::uint64_t>(0), row.integer(1), row.get<std::optional<std::int64_t>>(2)};
    return old;
  }
  bool alive(const std::optional<Old>& old) const {
    return old && (!old->expires_ms || *old->expires_ms > now_ms_);
  }

  Result<std::uint64_t> store(std::string_view key, std::string_view value,
                              const std::optional<Old>& old,
                              std::optional<std::int64_t> expires_ms) {
    const auto bytes = static_cast<std::int64_t>(key.size() + value.size());
    SEINE_CHECK(make_room(key, old ? 0 : 1, bytes - (old ? old->bytes : 0)));
    SEINE_CHECK(connection_.run("UPDATE kv_version SET last = last + 1"));
    const auto version = SEINE_TRY(connection_.value<std::int64_t>("SELECT last FROM kv_version"));
    SEINE_CHECK(connection_.run(
        "INSERT INTO kv_entry VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
        " value=excluded.value, version=excluded.version, expires_ms=excluded.expires_ms",
        name_space_, key, Blob{value}, *version, expires_ms));
    SEINE_CHECK(account(old ? 0 : 1, bytes - (old ? old->bytes : 0)));
    return static_cast<std::uint64_t>(*version);
  }

  Result<void> erase(std::string_view key, const Old& old) {
    SEINE_CHECK(
        connection_.run("DELETE FROM kv_entry WHERE name_space=?1 AND key=?2", name_space_, key));
    return account(-1, -old.bytes);
  }

 private:
  Result<void> account(std::int64_t entries, std::int64_t bytes) {
    return connection_.run(
        "INSERT INTO kv_usage VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET"
        " entries = entries + excluded.entries, bytes = bytes + excluded.bytes",
        name_space_, entries, bytes);
  }

  // Takes expired entries first, then by the overflow rule; never `key` itself.
  Result<void> make_room(std::string_view key, std::int64_t entries, std::int64_t bytes) {
    std::int64_t have_entries = 0;
    std::int64_t have_bytes = 0;
    const auto load = [&]() -> Result<void> {
      Cursor row = SEINE_TRY(connection_.query(
          "SELECT entries, bytes FROM kv_usage WHERE name_space=?1", name_space_));
      if (SEINE_TRY(row.next())) {
        have_entries = row.integer(0);
        have_bytes = row.integer(1);
      }
      return {};
    };
    const auto fits = [&] {
      return static_cast<std::uint64_t>(have_entries + entries) <= limits_.entries_max &&
             static_cast<std::uint64_t>(have_bytes + bytes) <= limits_.bytes_max;
    };
    SEINE_CHECK(load());
    for (const bool expired : {true, false}) {
      if (!expired && limits_.overflow == KvOverflow::kRefuse) break;
      while (!fits()) {
        std::string victim;
        std::int64_t size = 0;
        {
          Cursor row = SEINE_TRY(connection_.query(
              expired ? "SELECT key, length(CAST(key AS BLOB)) + length(value) FROM kv_entry"
                        " WHERE name_space=?1 AND key<>?2 AND expires_ms<=?3 LIMIT 1"
                      : "SELECT key, length(CAST(key AS BLOB)) + length(value) FROM kv_entry"
                        " WHERE name_space=?1 AND key<>?2 AND ?3>0 ORDER BY version LIMIT 1",
              name_space_, key, expired ? now_ms_ : 1));
          if (!SEINE_TRY(row.next())) break;
          victim = row.text(0);
          size = row.integer(1);
        }
        SEINE_CHECK(erase(victim, Old{0, size, {}}));
        SEINE_CHECK(load());
      }
    }
    if (fits()) return {};
    return fail(Code::kResourceExhausted,
                "key-value namespace '{}' is full: {} entries and {}, the limits are {} and {}",
                name_space_, have_entries,
                base::format_size(static_cast<std::uint64_t>(have_bytes)), limits_.entries_max,
                base::format_size(limits_.bytes_max));
  }

  Connection& connection_;
  std::string_view name_space_;
  std::int64_t now_ms_;
  KvLimits limits_;
};

}  // namespace

struct KeyValue::Impl {
  Database& database;
  const base::Clock& clock;
  std::mutex mutex;
  std::map<std::string, KvLimits, std::less<>> limits;

  std::int64_t now_ms() const {
    return std::chrono::floor<std::chrono::milliseconds>(clock.wall()).time_since_epoch().count();
  }
  KvLimits limits_of(std::string_view name_space) {
    const std::lock_guard lock(mutex);
    const auto found = limits.find(name_space);
    return found == limits.end() ? KvLimits{} : found->second;
  }
  std::optional<std::int64_t> expiry(Ttl ttl) const {
    if (!ttl) return std::nullopt;
    return now_ms() + ttl->count();
  }

  // `body(Session&, old)` in one transaction.
  template <typename T, typename Body>
  Result<T> change(std::string_view name_space, std::string_view key, const CallOptions& options,
                   Body body) {
    SEINE_CHECK(check_names(name_space, key));
    return database.write(
        [&](Connection& connection) -> Result<T> {
          Session session(connection, name_space, now_ms(), limits_of(name_space));
          const std::optional<Old> old = SEINE_TRY(session.find(key));
          return body(connection, session, old);
        },
        options);
  }
};

KeyValue::KeyValue(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KeyValue::~KeyValue() = default;

Result<std::unique_ptr<KeyValue>> KeyValue::open(Database& database, const base::Clock& clock) {
  SEINE_CHECK(database.migrate({"kv", kKeyValueMigrations}));
  return std::unique_ptr<KeyValue>(
      new KeyValue(std::unique_ptr<Impl>(new Impl{database, clock, {}, {}})));
}

void KeyValue::set_limits(std::string_view name_space, KvLimits limits) {
  const std::lock_guard lock(impl_->mutex);
  impl_->limits[std::string(name_space)] = limits;
}

Result<std::optional<KvEntry>> KeyValue::get(std::string_view name_space, std::string_view key,
                                             const CallOptions& options) {
  SEINE_CHECK(check_names(name_space, key));
  return impl_->database.read(
      [&](Connection& connection) -> Result<std::optional<KvEntry>> {
        Cursor row = SEINE_TRY(connection.query(
            "SELECT value, version, expires_ms FROM kv_entry WHERE name_space=?1 AND key=?2"
            " AND (expires_ms IS NULL OR expires_ms > ?3)",
            name_space, key, impl_->now_ms()));
        if (!SEINE_TRY(row.next())) return std::nullopt;
        KvEntry entry{row.get<std::string>(0), row.get<std::uint64_t>(1), {}};
        if (!row.is_null(2)) {
          entry.expires = base::WallTime(std::chrono::milliseconds(row.integer(2)));
        }
        return entry;
      },
      options);
}

namespace {

Result<void> check_value(std::string_view value) {
  if (value.size() <= KeyValue::kValueBytesMax) return {};
  return fail(Code::kInvalidArgument, "the value has {}, the limit is {}",
              base::format_size(value.size()), base::format_size(KeyValue::kValueBytesMax));
}

}  // namespace

Result<std::uint64_t> KeyValue::put(std::string_view name_space, std::string_view key,
                                    std::string_view value, Ttl ttl, const CallOptions& options) {
  SEINE_CHECK(check_value(value));
  return impl_->change<std::uint64_t>(
      name_space, key, options, [&](Connection&, Session& session, const std::optional<Old>& old) {
        return session.store(key, value, old, impl_->expiry(ttl));
      });
}

Result<std::uint64_t> KeyValue::compare_and_set(std::string_view name_space, std::string_view key,
                                                std::uint64_t expected, std::string_view value,
                                                Ttl ttl, const CallOptions& options) {
  SEINE_CHECK(check_value(value));
  return impl_->change<std::uint64_t>(
      name_space, key, options,
      [&](Connection&, Session& session, const std::optional<Old>& old) -> Result<std::uint64_t> {
        const std::uint64_t found = session.alive(old) ? old->version : 0;
        if (found != expected) {
          return fail(Code::kAborted, "key '{}' is at version {}, not {}", key, found, expected);
        }
        return session.store(key, value, old, impl_->expiry(ttl));
      });
}

Result<bool> KeyValue::remove(std::string_view name_space, std::string_view key,
                              const CallOptions& options) {
  return impl_->change<bool>(
      name_space, key, options,
      [&](Connection&, Session& session, const std::optional<Old>& old) -> Result<bool> {
        if (old) SEINE_CHECK(session.erase(key, *old));
        return session.alive(old);
      });
}

Result<std::int64_t> KeyValue::increment(std::string_view name_space, std::string_view key,
                                         std::int64_t delta, Ttl ttl, const CallOptions& options) {
  return impl_->change<std::int64_t>(
      name_space, key, options,
      [&](Connection& connection, Session& session,
          const std::optional<Old>& old) -> Result<std::int64_t> {
        std::int64_t sum = delta;
        std::optional<std::int64_t> expires = impl_->expiry(ttl);
        if (session.alive(old)) {
          const auto text = SEINE_TRY(connection.value<std::string>(
              "SELECT value FROM kv_entry WHERE name_space=?1 AND key=?2", name_space, key));
          const auto number = base::parse_i64(text.value_or(""));
          if (!number) {
            return fail(Code::kFailedPrecondition, "the value of key '{}' is not a number", key);
          }
          if (__builtin_add_overflow(*number, delta, &sum)) {
            return fail(Code::kOutOfRange, "counter '{}' at {} cannot take {}", key, *number,
                        delta);
          }
          expires = old->expires_ms;
        }
        SEINE_CHECK(session.store(key, fmt::format("{}", sum), old, expires));
        return sum;
      });
}

Result<std::size_t> KeyValue::sweep(std::size_t entries_max) {
  const std::int64_t now = impl_->now_ms();
  return impl_->database.write([&](Connection& connection) -> Result<std::size_t> {
    struct Expired {
      std::string name_space;
      std::string key;
      std::int64_t bytes;
    };
    std::vector<Expired> expired;
    {
      Cursor rows = SEINE_TRY(connection.query(
          "SELECT name_space, key, length(CAST(key AS BLOB)) + length(value) FROM kv_entry"
          " WHERE expires_ms IS NOT NULL AND expires_ms <= ?1 ORDER BY expires_ms LIMIT ?2",
          now, entries_max));
      while (SEINE_TRY(rows.next())) {
        expired.push_back({rows.get<std::string>(0), rows.get<std::string>(1), rows.integer(2)});
      }
    }
    for (const Expired& entry : expired) {
      Session session(connection, entry.name_space, now, {});
      SEINE_CHECK(session.erase(entry.key, Old{0, entry.bytes, {}}));
    }
    return expired.size();
  });
}

Result<KeyValue::Usage> KeyValue::usage(std::string_view name_space) {
  return impl_->database.read([&](Connection& connection) -> Result<Usage> {
    Cursor row = SEINE_TRY(
        connection.query("SELECT entries, bytes FROM kv_usage WHERE name_space=?1", name_space));
    if (!SEINE_TRY(row.next())) return Usage{};
    return Usage{row.get<std::uint64_t>(0), row.get<std::uint64_t>(1)};
  });
}

}  // namespace seine::store
