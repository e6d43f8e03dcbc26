#include "web/cache/disk_store.h"

#include <array>

#include "base/json.h"
#include "net/on_pool.h"

namespace seine::web {
namespace {

constexpr std::array kMigrations = {
    store::Migration{.version = 1, .name = "kept responses", .sql = R"(
CREATE TABLE web_cache (
  key TEXT NOT NULL,
  variant TEXT NOT NULL,
  status INTEGER NOT NULL,
  headers TEXT NOT NULL,
  request_time_us INTEGER NOT NULL,
  response_time_us INTEGER NOT NULL,
  body TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  used_us INTEGER NOT NULL,
  PRIMARY KEY (key, variant)
) STRICT, WITHOUT ROWID;
CREATE INDEX web_cache_used ON web_cache (used_us);
CREATE INDEX web_cache_body ON web_cache (body);
CREATE TABLE web_cache_total (id INTEGER PRIMARY KEY CHECK (id = 1), entries INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO web_cache_total VALUES (1, 0, 0);
CREATE TRIGGER web_cache_added AFTER INSERT ON web_cache BEGIN
  UPDATE web_cache_total SET entries = entries + 1, bytes = bytes + new.bytes;
END;
CREATE TRIGGER web_cache_removed AFTER DELETE ON web_cache BEGIN
  UPDATE web_cache_total SET entries = entries - 1, bytes = bytes - old.bytes;
END;
)"},
};

std::string headers_text(const net::Headers& headers) {
  base::Json json = base::Json::array();
  for (const net::Headers::Field field : headers)
    json.push_back({std::string(field.name), std::string(field.value)});
  return base::to_text(json);
}

base::Result<net::Headers> headers_of(std::string_view text) {
  const base::Json json = SEINE_TRY(base::parse_json(text));
  net::Headers headers;
  if (!json.is_array()) return base::fail(base::Code::kDataLoss, "kept headers are damaged");
  for (const base::Json& pair : json) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string())
      return base::fail(base::Code::kDataLoss, "kept headers are damaged");
    headers.add(pair[0].get_ref<const std::string&>(), pair[1].get_ref<const std::string&>());
  }
  return headers;
}

}  // namespace

base::Result<std::unique_ptr<DiskStore>> DiskStore::open(store::Database& database,
                                                         store::BlobStore& blobs,
                                                         store::WorkerPool& pool,
                                                         const base::Clock& clock,
                                                         DiskStoreLimits limits) {
  SEINE_CHECK(database.migrate({.module = "web_cache", .migrations = kMigrations}));
  return std::unique_ptr<DiskStore>(new DiskStore(database, blobs, pool, clock, limits));
}

asio::awaitable<base::Result<std::vector<StoredResponse>>> DiskStore::find(std::string key) {
  return net::on_pool<std::vector<StoredResponse>>(
      pool_, [this, key = std::move(key)]() -> base::Result<std::vector<StoredResponse>> {
        return database_.read(
            [&key](store::Connection& connection) -> base::Result<std::vector<StoredResponse>> {
              auto rows = SEINE_TRY(connection.query(
                  "SELECT variant, status, headers, request_time_us, response_time_us, body, bytes "
                  "FROM web_cache WHERE key = ?1",
                  key));
              std::vector<StoredResponse> out;
              while (SEINE_TRY(rows.next())) {
                StoredResponse stored;
                stored.variant = rows.text(0);
                stored.status = rows.get<int>(1);
                stored.headers = SEINE_TRY(headers_of(rows.text(2)));
                stored.request_time = base::from_us(rows.integer(3));
                stored.response_time = base::from_us(rows.integer(4));
                stored.body_ref = rows.text(5);
                stored.body_bytes = rows.get<std::uint64_t>(6);
                out.push_back(std::move(stored));
              }
              return out;
            });
      });
}

