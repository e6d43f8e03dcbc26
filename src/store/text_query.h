// A person's words as index terms: what TextIndex asks FTS5 for. Any text gives a query that FTS5
// accepts, or none. Pure; uses the caller's tokenizer.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "store/tokenizer.h"

namespace seine::store {

// One unit of scoring: a single term, or the terms of a quoted phrase in order.
struct QueryTerm {
  std::vector<std::string> terms;
  bool required = false;  // a quoted phrase: documents without it do not match
  bool operator==(const QueryTerm&) const = default;
};

struct ParsedQuery {
  std::vector<QueryTerm> terms;
  bool truncated = false;  // more than terms_max: the rest was dropped
};

// Distinct terms in order of first mention. Stop words go unless nothing else is left. Of a longer
// compound (a name with parts) both the whole and the parts stay.
ParsedQuery parse_query(Tokenizer& tokenizer, std::string_view text, std::size_t terms_max);

// A MATCH argument and which of the terms each phrase of it stands for (FTS5 numbers phrases from
// the left).
struct MatchExpression {
  static constexpr std::size_t kNoTerm = static_cast<std::size_t>(-1);
  std::string text;
  std::vector<std::size_t> term_of;  // kNoTerm: there for the logic only
};

// Optional terms joined by OR, required ones by AND; with a required one, the optional only add to
// the score.
MatchExpression match_expression(const std::vector<QueryTerm>& terms);

}  // namespace seine::store
