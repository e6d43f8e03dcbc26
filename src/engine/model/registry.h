// From a checkpoint on disk to a Model: which architectures exist, how much memory one takes, and
// the refusal, with numbers, of what does not fit. Stateless; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/formats/model_file.h"
#include "engine/kernels/table.h"
#include "engine/kernels/thread_pool.h"
#include "engine/model/model.h"
#include "engine/ops/product_observer.h"

namespace seine::engine {

// What products read.
enum class WeightLayout : std::uint8_t {
  kFastest,  // a copy for few rows besides, where the kernels know one and memory allows
  kFile,     // the file's bytes alone, whose pages processes share
};

// What products with quantised weights round activations to, where their kernels do.
enum class ActivationBytes : std::uint8_t {
  kOne,  // by half a percent of a block of 32
  kTwo,  // by some millionths, for every weight multiplied twice (kernels/two_bytes.h)
};

struct ModelSettings {
  std::int32_t context = 0;       // positions a sequence may have; 0: what the model was made for
  std::int32_t batch_rows = 512;  // most rows of one batch: the prefill chunk plus decode rows
  std::int32_t logit_rows = 64;   // most rows of one batch with logits
  KvType kv_type = KvType::kF16;
  std::int64_t kv_tokens = 0;           // positions the cache is to hold, for the estimate
  int threads = 0;                      // for the estimate; 0: one for each core
  std::uint64_t memory_limit = 0;       // bytes; 0: what the system has free
  const Kernels* kernels = nullptr;     // null: the best for this processor
  ProductObserver* observer = nullptr;  // outlives the model
  WeightLayout weights = WeightLayout::kFastest;
  ActivationBytes activations = ActivationBytes::kOne;
};

// The row that a model with these settings computes with.
const Kernels& kernels_for(const ModelSettings& settings);

struct MemoryEstimate {
  std::uint64_t weights = 0;    // mapped from the file, shared with other processes
  std::uint64_t converted = 0;  // small tensors held as float, tables
  std::uint64_t copies = 0;     // of weights in another layout, where that fits besides
  std::uint64_t workspace = 0;  // activations of the largest batch
  std::uint64_t kv_cache = 0;   // of kv_tokens
  std::uint64_t kv_token = 0;   // of one position
  // Of files with absurd numbers the most that can be said.
  std::uint64_t total() const;
};

// The architectures that can run, as GGUF spells them.
std::vector<std::string_view> known_architectures();

// Reads headers only. Errors name the key whose number means nothing.
base::Result<MemoryEstimate> estimate_memory(const ModelFile& file, const ModelSettings& settings);

// What a model may take under these settings; 0: nobody knows.
std::uint64_t memory_limit(const ModelSettings& settings);
// kResourceExhausted with the bytes needed and the bytes there.
base::Result<> check_fits(const MemoryEstimate& need, const ModelSettings& settings);

// Every tensor's shape is checked against the architecture's numbers before anything is allocated
// by them. The pool must outlive the model; `progress` is told of copying weights, and may stop it
// (kCancelled). kUnimplemented names an architecture that is not known
// and those that are; kResourceExhausted gives the bytes needed and the bytes there; kAborted says
// that the file changed while it was read.
base::Result<std::unique_ptr<Model>> load_model(std::shared_ptr<const ModelFile> file,
                                                ThreadPool& pool, const ModelSettings& settings,
                                                const LoadProgress& progress = {});

}  // namespace seine::engine
