#include "store/text_index.h"

#include <sqlite3.h>

#include "base/utf8.h"
#include "store/detail/text_index_impl.h"
#include "store/tokenizer.h"

namespace seine::store {

using base::Code;
using base::fail;
using base::Result;
using detail::Collection;
using detail::find_collection;

namespace {

constexpr Migration kTextMigrations[] = {
    {1, "collections of the text index",
     "CREATE TABLE text_collection("
     "n INTEGER PRIMARY KEY AUTOINCREMENT,"
     "name TEXT NOT NULL UNIQUE,"
     "tokenizer INTEGER NOT NULL,"
     "documents INTEGER NOT NULL DEFAULT 0,"
     "bytes INTEGER NOT NULL DEFAULT 0"
     ") STRICT"},
};

constexpr std::size_t kNameBytesMax = 128;

}  // namespace

Result<Collection> detail::find_collection(Connection& connection, std::string_view name) {
  Cursor row =
      SEINE_TRY(connection.query("SELECT n, documents FROM text_collection WHERE name=?1", name));
  if (!SEINE_TRY(row.next())) return fail(Code::kNotFound, "no text collection named '{}'", name);
  return Collection{row.integer(0), static_cast<std::uint64_t>(row.integer(1))};
}

namespace {

// Texts that another version of the tokenizer has cut are cut again: their old terms would no
// longer meet a question's. One transaction: all or nothing.
Result<void> rebuild_outdated(Database& database) {
  return database.write([](Connection& connection) -> Result<void> {
    std::vector<std::int64_t> outdated;
    {
      Cursor rows = SEINE_TRY(connection.query(
          "SELECT n FROM text_collection WHERE tokenizer<>?1 ORDER BY n", kTokenizerVersion));
      while (SEINE_TRY(rows.next())) outdated.push_back(rows.integer(0));
    }
    for (const std::int64_t n : outdated) {
      SEINE_CHECK(connection.run(
          fmt::format("INSERT INTO text_fts_{0}(text_fts_{0}) VALUES('rebuild')", n)));
      SEINE_CHECK(connection.run("UPDATE text_collection SET tokenizer=?2 WHERE n=?1", n,
                                 kTokenizerVersion));
    }
    return {};
  });
}

}  // namespace

TextIndex::TextIndex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TextIndex::~TextIndex() = default;

Result<std::unique_ptr<TextIndex>> TextIndex::open(Database& database, TextIndexLimits limits) {
  SEINE_CHECK(database.migrate({"text", kTextMigrations}));
  SEINE_CHECK(rebuild_outdated(database));
  return std::unique_ptr<TextIndex>(new TextIndex(std::make_unique<Impl>(database, limits)));
}

Result<void> TextIndex::create_collection(std::string_view name, const CallOptions& options) {
  if (name.empty() || name.size() > kNameBytesMax || !base::is_valid_utf8(name)) {
    return fail(Code::kInvalidArgument, "a collection's name is UTF-8 of 1 to {} bytes",
                kNameBytesMax);
  }
  const std::string owned(name);
  const std::size_t most = impl_->limits.collections_max;
  return impl_->database.write(
      [&](Connection& connection) -> Result<void> {
        const auto count =
            SEINE_TRY(connection.value<std::int64_t>("SELECT count(*) FROM text_collection"));
        if (static_cast<std::size_t>(count.value_or(0)) >= most) {
          return fail(Code::kResourceExhausted, "there are {} text collections, the limit is {}",
                      *count, most);
        }
        auto inserted =
            connection.run("INSERT INTO text_collection(name, tokenizer) VALUES(?1, ?2)", owned,
                           kTokenizerVersion);
        if (!inserted && inserted.error().code == Code::kAlreadyExists) {
          return fail(Code::kAlreadyExists, "there is a text collection named '{}' already", owned);
        }
        SEINE_CHECK(inserted);
        // The metadata stands before the texts, so that a filter reads no overflow page.
        return connection.script(
            fmt::format("CREATE TABLE text_doc_{0}(n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
                        "metadata TEXT NOT NULL, title TEXT NOT NULL, heading TEXT NOT NULL,"
                        "body TEXT NOT NULL) STRICT;"
                        "CREATE VIRTUAL TABLE text_fts_{0} USING fts5(title, heading, body,"
                        "content='text_doc_{0}', content_rowid='n', tokenize='seine');"
                        "CREATE VIRTUAL TABLE text_term_{0} USING fts5vocab('text_fts_{0}', 'row');"
                        "INSERT INTO text_fts_{0}(text_fts_{0}, rank) VALUES('hashsize', 8388608);",
                        connection.last_insert_id()));
      },
      options);
}

Result<void> TextIndex::drop_collection(std::string_view name, const CallOptions& options) {
  const std::string owned(name);
  return impl_->database.write(
      [&](Connection& connection) -> Result<void> {
        const Collection collection = SEINE_TRY(find_collection(connection, owned));
        SEINE_CHECK(connection.script(fmt::format(
            "DROP TABLE text_term_{0}; DROP TABLE text_fts_{0}; DROP TABLE text_doc_{0};",
            collection.n)));
        return connection.run("DELETE FROM text_collection WHERE n=?1", collection.n);
      },
      options);
}

Result<std::vector<CollectionInfo>> TextIndex::collections(const CallOptions& options) {
  return impl_->database.read(
      [](Connection& connection) -> Result<std::vector<CollectionInfo>> {
        std::vector<CollectionInfo> all;
        Cursor rows = SEINE_TRY(
            connection.query("SELECT name, documents, bytes FROM text_collection ORDER BY name"));
        while (SEINE_TRY(rows.next())) {
          all.push_back(
              {rows.get<std::string>(0), rows.get<std::uint64_t>(1), rows.get<std::uint64_t>(2)});
        }
        return all;
      },
      options);
}

Result<std::optional<Document>> TextIndex::get(std::string_view collection, std::string_view id,
                                               const CallOptions& options) {
  return impl_->database.read(
      [&](Connection& connection) -> Result<std::optional<Document>> {
        const Collection found = SEINE_TRY(find_collection(connection, collection));
        Cursor row = SEINE_TRY(connection.query(
            fmt::format("SELECT id, title, heading, body, metadata FROM text_doc_{} WHERE id=?1",
                        found.n),
            id));
        if (!SEINE_TRY(row.next())) return std::nullopt;
        return Document{row.get<std::string>(0), row.get<std::string>(1), row.get<std::string>(2),
                        row.get<std::string>(3), row.get<std::string>(4)};
      },
      options);
}

Result<bool> TextIndex::merge(std::string_view collection, const CallOptions& options) {
  // Pages of the index written by one call: some 2 MB.
  constexpr int kPages = 500;
  const std::string name(collection);
  return impl_->database.write(
      [&](Connection& connection) -> Result<bool> {
        const Collection found = SEINE_TRY(find_collection(connection, name));
        const std::int64_t before = sqlite3_total_changes64(connection.handle());
        SEINE_CHECK(connection.run(
            fmt::format("INSERT INTO text_fts_{0}(text_fts_{0}, rank) VALUES('merge', ?1)",
                        found.n),
            -kPages));
        // FTS5: fewer than two changes mean that there was nothing to merge.
        return sqlite3_total_changes64(connection.handle()) - before >= 2;
      },
      options);
}

Result<std::vector<std::string>> TextIndex::check(const CallOptions& options) {
  // A write job because FTS5 spells its check as an insert; it changes nothing.
  return impl_->database.write(
      [](Connection& connection) -> Result<std::vector<std::string>> {
        std::vector<std::string> problems;
        std::vector<std::pair<std::int64_t, std::string>> all;
        {
          Cursor rows = SEINE_TRY(
              connection.query("SELECT n, name, tokenizer FROM text_collection ORDER BY n"));
          while (SEINE_TRY(rows.next())) {
            all.emplace_back(rows.integer(0), rows.get<std::string>(1));
            if (rows.integer(2) != kTokenizerVersion) {
              problems.push_back(fmt::format(
                  "text collection '{}' was indexed by tokenizer version {}, this program has {}",
                  all.back().second, rows.integer(2), kTokenizerVersion));
            }
          }
        }
        for (const auto& [n, name] : all) {
          const auto checked = connection.run(fmt::format(
              "INSERT INTO text_fts_{0}(text_fts_{0}, rank) VALUES('integrity-check', 1)", n));
          if (checked) continue;
          if (checked.error().code != Code::kDataLoss) return std::unexpected(checked.error());
          problems.push_back(fmt::format("text collection '{}' differs from its documents", name));
        }
        return problems;
      },
      options);
}

}  // namespace seine::store
