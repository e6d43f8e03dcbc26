// Measures hybrid retrieval: the best by words, as answers take them, and the nearest by vectors
// are put in order anew by a model that reads question and passage together. Blocks until done.
#pragma once

#include <string_view>

#include "base/error.h"
#include "engine/eval/embed_run.h"
#include "llm/ports.h"

namespace seine::server {

// entries, queries: see engine/eval/rank_set.h. texts_per_second: pairs of question and passage.
base::Result<engine::RankReport> run_retrieval(llm::Embedder& embedder, llm::Reranker& reranker,
                                               std::string_view entries, std::string_view queries,
                                               const engine::EmbedRunSettings& settings);

}  // namespace seine::server
