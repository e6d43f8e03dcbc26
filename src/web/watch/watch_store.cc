#include "web/watch/watch_store.h"

#include <array>

#include "base/json.h"
#include "web/watch/watch_json.h"
#include "web/watch/webhook.h"

namespace seine::web {
namespace {

using base::Code;
using base::Result;
using store::Connection;
using store::Cursor;

constexpr std::array kMigrations = {
    store::Migration{.version = 1, .name = "watches", .sql = R"(
CREATE TABLE web_watch (
  id TEXT PRIMARY KEY,
  spec TEXT NOT NULL,
  secret TEXT NOT NULL,
  hook_secret TEXT NOT NULL,
  paused INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  checked_us INTEGER,
  changed_us INTEGER,
  next_us INTEGER NOT NULL,
  asked_us INTEGER,
  failures INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  message TEXT NOT NULL,
  title TEXT NOT NULL,
  version INTEGER NOT NULL,
  baseline TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE web_watch_version (
  watch TEXT NOT NULL,
  number INTEGER NOT NULL,
  at_us INTEGER NOT NULL,
  title TEXT NOT NULL,
  changes TEXT NOT NULL,
  left_out INTEGER NOT NULL,
  PRIMARY KEY (watch, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE web_watch_delivery (
  id TEXT PRIMARY KEY,
  watch TEXT NOT NULL,
  url TEXT NOT NULL,
  body TEXT NOT NULL,
  state INTEGER NOT NULL,
  created_us INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  next_us INTEGER NOT NULL,
  status INTEGER NOT NULL,
  message TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX web_watch_delivery_state ON web_watch_delivery (state, next_us);
CREATE TABLE web_watch_message (
  watch TEXT NOT NULL,
  message TEXT NOT NULL,
  at_us INTEGER NOT NULL,
  PRIMARY KEY (watch, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX web_watch_message_at ON web_watch_message (at_us);
)"},
};

constexpr std::string_view kWatchColumns =
    "SELECT id, spec, secret, hook_secret, paused, created_us, checked_us, changed_us, next_us, "
    "asked_us, failures, verdict, message, title, version FROM web_watch";
constexpr std::string_view kDeliveryColumns =
    "SELECT id, watch, url, body, state, created_us, attempts, next_us, status, message FROM "
    "web_watch_delivery";

std::optional<base::WallTime> wall_at(const Cursor& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return base::from_us(row.integer(column));
}

Result<Watch> watch_of(const Cursor& row) {
  Watch watch;
  watch.id = row.text(0);
  const base::Json spec = SEINE_TRY(base::parse_json(row.text(1)));
  watch.spec = SEINE_TRY(watch_spec_from_json(spec));
  watch.secret = row.text(2);
  watch.hook_secret = row.text(3);
  watch.paused = row.get<bool>(4);
  watch.created_at = base::from_us(row.integer(5));
  watch.checked_at = wall_at(row, 6);
  watch.changed_at = wall_at(row, 7);
  watch.next_at = base::from_us(row.integer(8));
  watch.asked = !row.is_null(9);
  watch.failures = row.get<std::uint32_t>(10);
  watch.verdict = row.text(11);
  watch.message = row.text(12);
  watch.title = row.text(13);
  watch.version = row.get<std::uint64_t>(14);
  return watch;
}

Delivery delivery_of(const Cursor& row) {
  Delivery delivery;
  delivery.id = row.text(0);
  delivery.watch = row.text(1);
  delivery.url = row.text(2);
  delivery.body = row.text(3);
  delivery.state = static_cast<DeliveryState>(row.integer(4));
  delivery.created_at = base::from_us(row.integer(5));
  delivery.attempts = row.get<std::uint32_t>(6);
  delivery.next_at = base::from_us(row.integer(7));
  delivery.status = row.get<int>(8);
  delivery.message = row.text(9);
  return delivery;
}

std::unexpected<base::Error> no_watch(const std::string& id) {
  return base::fail(Code::kNotFound, "there is no watch {}", id);
}

// A row must have been there.
Result<> changed(Connection& connection, const std::string& id) {
  if (connection.changes() == 0) return no_watch(id);
  return {};
}

}  // namespace

Result<std::unique_ptr<WatchStore>> WatchStore::open(store::Database& database) {
  SEINE_CHECK(database.migrate({.module = "web_watch", .migrations = kMigrations}));
  return std::unique_ptr<WatchStore>(new WatchStore(database));
}

Result<> WatchStore::add(const Watch& watch) {
  const std::string spec = base::to_text(to_json(watch.spec));
  return database_.write([&](Connection& connection) -> Result<> {
    const auto count = SEINE_TRY(connection.value<std::uint64_t>("SELECT count(*) FROM web_watch"));
    if (count.value_or(0) >= kWatchesMax)
      return base::fail(Code::kResourceExhausted, "there are {} watches already, the limit is {}",
                        *count, kWatchesMax);
    return connection.run(
        "INSERT INTO web_watch (id, spec, secret, hook_secret, paused, created_us, next_us, "
        "failures, verdict, message, title, version) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, 0, '', '', "
        "'', 0)",
        watch.id, spec, watch.secret, watch.hook_secret, base::to_us(watch.created_at),
        base::to_us(watch.next_at));
  });
}

Result<std::vector<Watch>> WatchStore::list() {
  return database_.read([](Connection& connection) -> Result<std::vector<Watch>> {
    auto rows =
        SEINE_TRY(connection.query(std::string(kWatchColumns) + " ORDER BY created_us, id"));
    std::vector<Watch> out;
    while (SEINE_TRY(rows.next())) out.push_back(SEINE_TRY(watch_of(rows)));
    return out;
  });
}

Result<Watch> WatchStore::get(const std::string& id) {
  return database_.read([&id](Connection& connection) -> Result<Watch> {
    auto rows = SEINE_TRY(connection.query(std::string(kWatchColumns) + " WHERE id = ?1", id));
    if (!SEINE_TRY(rows.next())) return no_watch(id);
    return watch_of(rows);
  });
}

Result<std::vector<WatchVersion>> WatchStore::versions(const std::string& id, std::size_t limit) {
  return database_.read([&](Connection& connection) -> Result<std::vector<WatchVersion>> {
    auto rows = SEINE_TRY(connection.query(
        "SELECT number, at_us, title, changes, left_out FROM web_watch_version WHERE watch = ?1 "
        "ORDER BY number DESC LIMIT ?2",
        id, limit));
    std::vector<WatchVersion> out;
    while (SEINE_TRY(rows.next())) {
      WatchVersion version;
      version.number = rows.get<std::uint64_t>(0);
      version.at = base::from_us(rows.integer(1));
      version.title = rows.text(2);
      const base::Json changes = SEINE_TRY(base::parse_json(rows.text(3)));
      version.changes = SEINE_TRY(changes_from_json(changes));
      version.left_out = rows.get<std::size_t>(4);
      out.push_back(std::move(version));
    }
    return out;
  });
}

Result<> WatchStore::remove(const std::string& id) {
  return database_.write([&id](Connection& connection) -> Result<> {
    SEINE_CHECK(connection.run("DELETE FROM web_watch_version WHERE watch = ?1", id));
    SEINE_CHECK(connection.run("DELETE FROM web_watch_delivery WHERE watch = ?1", id));
    SEINE_CHECK(connection.run("DELETE FROM web_watch_message WHERE watch = ?1", id));
    SEINE_CHECK(connection.run("DELETE FROM web_watch WHERE id = ?1", id));
    return changed(connection, id);
  });
}

Result<> WatchStore::pause(const std::string& id, bool paused, base::WallTime now) {
  return database_.write([&](Connection& connection) -> Result<> {
    // One that goes on is looked at right away.
    SEINE_CHECK(connection.run(
        "UPDATE web_watch SET paused = ?2, next_us = CASE WHEN paused AND NOT ?2 THEN ?3 ELSE "
        "next_us END WHERE id = ?1",
        id, paused, base::to_us(now)));
    return changed(connection, id);
  });
}

Result<> WatchStore::ask(const std::string& id, base::WallTime now) {
  return database_.write([&](Connection& connection) -> Result<> {
    SEINE_CHECK(
        connection.run("UPDATE web_watch SET asked_us = ?2 WHERE id = ?1", id, base::to_us(now)));
    return changed(connection, id);
  });
}

Result<std::vector<std::string>> WatchStore::due(base::WallTime now, std::size_t limit) {
  return database_.read([&](Connection& connection) -> Result<std::vector<std::string>> {
    auto rows = SEINE_TRY(connection.query(
        "SELECT id FROM web_watch WHERE paused = 0 AND (next_us <= ?1 OR asked_us IS NOT NULL) "
        "ORDER BY asked_us IS NULL, next_us LIMIT ?2",
        base::to_us(now), limit));
    std::vector<std::string> out;
    while (SEINE_TRY(rows.next())) out.emplace_back(rows.text(0));
    return out;
  });
}

Result<std::optional<base::WallTime>> WatchStore::next_due() {
  return database_.read([](Connection& connection) -> Result<std::optional<base::WallTime>> {
    const auto us = SEINE_TRY(connection.value<std::optional<std::int64_t>>(
        "SELECT min(CASE WHEN asked_us IS NULL THEN next_us ELSE asked_us END) FROM web_watch "
        "WHERE paused = 0"));
    if (!us || !*us) return std::nullopt;
    return base::from_us(**us);
  });
}

Result<std::optional<std::vector<WatchBlock>>> WatchStore::baseline(const std::string& id) {
  return database_.read(
      [&id](Connection& connection) -> Result<std::optional<std::vector<WatchBlock>>> {
        const auto text = SEINE_TRY(connection.value<std::optional<std::string>>(
            "SELECT baseline FROM web_watch WHERE id = ?1", id));
        if (!text) return no_watch(id);
        if (!*text) return std::nullopt;
        const base::Json blocks = SEINE_TRY(base::parse_json(**text));
        return SEINE_TRY(blocks_from_json(blocks));
      });
}

namespace {

Result<> add_delivery(Connection& connection, const Delivery& delivery) {
  const auto waiting = SEINE_TRY(connection.value<std::uint64_t>(
      "SELECT count(*) FROM web_watch_delivery WHERE state = ?1", DeliveryState::kPending));
  const bool full = waiting.value_or(0) >= WatchStore::kPendingMax;
  SEINE_CHECK(connection.run(
      "INSERT INTO web_watch_delivery VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?6, 0, ?7)", delivery.id,
      delivery.watch, delivery.url, delivery.body,
      full ? DeliveryState::kDead : DeliveryState::kPending, base::to_us(delivery.created_at),
      full ? "too many webhooks were on their way" : ""));
  // The oldest that are over go.
  return connection.run(
      "DELETE FROM web_watch_delivery WHERE id IN (SELECT id FROM web_watch_delivery WHERE state "
      "!= ?1 ORDER BY created_us DESC LIMIT -1 OFFSET ?2)",
      DeliveryState::kPending, WatchStore::kDeliveriesMax);
}

Result<> add_version(Connection& connection, const std::string& id, const WatchVersion& version) {
  SEINE_CHECK(connection.run("INSERT INTO web_watch_version VALUES (?1, ?2, ?3, ?4, ?5, ?6)", id,
                             version.number, base::to_us(version.at), version.title,
                             base::to_text(to_json(version.changes)), version.left_out));
  SEINE_CHECK(connection.run("DELETE FROM web_watch_version WHERE watch = ?1 AND number <= ?2 - ?3",
                             id, version.number, WatchStore::kVersionsMax));
  return connection.run("UPDATE web_watch SET version = ?2 WHERE id = ?1", id, version.number);
}

}  // namespace

Result<> WatchStore::checked(const Checked& what) {
  return database_.write([&what](Connection& connection) -> Result<> {
    SEINE_CHECK(connection.run(
        "UPDATE web_watch SET checked_us = ?2, next_us = ?3, verdict = ?4, message = ?5, failures "
        "= CASE WHEN ?6 THEN failures + 1 ELSE 0 END, title = CASE WHEN ?7 = '' THEN title ELSE ?7 "
        "END, asked_us = CASE WHEN asked_us > ?8 THEN asked_us ELSE NULL END WHERE id = ?1",
        what.id, base::to_us(what.at), base::to_us(what.next_at), what.verdict, what.message,
        what.failed, what.title, base::to_us(what.started_at)));
    SEINE_CHECK(changed(connection, what.id));
    if (what.baseline)
      SEINE_CHECK(connection.run("UPDATE web_watch SET baseline = ?2 WHERE id = ?1", what.id,
                                 base::to_text(to_json(*what.baseline))));
    if (what.version) {
      SEINE_CHECK(add_version(connection, what.id, *what.version));
      if (what.version->number > 1)
        SEINE_CHECK(connection.run("UPDATE web_watch SET changed_us = ?2 WHERE id = ?1", what.id,
                                   base::to_us(what.at)));
    }
    if (what.delivery) SEINE_CHECK(add_delivery(connection, *what.delivery));
    return {};
  });
}

Result<std::vector<Delivery>> WatchStore::due_deliveries(base::WallTime now, std::size_t limit) {
  return database_.read([&](Connection& connection) -> Result<std::vector<Delivery>> {
    auto rows = SEINE_TRY(connection.query(
        std::string(kDeliveryColumns) + " WHERE state = ?1 AND next_us <= ?2 ORDER BY next_us "
                                        "LIMIT ?3",
        DeliveryState::kPending, base::to_us(now), limit));
    std::vector<Delivery> out;
    while (SEINE_TRY(rows.next())) out.push_back(delivery_of(rows));
    return out;
  });
}

Result<std::optional<base::WallTime>> WatchStore::next_delivery() {
  return database_.read([](Connection& connection) -> Result<std::optional<base::WallTime>> {
    const auto us = SEINE_TRY(connection.value<std::optional<std::int64_t>>(
        "SELECT min(next_us) FROM web_watch_delivery WHERE state = ?1", DeliveryState::kPending));
    if (!us || !*us) return std::nullopt;
    return base::from_us(**us);
  });
}

Result<> WatchStore::attempted(const Delivery& delivery) {
  return database_.write([&delivery](Connection& connection) {
    return connection.run(
        "UPDATE web_watch_delivery SET state = ?2, attempts = ?3, next_us = ?4, status = ?5, "
        "message = ?6 WHERE id = ?1",
        delivery.id, delivery.state, delivery.attempts, base::to_us(delivery.next_at),
        delivery.status, delivery.message);
  });
}

Result<std::vector<Delivery>> WatchStore::deliveries(std::optional<DeliveryState> state,
                                                     std::size_t limit) {
  return database_.read([&](Connection& connection) -> Result<std::vector<Delivery>> {
    auto rows = SEINE_TRY(connection.query(std::string(kDeliveryColumns) +
                                               " WHERE ?1 IS NULL OR state = ?1 ORDER BY "
                                               "created_us DESC, id LIMIT ?2",
                                           state, limit));
    std::vector<Delivery> out;
    while (SEINE_TRY(rows.next())) out.push_back(delivery_of(rows));
    return out;
  });
}

Result<> WatchStore::resend(const std::string& id, base::WallTime now) {
  return database_.write([&](Connection& connection) -> Result<> {
    const auto state = SEINE_TRY(
        connection.value<std::int64_t>("SELECT state FROM web_watch_delivery WHERE id = ?1", id));
    if (!state) return base::fail(Code::kNotFound, "there is no webhook {}", id);
    if (*state == static_cast<std::int64_t>(DeliveryState::kPending))
      return base::fail(Code::kFailedPrecondition, "webhook {} is on its way already", id);
    // A day of attempts again, counted from now.
    return connection.run(
        "UPDATE web_watch_delivery SET state = ?2, attempts = 0, next_us = ?3, created_us = ?3 "
        "WHERE id = ?1",
        id, DeliveryState::kPending, base::to_us(now));
  });
}

Result<bool> WatchStore::take_message(const std::string& watch, const std::string& message,
                                      base::WallTime now) {
  return database_.write([&](Connection& connection) -> Result<bool> {
    SEINE_CHECK(connection.run("DELETE FROM web_watch_message WHERE at_us < ?1",
                               base::to_us(now - 2 * kWebhookTolerance)));
    SEINE_CHECK(connection.run("INSERT OR IGNORE INTO web_watch_message VALUES (?1, ?2, ?3)", watch,
                               message, base::to_us(now)));
    return connection.changes() > 0;
  });
}

}  // namespace seine::web
