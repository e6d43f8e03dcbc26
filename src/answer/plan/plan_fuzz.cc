#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "answer/plan/queries.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto question = seine::answer::analyse_question(text);
  const auto plan = seine::answer::plan_by_rules(question, {});
  if (plan.queries.size() > seine::answer::kQueriesMax) std::abort();
  for (const auto& query : plan.queries) {
    if (query.text.size() > seine::answer::kQueryBytesMax) std::abort();
  }
  (void)seine::answer::read_plan(text, question);
  return 0;
}