asio::awaitable<base::Result<std::string>> DiskStore::body(StoredResponse stored) {
  return net::on_pool<std::string>(
      pool_, [this, stored = std::move(stored)]() -> base::Result<std::string> {
        const auto id = store::BlobId::parse(stored.body_ref);
        if (!id) return base::fail(base::Code::kDataLoss, "a kept response names no body");
        // Verified: bytes that a disk has changed are not to be read as the page.
        const auto blob = SEINE_TRY(blobs_.open_blob(*id, store::Verify::kYes));
        return blob.read_all();
      });
}

base::Result<void> DiskStore::write(const std::string& key, const StoredResponse& stored) {
  const std::string headers = headers_text(stored.headers);
  const std::int64_t now = base::to_us(clock_.wall());
  const std::size_t variants_max = limits_.variants_max;
  return database_.write([&](store::Connection& connection) -> base::Result<void> {
    // Deleted first: REPLACE does not fire the trigger that counts.
    SEINE_CHECK(connection.run("DELETE FROM web_cache WHERE key = ?1 AND variant = ?2", key,
                               stored.variant));
    SEINE_CHECK(connection.run(
        "DELETE FROM web_cache WHERE key = ?1 AND variant NOT IN (SELECT variant FROM web_cache "
        "WHERE key = ?1 ORDER BY used_us DESC LIMIT ?2)",
        key, variants_max - 1));
    return connection.run("INSERT INTO web_cache VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", key,
                          stored.variant, stored.status, headers, base::to_us(stored.request_time),
                          base::to_us(stored.response_time), stored.body_ref, stored.body_bytes,
                          now);
  });
}

base::Result<void> DiskStore::evict() {
  const std::uint64_t bytes_max = limits_.bytes_max;
  const std::uint64_t entries_max = limits_.entries_max;
  const auto victims = SEINE_TRY(
      database_.write([&](store::Connection& connection) -> base::Result<std::vector<std::string>> {
        std::vector<std::string> bodies;
        constexpr std::size_t kAtOnce = 1'000;
        while (bodies.size() < kAtOnce) {
          const auto over = SEINE_TRY(connection.value<bool>(
              "SELECT bytes > ?1 OR entries > ?2 FROM web_cache_total", bytes_max, entries_max));
          if (!over || !*over) break;
          std::string body;
          std::string key;
          std::string variant;
          {
            auto row = SEINE_TRY(connection.query(
                "SELECT key, variant, body FROM web_cache ORDER BY used_us LIMIT 1"));
            if (!SEINE_TRY(row.next())) break;
            key = row.text(0);
            variant = row.text(1);
            body = row.text(2);
          }
          SEINE_CHECK(connection.run("DELETE FROM web_cache WHERE key = ?1 AND variant = ?2", key,
                                     variant));
          const auto shared = SEINE_TRY(connection.value<std::int64_t>(
              "SELECT 1 FROM web_cache WHERE body = ?1 LIMIT 1", body));
          if (!shared) bodies.push_back(std::move(body));
        }
        return bodies;
      }));
  for (const std::string& body : victims) {
    // A blob that somebody pins (a run, an index) stays; the others go with their record.
    if (const auto id = store::BlobId::parse(body)) (void)blobs_.remove(*id);
  }
  return {};
}

asio::awaitable<base::Result<void>> DiskStore::put(std::string key, StoredResponse stored,
                                                   std::string body) {
  return net::on_pool<void>(pool_,
                            [this, key = std::move(key), stored = std::move(stored),
                             body = std::move(body)]() mutable -> base::Result<void> {
                              stored.body_ref = SEINE_TRY(blobs_.put(body)).hex();
                              stored.body_bytes = body.size();
                              SEINE_CHECK(write(key, stored));
                              return evict();
                            });
}

asio::awaitable<base::Result<void>> DiskStore::update(std::string key, StoredResponse stored) {
  return net::on_pool<void>(pool_, [this, key = std::move(key), stored = std::move(stored)] {
    return write(key, stored);
  });
}

asio::awaitable<base::Result<void>> DiskStore::remove(std::string key) {
  return net::on_pool<void>(pool_, [this, key = std::move(key)] {
    return database_.write([&key](store::Connection& connection) {
      return connection.run("DELETE FROM web_cache WHERE key = ?1", key);
    });
  });
}

}  // namespace seine::web
