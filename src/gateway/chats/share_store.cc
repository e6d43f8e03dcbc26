#include "gateway/chats/share_store.h"

#include "base/ids.h"
#include "base/text.h"
#include "base/utf8.h"

namespace seine::gateway {
namespace {

using base::Code;
using base::Result;

constexpr store::Migration kMigrations[] = {
    {1, "links to conversations",
     "CREATE TABLE chat_share("
     "id TEXT PRIMARY KEY, chat TEXT NOT NULL, title TEXT NOT NULL, created_us INTEGER NOT NULL,"
     "expires_us INTEGER, content TEXT NOT NULL) STRICT;"
     "CREATE INDEX chat_share_by_chat ON chat_share(chat);"},
};

constexpr std::string_view kColumns = "SELECT id, chat, title, created_us, expires_us";

std::int64_t to_us(base::WallTime time) {
  return time.time_since_epoch().count();
}
base::WallTime from_us(std::int64_t us) {
  return base::WallTime(std::chrono::microseconds(us));
}

Share share_of(const store::Cursor& row) {
  Share share{.id = row.get<std::string>(0),
              .chat_id = row.get<std::string>(1),
              .title = row.get<std::string>(2),
              .created_at = from_us(row.integer(3))};
  if (const auto end = row.get<std::optional<std::int64_t>>(4)) share.expires_at = from_us(*end);
  return share;
}

}  // namespace

Result<std::unique_ptr<ShareStore>> ShareStore::open(store::Database& database,
                                                     const base::Clock& clock,
                                                     base::Random& random) {
  SEINE_CHECK(database.migrate({"gateway.shares", kMigrations}));
  return std::unique_ptr<ShareStore>(new ShareStore(database, clock, random));
}

Result<Share> ShareStore::create(std::string_view chat_id, std::string_view title,
                                 std::string_view content,
                                 std::optional<std::chrono::seconds> life) {
  if (life && (life->count() <= 0 || *life > kLifeMax)) {
    return base::fail_field(Code::kInvalidArgument, "expires_in_s",
                            "expires_in_s is 1 to {}, not {}", kLifeMax.count(), life->count());
  }
  if (content.size() > kContentBytesMax) {
    return base::fail(Code::kResourceExhausted,
                      "the conversation has {} bytes, a link shows at most {}",
                      base::format_count(content.size()), base::format_count(kContentBytesMax));
  }
  const base::WallTime now = clock_.wall();
  Share share{.id = base::make_secret("", random_),
              .chat_id = std::string(chat_id),
              .title = base::to_valid_utf8(title),
              .created_at = now};
  std::optional<std::int64_t> expires_us;
  if (life) {
    share.expires_at = now + *life;
    expires_us = to_us(*share.expires_at);
  }
  SEINE_CHECK(database_.write([&](store::Connection& c) -> Result<> {
    SEINE_CHECK(c.run("DELETE FROM chat_share WHERE expires_us <= ?1", to_us(now)));
    const auto count = SEINE_TRY(c.value<std::int64_t>("SELECT count(*) FROM chat_share"));
    if (count.value_or(0) >= static_cast<std::int64_t>(kSharesMax)) {
      return base::fail(Code::kResourceExhausted, "there are {} links already, the limit",
                        kSharesMax);
    }
    return c.run("INSERT INTO chat_share VALUES(?1, ?2, ?3, ?4, ?5, ?6)", share.id, share.chat_id,
                 share.title, to_us(now), expires_us, content);
  }));
  return share;
}

Result<std::vector<Share>> ShareStore::list(std::string_view chat_id) {
  const std::int64_t now = to_us(clock_.wall());
  return database_.read([&](store::Connection& c) -> Result<std::vector<Share>> {
    std::vector<Share> shares;
    store::Cursor row =
        SEINE_TRY(c.query(std::string(kColumns) + " FROM chat_share WHERE (?1 = '' OR chat = ?1)"
                                                  " AND (expires_us IS NULL OR expires_us > ?2)"
                                                  " ORDER BY created_us DESC, id",
                          chat_id, now));
    while (SEINE_TRY(row.next())) shares.push_back(share_of(row));
    return shares;
  });
}

Result<ShareStore::Shared> ShareStore::find(std::string_view id) {
  const std::int64_t now = to_us(clock_.wall());
  return database_.read([&](store::Connection& c) -> Result<Shared> {
    store::Cursor row = SEINE_TRY(c.query(
        std::string(kColumns) +
            ", content FROM chat_share WHERE id = ?1 AND (expires_us IS NULL OR expires_us > ?2)",
        id, now));
    if (!SEINE_TRY(row.next())) {
      return base::fail(Code::kNotFound, "this link is unknown, expired or taken back");
    }
    return Shared{.share = share_of(row), .content = row.get<std::string>(5)};
  });
}

Result<> ShareStore::remove(std::string_view id) {
  return database_.write([&](store::Connection& c) -> Result<> {
    SEINE_CHECK(c.run("DELETE FROM chat_share WHERE id = ?1", id));
    if (c.changes() > 0) return {};
    return base::fail(Code::kNotFound, "this link is unknown, expired or taken back");
  });
}

}  // namespace seine::gateway
