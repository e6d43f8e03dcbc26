// The answer of a model that cites spans (the small one that ships with Seine): what it is asked,
// and its "SPAN [k]" turned into the sentence that holds the span. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "answer/passage/split.h"
#include "answer/plan/question.h"
#include "llm/request.h"

namespace seine::answer {

inline constexpr std::size_t kSpanPassagesMax = 6;

// `priors`: of each passage, in nats (SpanConstraint).
llm::ChatRequest span_request(const Question& question, std::span<const Passage* const> passages,
                              std::span<const Page> pages, std::vector<double> priors,
                              const std::string& model);

struct SpanAnswer {
  std::size_t passage = 0;   // index among those given
  std::size_t sentence = 0;  // of the passage
  std::string span;          // the literal words
};

// Where a reply "SPAN [k]" stands. Nothing for an empty reply (not in the passages), and for one
// whose words are not in the passage it names: it is then not to be believed.
std::optional<SpanAnswer> locate_span(std::string_view reply,
                                      std::span<const Passage* const> passages);

}  // namespace seine::answer
