#include "gateway/chats/chat_store.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"

namespace seine::gateway {
namespace {

using base::Code;
using base::fail;
using base::fail_field;
using base::Result;

constexpr std::string_view kCollection = "chats";
constexpr std::size_t kSearchHitsMax = 1000;
constexpr std::size_t kIndexBatch = 256;
constexpr std::size_t kSnippetBytes = 240;

constexpr store::Migration kChatMigrations[] = {
    {1, "chats and their messages",
     "CREATE TABLE chat("
     "id TEXT PRIMARY KEY, title TEXT NOT NULL, folder TEXT NOT NULL, pinned INTEGER NOT NULL,"
     "archived INTEGER NOT NULL, created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL,"
     "deleted_us INTEGER) STRICT, WITHOUT ROWID;"
     "CREATE INDEX chat_by_update ON chat(updated_us DESC, id DESC);"
     "CREATE TABLE chat_message("
     "id TEXT PRIMARY KEY, chat TEXT NOT NULL REFERENCES chat(id), parent TEXT,"
     "role INTEGER NOT NULL, text TEXT NOT NULL, state TEXT NOT NULL, created_us INTEGER NOT NULL,"
     "run TEXT NOT NULL, model TEXT NOT NULL, answer TEXT NOT NULL, indexed INTEGER NOT NULL"
     ") STRICT;"
     "CREATE INDEX chat_message_by_chat ON chat_message(chat);"
     "CREATE INDEX chat_message_unindexed ON chat_message(id) WHERE indexed = 0;"},
};

constexpr std::string_view kInfoColumns =
    "SELECT c.id, c.title, c.folder, c.pinned, c.archived, c.created_us, c.updated_us,"
    " (SELECT count(*) FROM chat_message m WHERE m.chat = c.id),"
    " coalesce((SELECT substr(m.text, 1, 160) FROM chat_message m WHERE m.chat = c.id"
    "  ORDER BY m.rowid DESC LIMIT 1), '') FROM chat c ";

ChatInfo info_of(const store::Cursor& row) {
  return {.id = row.get<std::string>(0),
          .title = row.get<std::string>(1),
          .folder = row.get<std::string>(2),
          .pinned = row.get<bool>(3),
          .archived = row.get<bool>(4),
          .created_at = base::from_us(row.integer(5)),
          .updated_at = base::from_us(row.integer(6)),
          .message_count = row.get<std::uint64_t>(7),
          .snippet = row.get<std::string>(8)};
}

constexpr std::string_view kMessageColumns =
    "SELECT id, parent, role, text, state, created_us, run, model, answer FROM chat_message ";

ChatMessage message_of(const store::Cursor& row) {
  return {.id = row.get<std::string>(0),
          .parent_id = row.get<std::optional<std::string>>(1),
          .role = row.integer(2) == 0 ? ChatRole::kUser : ChatRole::kAssistant,
          .text = row.get<std::string>(3),
          .state = row.get<std::string>(4),
          .created_at = base::from_us(row.integer(5)),
          .run_id = row.get<std::string>(6),
          .model = row.get<std::string>(7),
          .answer = row.get<std::string>(8)};
}

Result<ChatInfo> find_chat(store::Connection& connection, const std::string& id) {
  store::Cursor row = SEINE_TRY(
      connection.query(std::string(kInfoColumns) + "WHERE c.id = ?1 AND c.deleted_us IS NULL", id));
  if (!SEINE_TRY(row.next())) return fail_field(Code::kNotFound, "id", "no chat '{}'", id);
  return info_of(row);
}

Result<ChatMessage> find_message(store::Connection& connection, const std::string& chat,
                                 const std::string& id) {
  store::Cursor row = SEINE_TRY(
      connection.query(std::string(kMessageColumns) + "WHERE id = ?1 AND chat = ?2", id, chat));
  if (!SEINE_TRY(row.next())) {
    return fail_field(Code::kNotFound, "message_id", "no message '{}' in chat '{}'", id, chat);
  }
  return message_of(row);
}

Result<> touch(store::Connection& connection, const std::string& chat, std::int64_t now_us) {
  return connection.run("UPDATE chat SET updated_us = max(updated_us, ?2) WHERE id = ?1", chat,
                        now_us);
}

Result<> check_points(std::string_view text, std::string_view field, std::size_t points_max) {
  const std::size_t points = base::count_points(text);
  if (points <= points_max) return {};
  return fail_field(Code::kInvalidArgument, field, "{} has {} characters, the limit is {}", field,
                    points, points_max);
}

Result<> check_bytes(std::string_view text, std::string_view field, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return {};
  return fail_field(Code::kInvalidArgument, field, "{} has {} bytes, the limit is {}", field,
                    base::format_count(text.size()), base::format_count(bytes_max));
}

// The first line of a question, cut at kTitleLength characters.
std::string title_from(std::string_view text) {
  constexpr std::size_t kTitleLength = 60;
  text = base::trim(text);
  text = base::trim(text.substr(0, text.find('\n')));
  std::string title;
  std::size_t points = 0;
  while (!text.empty()) {
    if (points++ == kTitleLength) return title + "…";
    const base::DecodedPoint point = base::decode_utf8(text);
    base::append_utf8(title, point.point);
    text.remove_prefix(point.length);
  }
  return title;
}

struct Cursor {
  std::int64_t updated_us = INT64_MAX;
  std::string id;
};

Result<Cursor> parse_cursor(std::string_view text) {
  if (text.empty()) return Cursor{};
  const std::size_t colon = text.find(':');
  const auto us =
      colon == std::string_view::npos ? std::nullopt : base::parse_i64(text.substr(0, colon));
  if (!us) return fail_field(Code::kInvalidArgument, "cursor", "'{}' is no cursor", text);
  return Cursor{*us, std::string(text.substr(colon + 1))};
}

}  // namespace

std::string_view chat_role_name(ChatRole role) {
  return role == ChatRole::kUser ? "user" : "assistant";
}

Result<std::unique_ptr<ChatStore>> ChatStore::open(store::Database& database,
                                                   store::TextIndex& index,
                                                   const base::Clock& clock, base::Random& random) {
  SEINE_CHECK(database.migrate({"gateway.chats", kChatMigrations}));
  const auto created = index.create_collection(kCollection);
  if (!created && created.error().code != Code::kAlreadyExists) {
    return std::unexpected(created.error());
  }
  std::unique_ptr<ChatStore> chats(new ChatStore(database, index, clock, random));
  SEINE_CHECK(chats->index_pending());
  return chats;
}

Result<> ChatStore::index_pending() {
  for (;;) {
    struct Pending {
      std::vector<store::Document> documents;
    };
    const auto pending = SEINE_TRY(database_.read([](store::Connection& c) -> Result<Pending> {
      Pending found;
      store::Cursor row =
          SEINE_TRY(c.query("SELECT m.id, m.chat, c.title, m.text FROM chat_message m JOIN chat c"
                            " ON c.id = m.chat WHERE m.indexed = 0 LIMIT ?1",
                            kIndexBatch));
      while (SEINE_TRY(row.next())) {
        found.documents.push_back({.id = row.get<std::string>(0),
                                   .title = row.get<std::string>(2),
                                   .heading = {},
                                   .body = row.get<std::string>(3),
                                   .metadata = base::to_text({{"chat", row.get<std::string>(1)}})});
      }
      return found;
    }));
    if (pending.documents.empty()) return {};
    SEINE_CHECK(index_.apply(kCollection, pending.documents));
    // A text that changed meanwhile stays marked: its mark is taken only with the text indexed.
    SEINE_CHECK(database_.write([&pending](store::Connection& c) -> Result<> {
      for (const store::Document& document : pending.documents) {
        SEINE_CHECK(c.run("UPDATE chat_message SET indexed = 1 WHERE id = ?1 AND text = ?2",
                          document.id, document.body));
      }
      return {};
    }));
  }
}

Result<ChatPage> ChatStore::list(const ChatQuery& query) {
  SEINE_CHECK(purge());
  if (query.limit == 0 || query.limit > kListMax) {
    return fail_field(Code::kInvalidArgument, "limit", "limit is 1 to {}, not {}", kListMax,
                      query.limit);
  }
  if (!base::trim(query.text).empty()) return search(query);
  const Cursor from = SEINE_TRY(parse_cursor(query.cursor));
  return database_.read([&](store::Connection& c) -> Result<ChatPage> {
    std::optional<std::int64_t> pinned;
    if (query.pinned) pinned = *query.pinned ? 1 : 0;
    store::Cursor row = SEINE_TRY(c.query(
        std::string(kInfoColumns) +
            "WHERE c.deleted_us IS NULL AND c.archived = ?1 AND (?2 IS NULL OR c.folder = ?2)"
            " AND (?3 IS NULL OR c.pinned = ?3)"
            " AND (c.updated_us < ?4 OR (c.updated_us = ?4 AND c.id < ?5))"
            " ORDER BY c.updated_us DESC, c.id DESC LIMIT ?6",
        query.archived, query.folder, pinned, from.updated_us, from.id, query.limit + 1));
    ChatPage page;
    while (SEINE_TRY(row.next())) {
      if (page.chats.size() == query.limit) {
        const ChatInfo& last = page.chats.back();
        page.next_cursor = fmt::format("{}:{}", base::to_us(last.updated_at), last.id);
        break;
      }
      page.chats.push_back(info_of(row));
    }
    return page;
  });
}

Result<ChatPage> ChatStore::search(const ChatQuery& query) {
  const auto offset =
      query.cursor.empty() ? std::optional<std::uint64_t>(0) : base::parse_u64(query.cursor);
  if (!offset) {
    return fail_field(Code::kInvalidArgument, "cursor", "'{}' is no cursor", query.cursor);
  }
  const std::vector<store::Hit> hits =
      SEINE_TRY(index_.search(kCollection, {.text = query.text,
                                            .limit = kSearchHitsMax,
                                            .snippet_bytes = kSnippetBytes,
                                            .title_weight = 2.0}));
  std::vector<std::pair<std::string, const store::Hit*>> ranked;  // chat -> its best message
  std::unordered_set<std::string> seen;
  for (const store::Hit& hit : hits) {
    const auto metadata = base::parse_json(hit.metadata);
    if (!metadata) continue;
    auto chat = base::require<std::string>(*metadata, "chat");
    if (chat && seen.insert(*chat).second) ranked.emplace_back(std::move(*chat), &hit);
  }
  return database_.read([&](store::Connection& c) -> Result<ChatPage> {
    ChatPage page;
    std::uint64_t skipped = 0;
    for (const auto& [id, hit] : ranked) {
      auto info = find_chat(c, id);
      if (!info && info.error().code == Code::kNotFound) continue;  // deleted
      if (!info) return std::unexpected(info.error());
      if (info->archived != query.archived) continue;
      if (query.folder && info->folder != *query.folder) continue;
      if (query.pinned && info->pinned != *query.pinned) continue;
      if (skipped++ < *offset) continue;
      if (page.chats.size() == query.limit) {
        page.next_cursor = std::to_string(*offset + query.limit);
        break;
      }
      info->snippet = hit->snippet_text;
      page.chats.push_back(*std::move(info));
    }
    return page;
  });
}

Result<ChatInfo> ChatStore::create(std::string_view title, std::string_view folder) {
  SEINE_CHECK(check_points(title, "title", kTitlePointsMax));
  SEINE_CHECK(check_points(folder, "folder", kFolderPointsMax));
  const std::int64_t now = base::to_us(clock_.wall());
  ChatInfo info{.id = "c_" + base::make_uuid7(clock_, random_),
                .title = base::to_valid_utf8(title),
                .folder = base::to_valid_utf8(folder),
                .created_at = base::from_us(now),
                .updated_at = base::from_us(now)};
  SEINE_CHECK(database_.write([&](store::Connection& c) -> Result<> {
    return c.run("INSERT INTO chat VALUES(?1, ?2, ?3, 0, 0, ?4, ?4, NULL)", info.id, info.title,
                 info.folder, now);
  }));
  return info;
}

Result<Chat> ChatStore::get(const std::string& id) {
  return database_.read([&](store::Connection& c) -> Result<Chat> {
    Chat chat{.info = SEINE_TRY(find_chat(c, id)), .messages = {}};
    store::Cursor row =
        SEINE_TRY(c.query(std::string(kMessageColumns) + "WHERE chat = ?1 ORDER BY rowid", id));
    while (SEINE_TRY(row.next())) chat.messages.push_back(message_of(row));
    return chat;
  });
}

Result<ChatInfo> ChatStore::patch(const std::string& id, const ChatPatch& patch) {
  if (patch.title) SEINE_CHECK(check_points(*patch.title, "title", kTitlePointsMax));
  if (patch.folder) SEINE_CHECK(check_points(*patch.folder, "folder", kFolderPointsMax));
  const ChatInfo info = SEINE_TRY(database_.write([&](store::Connection& c) -> Result<ChatInfo> {
    ChatInfo now = SEINE_TRY(find_chat(c, id));
    if (patch.title) now.title = base::to_valid_utf8(*patch.title);
    if (patch.folder) now.folder = base::to_valid_utf8(*patch.folder);
    now.pinned = patch.pinned.value_or(now.pinned);
    now.archived = patch.archived.value_or(now.archived);
    SEINE_CHECK(
        c.run("UPDATE chat SET title = ?2, folder = ?3, pinned = ?4, archived = ?5 WHERE id=?1", id,
              now.title, now.folder, now.pinned, now.archived));
    if (patch.title) {
      SEINE_CHECK(c.run("UPDATE chat_message SET indexed = 0 WHERE chat = ?1", id));
    }
    return now;
  }));
  if (patch.title) SEINE_CHECK(index_pending());
  return info;
}

Result<> ChatStore::remove(const std::string& id) {
  const std::int64_t now = base::to_us(clock_.wall());
  return database_.write([&](store::Connection& c) -> Result<> {
    (void)SEINE_TRY(find_chat(c, id));
    return c.run("UPDATE chat SET deleted_us = ?2 WHERE id = ?1", id, now);
  });
}

Result<ChatInfo> ChatStore::restore(const std::string& id) {
  const std::int64_t oldest = base::to_us(clock_.wall() - kRestoreTime);
  return database_.write([&](store::Connection& c) -> Result<ChatInfo> {
    SEINE_CHECK(
        c.run("UPDATE chat SET deleted_us = NULL WHERE id = ?1 AND deleted_us >= ?2", id, oldest));
    return find_chat(c, id);
  });
}

Result<std::vector<Folder>> ChatStore::folders() {
  return database_.read([](store::Connection& c) -> Result<std::vector<Folder>> {
    std::vector<Folder> list;
    store::Cursor row =
        SEINE_TRY(c.query("SELECT folder, count(*) FROM chat WHERE deleted_us IS NULL"
                          " AND folder <> '' GROUP BY folder ORDER BY folder"));
    while (SEINE_TRY(row.next())) {
      list.push_back({row.get<std::string>(0), row.get<std::uint64_t>(1)});
    }
    return list;
  });
}

Result<ChatMessage> ChatStore::add_message(const std::string& chat, ChatMessage message) {
  SEINE_CHECK(check_bytes(message.text, "text", kTextBytesMax));
  SEINE_CHECK(check_bytes(message.answer, "answer", kAnswerBytesMax));
  message.text = base::to_valid_utf8(message.text);
  message.id = "m_" + base::make_uuid7(clock_, random_);
  message.created_at = clock_.wall();
  const std::int64_t now = base::to_us(message.created_at);
  SEINE_CHECK(database_.write([&](store::Connection& c) -> Result<> {
    const ChatInfo info = SEINE_TRY(find_chat(c, chat));
    if (info.message_count >= kMessagesMax) {
      return fail(Code::kResourceExhausted, "chat '{}' has {} messages, the limit", chat,
                  kMessagesMax);
    }
    if (message.parent_id) (void)SEINE_TRY(find_message(c, chat, *message.parent_id));
    SEINE_CHECK(c.run("INSERT INTO chat_message VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0)",
                      message.id, chat, message.parent_id, message.role, message.text,
                      message.state, now, message.run_id, message.model, message.answer));
    if (info.title.empty() && message.role == ChatRole::kUser) {
      SEINE_CHECK(
          c.run("UPDATE chat SET title = ?2 WHERE id = ?1", chat, title_from(message.text)));
    }
    return touch(c, chat, now);
  }));
  SEINE_CHECK(index_pending());
  return message;
}

Result<> ChatStore::update_message(const std::string& chat, const std::string& id,
                                   const MessagePatch& patch) {
  if (patch.text) SEINE_CHECK(check_bytes(*patch.text, "text", kTextBytesMax));
  if (patch.answer) SEINE_CHECK(check_bytes(*patch.answer, "answer", kAnswerBytesMax));
  const std::int64_t now = base::to_us(clock_.wall());
  SEINE_CHECK(database_.write([&](store::Connection& c) -> Result<> {
    (void)SEINE_TRY(find_message(c, chat, id));
    std::optional<std::string> text;
    if (patch.text) text = base::to_valid_utf8(*patch.text);
    SEINE_CHECK(
        c.run("UPDATE chat_message SET text = coalesce(?2, text), state = coalesce(?3, state),"
              " run = coalesce(?4, run), model = coalesce(?5, model),"
              " answer = coalesce(?6, answer), indexed = CASE WHEN ?2 IS NULL THEN indexed ELSE 0"
              " END WHERE id = ?1",
              id, text, patch.state, patch.run_id, patch.model, patch.answer));
    return touch(c, chat, now);
  }));
  return patch.text ? index_pending() : Result<>();
}

Result<> ChatStore::remove_message(const std::string& chat, const std::string& id) {
  const std::int64_t now = base::to_us(clock_.wall());
  const auto gone =
      SEINE_TRY(database_.write([&](store::Connection& c) -> Result<std::vector<std::string>> {
        (void)SEINE_TRY(find_chat(c, chat));
        (void)SEINE_TRY(find_message(c, chat, id));
        std::vector<std::string> ids;
        {
          store::Cursor row = SEINE_TRY(
              c.query("WITH RECURSIVE below(id) AS (SELECT ?1 UNION SELECT m.id FROM chat_message m"
                      " JOIN below b ON m.parent = b.id WHERE m.chat = ?2) SELECT id FROM below",
                      id, chat));
          while (SEINE_TRY(row.next())) ids.push_back(row.get<std::string>(0));
        }
        for (const std::string& each : ids) {
          SEINE_CHECK(c.run("DELETE FROM chat_message WHERE id = ?1", each));
        }
        SEINE_CHECK(touch(c, chat, now));
        return ids;
      }));
  return index_.apply(kCollection, {}, gone);
}

Result<ChatMessage> ChatStore::message(const std::string& chat, const std::string& id) {
  return database_.read([&](store::Connection& c) -> Result<ChatMessage> {
    (void)SEINE_TRY(find_chat(c, chat));
    return find_message(c, chat, id);
  });
}

Result<std::vector<ChatMessage>> ChatStore::path_to(const std::string& chat,
                                                    const std::string& id) {
  return database_.read([&](store::Connection& c) -> Result<std::vector<ChatMessage>> {
    (void)SEINE_TRY(find_chat(c, chat));
    std::vector<ChatMessage> path;
    std::optional<std::string> next = id;
    // A parent is always older than its child, so this ends; the bound is for a damaged file.
    while (next && path.size() <= kMessagesMax) {
      path.push_back(SEINE_TRY(find_message(c, chat, *next)));
      next = path.back().parent_id;
    }
    std::ranges::reverse(path);
    return path;
  });
}

Result<std::size_t> ChatStore::purge() {
  const std::int64_t oldest = base::to_us(clock_.wall() - kRestoreTime);
  const bool any = SEINE_TRY(database_.read([&](store::Connection& c) -> Result<bool> {
    const auto one = SEINE_TRY(
        c.value<std::int64_t>("SELECT 1 FROM chat WHERE deleted_us < ?1 LIMIT 1", oldest));
    return one.has_value();
  }));
  if (!any) return 0;
  struct Gone {
    std::vector<std::string> messages;
    std::size_t chats = 0;
  };
  const Gone gone = SEINE_TRY(database_.write([&](store::Connection& c) -> Result<Gone> {
    Gone list;
    {
      store::Cursor row =
          SEINE_TRY(c.query("SELECT m.id FROM chat_message m JOIN chat c ON c.id = m.chat"
                            " WHERE c.deleted_us < ?1",
                            oldest));
      while (SEINE_TRY(row.next())) list.messages.push_back(row.get<std::string>(0));
    }
    SEINE_CHECK(
        c.run("DELETE FROM chat_message WHERE chat IN"
              " (SELECT id FROM chat WHERE deleted_us < ?1)",
              oldest));
    SEINE_CHECK(c.run("DELETE FROM chat WHERE deleted_us < ?1", oldest));
    list.chats = static_cast<std::size_t>(c.changes());
    return list;
  }));
  std::span<const std::string> rest = gone.messages;
  while (!rest.empty()) {
    const auto batch = rest.first(std::min(rest.size(), kIndexBatch));
    SEINE_CHECK(index_.apply(kCollection, {}, batch));
    rest = rest.subspan(batch.size());
  }
  return gone.chats;
}

Result<std::size_t> ChatStore::settle_interrupted() {
  return database_.write([](store::Connection& c) -> Result<std::size_t> {
    SEINE_CHECK(c.run("UPDATE chat_message SET state = 'stopped' WHERE state = 'running'"));
    return static_cast<std::size_t>(c.changes());
  });
}

}  // namespace seine::gateway
