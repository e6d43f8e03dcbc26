#include "store/detail/fts_extension.h"

#include <sqlite3.h>

#include <cstring>
#include <new>

#include "store/detail/bm25_weights.h"
#include "store/tokenizer.h"

namespace seine::store::detail {
namespace {

int create_tokenizer(void*, const char** args, int count, Fts5Tokenizer** out) {
  Stemming stemming = Stemming::kEnglish;
  for (int i = 0; i < count; ++i) {
    if (std::strcmp(args[i], "plain") != 0) return SQLITE_ERROR;
    stemming = Stemming::kNone;
  }
  auto* tokenizer = new (std::nothrow) Tokenizer(stemming);
  if (tokenizer == nullptr) return SQLITE_NOMEM;
  *out = reinterpret_cast<Fts5Tokenizer*>(tokenizer);
  return SQLITE_OK;
}

void delete_tokenizer(Fts5Tokenizer* tokenizer) {
  delete reinterpret_cast<Tokenizer*>(tokenizer);
}

using TokenSink = int (*)(void*, int flags, const char* token, int bytes, int begin, int end);

int tokenize(Fts5Tokenizer* tokenizer, void* context, int, const char* text, int bytes,
             TokenSink sink) {
  if (text == nullptr || bytes <= 0) return SQLITE_OK;
  if (text[0] == kRawTerm) return sink(context, 0, text + 1, bytes - 1, 0, bytes);
  int code = SQLITE_OK;
  reinterpret_cast<Tokenizer*>(tokenizer)->run(
      std::string_view(text, static_cast<std::size_t>(bytes)), [&](const Token& token) {
        code = sink(context, token.extra ? FTS5_TOKEN_COLOCATED : 0, token.text.data(),
                    static_cast<int>(token.text.size()), static_cast<int>(token.begin),
                    static_cast<int>(token.end));
        return code == SQLITE_OK;
      });
  return code;
}

// What one search computes once: the average length of a document.
struct SearchState {
  double average_length = 1;
};

SearchState* state_of(const Fts5ExtensionApi* api, Fts5Context* fts, const Bm25Weights& weights,
                      int& code) {
  if (auto* known = static_cast<SearchState*>(api->xGetAuxdata(fts, 0))) return known;
  sqlite3_int64 rows = 0;
  double total = 0;
  code = api->xRowCount(fts, &rows);
  for (int column = 0; column < kTextColumns && code == SQLITE_OK; ++column) {
    sqlite3_int64 tokens = 0;
    code = api->xColumnTotalSize(fts, column, &tokens);
    total += weights.column(column) * static_cast<double>(tokens);
  }
  if (code != SQLITE_OK) return nullptr;
  auto* state = new (std::nothrow) SearchState;
  if (state == nullptr) {
    code = SQLITE_NOMEM;
    return nullptr;
  }
  if (rows > 0 && total > 0) state->average_length = total / static_cast<double>(rows);
  code = api->xSetAuxdata(fts, state, [](void* p) { delete static_cast<SearchState*>(p); });
  return code == SQLITE_OK ? state : nullptr;
}

// Sum over the phrases of idf * saturated frequency in the current row; an SQLite code.
int score_row(const Fts5ExtensionApi* api, Fts5Context* fts, const Bm25Weights& weights,
              double& score) {
  int code = SQLITE_OK;
  const SearchState* state = state_of(api, fts, weights, code);
  if (state == nullptr) return code;
  double length = 0;
  for (int column = 0; column < kTextColumns; ++column) {
    int tokens = 0;
    if (code = api->xColumnSize(fts, column, &tokens); code != SQLITE_OK) return code;
    length += weights.column(column) * tokens;
  }
  const double norm =
      weights.k1() * (1 - weights.b() + weights.b() * length / state->average_length);
  const int phrases = api->xPhraseCount(fts);
  for (int phrase = 0; phrase < phrases; ++phrase) {
    const double idf = weights.idf(phrase);
    if (idf == 0) continue;
    Fts5PhraseIter at;
    int column = 0;
    int offset = 0;
    double frequency = 0;
    code = api->xPhraseFirst(fts, phrase, &at, &column, &offset);
    if (code != SQLITE_OK) return code;
    for (; column >= 0 && column < kTextColumns; api->xPhraseNext(fts, &at, &column, &offset)) {
      frequency += weights.column(column);
    }
    if (frequency > 0) score += idf * frequency * (weights.k1() + 1) / (frequency + norm);
  }
  return SQLITE_OK;
}

// seine_bm25(table, weights): BM25 (Robertson and Zaragoza 2009) with Lucene's idf, over the
// columns as one text in which a column counts as often as its weight. The idf of each phrase comes
// with the call, since FTS5's own bm25() reads every posting list a second time to count them.
void bm25(const Fts5ExtensionApi* api, Fts5Context* fts, sqlite3_context* context, int count,
          sqlite3_value** values) {
  Bm25Weights weights;
  if (count != 1 || !weights.parse({static_cast<const char*>(sqlite3_value_blob(values[0])),
                                    static_cast<std::size_t>(sqlite3_value_bytes(values[0]))})) {
    sqlite3_result_error(context, "seine_bm25: wrong weights", -1);
    return;
  }
  double score = 0;
  if (const int code = score_row(api, fts, weights, score); code != SQLITE_OK) {
    sqlite3_result_error_code(context, code);
    return;
  }
  sqlite3_result_double(context, score);
}

fts5_api* fts5_of(sqlite3* handle) {
  fts5_api* api = nullptr;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle, "SELECT fts5(?1)", -1, &statement, nullptr) == SQLITE_OK) {
    sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
    sqlite3_step(statement);
  }
  sqlite3_finalize(statement);
  return api;
}

}  // namespace

base::Result<void> register_text_search(sqlite3* handle) {
  fts5_api* api = fts5_of(handle);
  if (api == nullptr || api->iVersion < 2) {
    return base::fail(base::Code::kUnimplemented,
                      "this SQLite ({}) was built without FTS5, which the text index needs",
                      sqlite3_libversion());
  }
  fts5_tokenizer tokenizer{create_tokenizer, delete_tokenizer, tokenize};
  if (api->xCreateTokenizer(api, "seine", nullptr, &tokenizer, nullptr) != SQLITE_OK ||
      api->xCreateFunction(api, "seine_bm25", nullptr, bm25, nullptr) != SQLITE_OK) {
    return base::fail(base::Code::kInternal, "FTS5 refused the tokenizer: {}",
                      sqlite3_errmsg(handle));
  }
  return {};
}

}  // namespace seine::store::detail
