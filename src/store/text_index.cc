#include "store/text_index.h"

#include <sqlite3.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "store/detail/bm25_weights.h"
#include "store/detail/snippet.h"
#include "store/text_query.h"

namespace seine::store {
namespace {

using base::Code;
using base::fail;
using base::fail_field;
using base::Result;

constexpr Migration kMigrations[] = {
    {1, "collections of the text index",
     "CREATE TABLE text_collection("
     "n INTEGER PRIMARY KEY AUTOINCREMENT,"
     "name TEXT NOT NULL UNIQUE,"
     "tokenizer INTEGER NOT NULL,"
     "documents INTEGER NOT NULL DEFAULT 0,"
     "bytes INTEGER NOT NULL DEFAULT 0"
     ") STRICT"},
};

constexpr double kK1 = 1.2;
constexpr double kB = 0.75;
constexpr std::size_t kIdBytesMax = 512;
constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kMetadataBytesMax = 64 << 10;
constexpr std::size_t kLimitMax = 1000;
constexpr std::size_t kOffsetMax = 100'000;
constexpr std::size_t kFiltersMax = 8;
constexpr std::size_t kFilterValuesMax = 64;

// Frequencies of terms change slowly: they are counted anew when the collection has grown or shrunk
// by a twentieth.
constexpr std::uint64_t kDriftShare = 20;
constexpr std::size_t kFrequencyCacheMax = 50'000;

struct Collection {
  std::int64_t n = 0;
  std::uint64_t documents = 0;
};

Result<Collection> find_collection(Connection& connection, std::string_view name) {
  Cursor row =
      SEINE_TRY(connection.query("SELECT n, documents FROM text_collection WHERE name=?1", name));
  if (!SEINE_TRY(row.next())) return fail(Code::kNotFound, "no text collection named '{}'", name);
  return Collection{row.integer(0), static_cast<std::uint64_t>(row.integer(1))};
}

Result<void> check_text(std::string_view id, std::string_view field, std::string_view text) {
  if (const auto bad = base::find_invalid_utf8(text)) {
    return fail_field(Code::kInvalidArgument, field, "document '{}': {} is not UTF-8 at byte {}",
                      id, field, *bad);
  }
  return {};
}

std::size_t size_of(const Document& document) {
  return document.id.size() + document.title.size() + document.heading.size() +
         document.body.size() + document.metadata.size();
}

Result<void> check_document(const Document& document, const TextIndexLimits& limits) {
  if (document.id.empty() || document.id.size() > kIdBytesMax) {
    return fail_field(Code::kInvalidArgument, "id", "a document's id has 1 to {} bytes, not {}",
                      kIdBytesMax, document.id.size());
  }
  SEINE_CHECK(check_text(base::to_valid_utf8(document.id), "id", document.id));
  if (size_of(document) > limits.document_bytes_max) {
    return fail(Code::kInvalidArgument, "document '{}' has {}, the limit is {}", document.id,
                base::format_size(size_of(document)), base::format_size(limits.document_bytes_max));
  }
  SEINE_CHECK(check_text(document.id, "title", document.title));
  SEINE_CHECK(check_text(document.id, "heading", document.heading));
  SEINE_CHECK(check_text(document.id, "body", document.body));
  const auto metadata =
      base::parse_json(document.metadata, {.depth_max = 16, .bytes_max = kMetadataBytesMax});
  if (!metadata || !metadata->is_object()) {
    return fail_field(Code::kInvalidArgument, "metadata",
                      "document '{}': metadata is not a JSON object{}", document.id,
                      metadata ? std::string() : ": " + metadata.error().message);
  }
  return {};
}

// The old texts leave the index exactly as they went in; FTS5 asks for them.
Result<bool> unindex(Connection& connection, std::int64_t collection, std::string_view id,
                     std::int64_t& n, std::int64_t& bytes) {
  Cursor old = SEINE_TRY(
      connection.query(fmt::format("SELECT n, title, heading, body,"
                                   "length(CAST(id||title||heading||body||metadata AS BLOB))"
                                   " FROM text_doc_{} WHERE id=?1",
                                   collection),
                       id));
  if (!SEINE_TRY(old.next())) return false;
  n = old.integer(0);
  bytes = old.integer(4);
  SEINE_CHECK(connection.run(
      fmt::format("INSERT INTO text_fts_{0}(text_fts_{0}, rowid, title, heading, body)"
                  " VALUES('delete', ?1, ?2, ?3, ?4)",
                  collection),
      n, old.text(1), old.text(2), old.text(3)));
  return true;
}

}  // namespace

struct TextIndex::Impl {
  Impl(Database& database_in, TextIndexLimits limits_in)
      : database(database_in), limits(limits_in) {}

