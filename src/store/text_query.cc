#include "store/text_query.h"

#include <algorithm>
#include <unordered_set>

#include "store/detail/fts_extension.h"

namespace seine::store {
namespace {

struct Piece {
  std::string_view text;
  bool quoted;
};

// Cuts at straight double quotes; one without its partner is a space. Typographic quotes are how
// prose marks names and speech, so they ask for nothing.
std::vector<Piece> split_quotes(std::string_view text) {
  std::vector<Piece> pieces;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t open = std::min(text.find('"', at), text.size());
    if (open > at) pieces.push_back({text.substr(at, open - at), false});
    if (open == text.size()) break;
    const std::size_t close = std::min(text.find('"', open + 1), text.size());
    pieces.push_back({text.substr(open + 1, close - open - 1), close < text.size()});
    at = close + 1;
  }
  return pieces;
}

// The terms of a phrase, one a position: a pair tells more than a single character, and the pairs
// of neighbours overlap to the whole run.
std::vector<std::string> phrase_terms(const std::vector<Token>& tokens) {
  std::vector<std::string> terms;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].extra) continue;
    const bool pair = i + 1 < tokens.size() && tokens[i].cjk && tokens[i + 1].extra;
    // The last character of a run is inside the pair before it.
    const bool covered = tokens[i].cjk && !pair && i > 0 && tokens[i - 1].extra &&
                         tokens[i - 1].cjk && tokens[i - 1].end == tokens[i].end;
    if (covered && i + 1 == tokens.size()) continue;
    terms.push_back(pair ? tokens[i + 1].text : tokens[i].text);
  }
  return terms;
}

}  // namespace

ParsedQuery parse_query(Tokenizer& tokenizer, std::string_view text, std::size_t terms_max) {
  ParsedQuery parsed;
  std::vector<QueryTerm> stops;
  std::unordered_set<std::string> seen;
  const auto add = [&](QueryTerm term, bool stop) {
    std::string key;
    for (const std::string& part : term.terms) key += part + '\0';
    if (!seen.insert(std::move(key)).second) return;
    if (parsed.terms.size() + (stop ? stops.size() : 0) >= terms_max) {
      parsed.truncated = true;
    } else {
      (stop ? stops : parsed.terms).push_back(std::move(term));
    }
  };
  for (const Piece& piece : split_quotes(text)) {
    const std::vector<Token> tokens = tokenizer.tokens(piece.text);
    if (piece.quoted) {
      QueryTerm phrase{phrase_terms(tokens), true};
      // FTS5's own limit on a phrase is far off; a sentence is the longest thing worth quoting.
      if (phrase.terms.size() > terms_max) phrase.terms.resize(terms_max);
      if (!phrase.terms.empty()) add(std::move(phrase), false);
      continue;
    }
    for (const Token& token : tokens) add({{token.text}, false}, token.stop);
  }
  if (parsed.terms.empty()) parsed.terms = std::move(stops);
  // Required ones first, so that the expression nests no deeper than two.
  std::vector<QueryTerm> ordered;
  for (const bool required : {true, false}) {
    for (QueryTerm& term : parsed.terms) {
      if (term.required == required) ordered.push_back(std::move(term));
    }
  }
  parsed.terms = std::move(ordered);
  return parsed;
}

namespace {

void append_literal(std::string& out, const QueryTerm& term) {
  for (std::size_t i = 0; i < term.terms.size(); ++i) {
    if (i > 0) out += " + ";
    out += '"';
    out += detail::kRawTerm;
    for (const char c : term.terms[i]) {
      out += c;
      if (c == '"') out += c;
    }
    out += '"';
  }
}

}  // namespace

MatchExpression match_expression(const std::vector<QueryTerm>& terms) {
  MatchExpression match;
  const auto add = [&](std::string_view joint, std::size_t literal, std::size_t counts_as) {
    match.text += joint;
    append_literal(match.text, terms[literal]);
    match.term_of.push_back(counts_as);
  };
  std::size_t required = 0;
  for (; required < terms.size() && terms[required].required; ++required) {
    add(required == 0 ? "" : " AND ", required, required);
  }
  if (required == terms.size()) return match;
  if (required > 0) {
    // FTS5 has no "may occur": r AND (r OR a OR b) is that.
    match.text += " AND (";
    add("", 0, MatchExpression::kNoTerm);
  }
  for (std::size_t i = required; i < terms.size(); ++i) {
    add(i == 0 ? "" : " OR ", i, i);
  }
  if (required > 0) match.text += ')';
  return match;
}

}  // namespace seine::store
