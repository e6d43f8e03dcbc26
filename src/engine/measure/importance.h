// The importance of each input of each weight: the mean square of what it is multiplied with while
// the model reads a text. What a quantiser weights its error with. Blocks; one thread calls, the
// pool's threads compute.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "engine/formats/quantize_model.h"
#include "engine/kernels/thread_pool.h"

namespace seine::engine {

struct ImportanceOptions {
  std::int32_t window = 256;           // tokens read together
  std::uint64_t tokens_max = 1 << 16;  // of the text
  std::uint64_t memory_limit = 0;      // bytes; 0: what the system has free
  std::function<bool(std::uint64_t done, std::uint64_t total)> progress = {};  // false cancels
};

// By tensor name; an expert that no token reached counts all its inputs alike. An error when the
// text has no tokens.
base::Result<ImportanceMatrix> measure_importance(std::shared_ptr<const ModelFile> file,
                                                  std::string_view text, ThreadPool& pool,
                                                  const ImportanceOptions& options);

}  // namespace seine::engine