  Database& database;
  TextIndexLimits limits;

  // How many documents hold a term, as counted when the collection had `documents`.
  struct Frequencies {
    std::uint64_t documents = 0;
    std::unordered_map<std::string, std::uint64_t> of_term;
  };
  std::mutex mutex;
  std::unordered_map<std::int64_t, Frequencies> frequencies;

  Result<void> apply(Connection& connection, std::string_view name,
                     std::span<const Document> upserts, std::span<const std::string> removals);
  Result<std::vector<Hit>> search(Connection& connection, std::string_view name,
                                  const TextQuery& query, const std::string& filter_sql);
  Result<std::uint64_t> frequency(Connection& connection, const Collection& collection,
                                  const QueryTerm& term);
  Result<std::vector<double>> idf_of(Connection& connection, const Collection& collection,
                                     const std::vector<QueryTerm>& terms);
};

TextIndex::TextIndex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TextIndex::~TextIndex() = default;

Result<std::unique_ptr<TextIndex>> TextIndex::open(Database& database, TextIndexLimits limits) {
  SEINE_CHECK(database.migrate({"text", kMigrations}));
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

Result<void> TextIndex::apply(std::string_view collection, std::span<const Document> upserts,
                              std::span<const std::string> removals, const CallOptions& options) {
  if (upserts.size() + removals.size() > impl_->limits.batch_documents_max) {
    return fail(Code::kInvalidArgument, "the batch has {} documents, the limit is {}",
                upserts.size() + removals.size(), impl_->limits.batch_documents_max);
  }
  std::size_t bytes = 0;
  for (const Document& document : upserts) {
    SEINE_CHECK(check_document(document, impl_->limits));
    bytes += size_of(document);
  }
  if (bytes > impl_->limits.batch_bytes_max) {
    return fail(Code::kInvalidArgument, "the batch has {}, the limit is {}",
                base::format_size(bytes), base::format_size(impl_->limits.batch_bytes_max));
  }
  const std::string name(collection);
  return impl_->database.write(
      [&](Connection& connection) { return impl_->apply(connection, name, upserts, removals); },
      options);
}

Result<void> TextIndex::Impl::apply(Connection& connection, std::string_view name,
                                    std::span<const Document> upserts,
                                    std::span<const std::string> removals) {
  const Collection collection = SEINE_TRY(find_collection(connection, name));
  std::int64_t documents = 0;
  std::int64_t bytes = 0;
  for (const std::string& id : removals) {
    std::int64_t n = 0;
    std::int64_t old_bytes = 0;
    if (!SEINE_TRY(unindex(connection, collection.n, id, n, old_bytes))) continue;
    SEINE_CHECK(connection.run(fmt::format("DELETE FROM text_doc_{} WHERE n=?1", collection.n), n));
    --documents;
    bytes -= old_bytes;
  }
  const std::string replace = fmt::format(
      "UPDATE text_doc_{} SET metadata=?2, title=?3, heading=?4, body=?5 WHERE n=?1", collection.n);
  const std::string insert = fmt::format(
      "INSERT INTO text_doc_{}(id, metadata, title, heading, body) VALUES(?1, ?2, ?3, ?4, ?5)",
      collection.n);
  const std::string index = fmt::format(
      "INSERT INTO text_fts_{}(rowid, title, heading, body) VALUES(?1, ?2, ?3, ?4)", collection.n);
  for (const Document& document : upserts) {
    std::int64_t n = 0;
    std::int64_t old_bytes = 0;
    if (SEINE_TRY(unindex(connection, collection.n, document.id, n, old_bytes))) {
      SEINE_CHECK(connection.run(replace, n, document.metadata, document.title, document.heading,
                                 document.body));
      bytes -= old_bytes;
    } else {
      SEINE_CHECK(connection.run(insert, document.id, document.metadata, document.title,
                                 document.heading, document.body));
      n = connection.last_insert_id();
      ++documents;
    }
    SEINE_CHECK(connection.run(index, n, document.title, document.heading, document.body));
    bytes += static_cast<std::int64_t>(size_of(document));
  }
  return connection.run(
      "UPDATE text_collection SET documents=documents+?2, bytes=bytes+?3 WHERE n=?1", collection.n,
      documents, bytes);
}

Result<std::uint64_t> TextIndex::Impl::frequency(Connection& connection,
                                                 const Collection& collection,
                                                 const QueryTerm& term) {
  std::optional<std::int64_t> count;
  if (term.terms.size() == 1) {
    count = SEINE_TRY(connection.value<std::int64_t>(
        fmt::format("SELECT doc FROM text_term_{} WHERE term=?1", collection.n), term.terms[0]));
  } else {
    count = SEINE_TRY(connection.value<std::int64_t>(
        fmt::format("SELECT count(*) FROM text_fts_{0} WHERE text_fts_{0} MATCH ?1", collection.n),
        match_expression({term}).text));
  }
  return static_cast<std::uint64_t>(count.value_or(0));
}

Result<std::vector<double>> TextIndex::Impl::idf_of(Connection& connection,
                                                    const Collection& collection,
                                                    const std::vector<QueryTerm>& terms) {
  std::vector<double> idf;
  for (const QueryTerm& term : terms) {
    std::string key;
    for (const std::string& part : term.terms) key += part + '\0';
    std::optional<std::uint64_t> count;
    {
      const std::lock_guard lock(mutex);
      Frequencies& known = frequencies[collection.n];
      const std::uint64_t drift = known.documents > collection.documents
                                      ? known.documents - collection.documents
                                      : collection.documents - known.documents;
      if (drift * kDriftShare > collection.documents || known.of_term.size() > kFrequencyCacheMax) {
        known.of_term.clear();
      }
      if (known.of_term.empty()) known.documents = collection.documents;
      if (const auto found = known.of_term.find(key); found != known.of_term.end()) {
        count = found->second;
      }
    }
    if (!count) {
      count = SEINE_TRY(frequency(connection, collection, term));
      // An absent term may come with the next document; its idf must not stay at the maximum.
      if (*count > 0) {
        const std::lock_guard lock(mutex);
        frequencies[collection.n].of_term[key] = *count;
      }
    }
    idf.push_back(*count == 0 ? 0 : detail::bm25_idf(collection.documents, *count));
  }
  return idf;
}

namespace {

// " AND CAST(json_extract(...) AS TEXT) IN (...)" for each filter; parameters from ?5 on.
Result<std::string> filter_clause(const std::vector<Filter>& filters) {
  if (filters.size() > kFiltersMax) {
    return fail_field(Code::kInvalidArgument, "filters", "{} filters, the limit is {}",
                      filters.size(), kFiltersMax);
  }
  std::string sql;
  for (const Filter& filter : filters) {
    const bool plain = !filter.key.empty() && filter.key.size() <= 64 &&
                       std::ranges::all_of(filter.key, [](unsigned char c) {
                         return std::isalnum(c) != 0 || c == '_' || c == '-';
                       });
    if (!plain) {
      return fail_field(Code::kInvalidArgument, "filters",
                        "a filter's key has 1 to 64 letters, digits, '_' or '-'");
    }
    if (filter.any_of.empty() || filter.any_of.size() > kFilterValuesMax) {
      return fail_field(Code::kInvalidArgument, "filters",
                        "filter '{}' has {} values; 1 to {} are possible", filter.key,
                        filter.any_of.size(), kFilterValuesMax);
    }
    // Values travel as one JSON array in one parameter.
    sql += fmt::format(
        " AND CAST(json_extract(d.metadata, '$.\"{}\"') AS TEXT) IN"
        " (SELECT value FROM json_each(json_extract(?3, '$.\"{}\"')))",
        filter.key, filter.key);
  }
  return sql;
}

std::string filter_values(const std::vector<Filter>& filters) {
  base::Json all = base::Json::object();
  for (const Filter& filter : filters) {
    base::Json values = base::Json::array();
    for (const std::string& value : filter.any_of) values.push_back(base::to_valid_utf8(value));
    all[filter.key] = std::move(values);
  }
  return base::to_text(all);
}

}  // namespace

Result<std::vector<Hit>> TextIndex::search(std::string_view collection, const TextQuery& query,
                                           const CallOptions& options) {
  if (query.text.size() > impl_->limits.query_bytes_max) {
    return fail_field(Code::kInvalidArgument, "text", "the query has {}, the limit is {}",
                      base::format_size(query.text.size()),
                      base::format_size(impl_->limits.query_bytes_max));
  }
  if (query.limit > kLimitMax || query.offset > kOffsetMax) {
    return fail(Code::kInvalidArgument, "limit {} and offset {}: at most {} and {} are possible",
                query.limit, query.offset, kLimitMax, kOffsetMax);
  }
  const std::string filter_sql = SEINE_TRY(filter_clause(query.filters));
  return impl_->database.read(
      [&](Connection& connection) {
        return impl_->search(connection, collection, query, filter_sql);
      },
      options);
}

Result<std::vector<Hit>> TextIndex::Impl::search(Connection& connection, std::string_view name,
                                                 const TextQuery& query,
                                                 const std::string& filter_sql) {
  const Collection collection = SEINE_TRY(find_collection(connection, name));
  Tokenizer tokenizer;
  std::vector<QueryTerm> terms = parse_query(tokenizer, query.text, limits.query_terms_max).terms;
  std::vector<double> idf = SEINE_TRY(idf_of(connection, collection, terms));

  // Terms that no document holds match nothing: without them the expression is smaller. A phrase
  // that occurs nowhere was not meant literally: its words count one by one.
  std::vector<QueryTerm> used;
  std::vector<double> used_idf;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    if (idf[i] > 0) {
      used.push_back(terms[i]);
      used_idf.push_back(idf[i]);
    } else if (terms[i].required) {
      for (std::string& part : terms[i].terms) {
        QueryTerm word{{std::move(part)}, false};
        const double weight = SEINE_TRY(idf_of(connection, collection, {word}))[0];
        if (weight > 0 && std::ranges::find(terms, word) == terms.end()) {
          used.push_back(std::move(word));
          used_idf.push_back(weight);
        }
      }
    }
  }
  if (used.empty() || query.limit == 0) return std::vector<Hit>{};

  std::unordered_map<std::string, double> weight_of;
  for (std::size_t i = 0; i < used.size(); ++i) {
    for (const std::string& part : used[i].terms) weight_of.try_emplace(part, used_idf[i]);
  }
  const MatchExpression match = match_expression(used);
  std::vector<double> phrase_idf;
  for (const std::size_t term : match.term_of) {
    phrase_idf.push_back(term == MatchExpression::kNoTerm ? 0 : used_idf[term]);
  }
  const detail::Bm25Weights weights(kK1, kB, {query.title_weight, query.heading_weight, 1.0},
                                    phrase_idf);

  const std::string sql = fmt::format(
      "SELECT d.n, best.score, d.id, d.metadata, d.title, d.heading FROM ("
      "SELECT text_fts_{0}.rowid AS n, seine_bm25(text_fts_{0}, ?1) AS score FROM text_fts_{0}{1}"
      " WHERE text_fts_{0} MATCH ?2{2} ORDER BY score DESC, n LIMIT ?4 OFFSET ?5"
      ") AS best JOIN text_doc_{0} AS d ON d.n = best.n ORDER BY best.score DESC, d.n",
      collection.n,
      filter_sql.empty()
          ? std::string()
          : fmt::format(" JOIN text_doc_{0} AS d ON d.n = text_fts_{0}.rowid", collection.n),
      filter_sql);
  Cursor rows =
      SEINE_TRY(connection.query(sql, Blob{weights.bytes()}, match.text,
                                 filter_values(query.filters), query.limit, query.offset));
  std::vector<Hit> hits;
  while (SEINE_TRY(rows.next())) {
    Hit hit;
    hit.score = rows.real(1);
    hit.id = rows.text(2);
    hit.metadata = rows.text(3);
    hit.title = rows.text(4);
    hit.heading = rows.text(5);
    if (query.snippet_bytes > 0) {
      const auto body = SEINE_TRY(connection.value<std::string>(
          fmt::format("SELECT body FROM text_doc_{} WHERE n=?1", collection.n), rows.integer(0)));
      const std::string_view text = body ? std::string_view(*body) : std::string_view();
      detail::Snippet snippet =
          detail::make_snippet(tokenizer, text, weight_of, query.snippet_bytes);
      hit.snippet = snippet.span;
      hit.snippet_text = text.substr(snippet.span.begin, snippet.span.end - snippet.span.begin);
      hit.matches = std::move(snippet.matches);
    }
    hits.push_back(std::move(hit));
  }
  return hits;
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
