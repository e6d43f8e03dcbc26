// TextIndex: a question to ranked hits.
#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "store/detail/bm25_weights.h"
#include "store/detail/snippet.h"
#include "store/detail/text_index_impl.h"
#include "store/tokenizer.h"

namespace seine::store {

using base::Code;
using base::fail;
using base::fail_field;
using base::Result;
using detail::Collection;

namespace {

constexpr double kK1 = 1.2;
constexpr double kB = 0.75;
constexpr std::size_t kLimitMax = 1000;
constexpr std::size_t kOffsetMax = 100'000;
constexpr std::size_t kFiltersMax = 8;
constexpr std::size_t kFilterValuesMax = 64;

// Frequencies of terms change slowly: they are counted anew when the collection has grown or shrunk
// by a twentieth.
constexpr std::uint64_t kDriftShare = 20;
constexpr std::size_t kFrequencyCacheMax = 50'000;

}  // namespace

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
  const Collection collection = SEINE_TRY(detail::find_collection(connection, name));
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

}  // namespace seine::store
