// What a mask costs a step: a JSON document of about 130 tokens is taken token by token, a mask
// computed before each. Cold: nothing is remembered; warm: the form was used before.
// SEINE_VOCABULARY names a GGUF file with the tokenizer; without it the shipped model's.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "engine/constraint/compiler.h"

namespace seine::engine {
namespace {

constexpr std::string_view kSchema =
    R"({"type":"object","properties":{"title":{"type":"string"},"year":{"type":"integer","minimum":1900,"maximum":2100},
"authors":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"email":{"type":"string"}},
"required":["name"]}},"kind":{"enum":["book","paper","page"]},"abstract":{"type":"string"}},
"required":["title","year","authors","kind","abstract"]})";

constexpr std::string_view kAnswer =
    R"({"title": "The reading of the live web", "year": 2024, "authors": [{"name": "Ada Lovelace", "email": "ada@example.org"},
 {"name": "王小明"}], "kind": "paper", "abstract": "A service that searches the web, reads what it finds and answers with
citations. 每一句话都有出处。 Every claim opens the page at its sentence, and nothing is said without one."})";

std::shared_ptr<const Tokenizer> tokenizer() {
  const char* given = std::getenv("SEINE_VOCABULARY");  // NOLINT(concurrency-mt-unsafe)
  const auto file =
      ModelFile::open(given != nullptr ? given : SEINE_SOURCE_DIR "/models/seine-mini/model.gguf");
  if (!file) return nullptr;
  auto made = Tokenizer::of_model(**file);
  return made ? *made : nullptr;
}

void walk(benchmark::State& state, bool warm) {
  const auto vocabulary = tokenizer();
  if (!vocabulary) {
    state.SkipWithError("no tokenizer");
    return;
  }
  std::string answer(kAnswer);
  for (std::size_t at; (at = answer.find('\n')) != std::string::npos;) answer.erase(at, 1);
  const std::vector<TokenId> tokens = vocabulary->encode(answer);
  auto compiler = std::make_unique<ConstraintCompiler>(vocabulary);
  for (auto unused : state) {
    if (!warm) {
      state.PauseTiming();
      compiler = std::make_unique<ConstraintCompiler>(vocabulary);
      state.ResumeTiming();
    }
    auto constraint = compiler->compile(llm::JsonSchemaConstraint{std::string(kSchema)});
    for (const TokenId token : tokens) {
      benchmark::DoNotOptimize((*constraint)->mask());
      if (!(*constraint)->accept(token)) {
        state.SkipWithError("the answer is refused");
        return;
      }
    }
  }
  state.counters["vocabulary"] = static_cast<double>(vocabulary->size());
  state.counters["tokens"] = static_cast<double>(tokens.size());
  state.counters["s_per_token"] = benchmark::Counter(
      static_cast<double>(tokens.size()),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

BENCHMARK_CAPTURE(walk, cold, false)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(walk, warm, true)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace seine::engine
