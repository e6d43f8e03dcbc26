// Measures an embedder: retrieval (which passage), FAQ (which entry, by any of its phrasings) and
// intent (which class, by an IntentHead). Texts come as JSON lines. Blocks until done; the
// embedder's own batches are the only parallelism.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "engine/eval/rank_set.h"
#include "llm/ports.h"

namespace seine::engine {

struct EmbedRunSettings {
  std::uint32_t dimensions = 0;  // of the vectors; 0: all the model has
  std::size_t queries = 0;       // at most, drawn evenly; 0: all
  std::function<bool(std::size_t done, std::size_t total)> progress = {};  // texts; false cancels
};

// One vector of length 1 a text.
using Vectors = std::vector<std::vector<float>>;
base::Result<Vectors> embed_all(llm::Embedder& embedder, std::span<const std::string> texts,
                                llm::EmbedKind kind, const EmbedRunSettings& settings);

struct IntentReport {
  std::size_t classes = 0;
  std::size_t queries = 0;    // in scope
  double accuracy = 0;        // percent of those
  std::size_t outside = 0;    // queries of no class ("oos")
  double outside_recall = 0;  // percent of those that are told so
  double texts_per_second = 0;
};

// entries, queries: see rank_set.h
base::Result<RankReport> run_ranking(llm::Embedder& embedder, std::string_view entries,
                                     std::string_view queries, const EmbedRunSettings& settings);

// {text, intent} or {text, intents: [...]}, of which several join to one class. The classes are
// learnt from `train` (IntentHead); rows of class "oos" are examples of what belongs to none.
base::Result<IntentReport> run_intent(llm::Embedder& embedder, std::string_view train,
                                      std::string_view test, const EmbedRunSettings& settings);

base::Json to_json(const IntentReport& report);

}  // namespace seine::engine
