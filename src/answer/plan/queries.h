// Search queries for a question: by rules, for any model or none, and by a capable model (its
// prompt and the reading of its reply). Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "answer/plan/question.h"
#include "answer/ports.h"
#include "base/clock.h"
#include "base/error.h"
#include "llm/request.h"

namespace seine::answer {

inline constexpr std::size_t kQueriesMax = 4;
inline constexpr std::size_t kQueryBytesMax = 400;

struct Plan {
  bool search = true;
  std::vector<SearchQuery> queries;  // 1 to kQueriesMax when search is set
};

// One to four: the question itself, its keywords (with the year where it must be fresh), and a pair
// in the other language where the words are known to the rules.
Plan plan_by_rules(const Question& question, base::WallTime now);

// What a capable model is asked; its answer is a JSON object. `history` helps to resolve "it".
llm::ChatRequest plan_request(const Question& question, const std::vector<llm::Message>& history,
                              const std::string& model, base::WallTime now);
// The plan in the model's reply. kInvalidArgument when it holds none: the rules then stand.
base::Result<Plan> read_plan(std::string_view reply, const Question& question);

// Hits of several queries as one list, best first (reciprocal rank fusion), one a URL.
std::vector<SearchHit> merge_hits(const std::vector<SearchResult>& results, std::size_t limit);

// "2026-11-28".
std::string date_of(base::WallTime time);

}  // namespace seine::answer
