// Engine: one loaded model with all that serves it: tokenizer, compute threads, KV cache,
// scheduler. Several engines share a process. Safe on any thread; destruction ends its requests
// with kUnavailable and waits for the running pass.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/metrics.h"
#include "base/random.h"
#include "engine/constraint/compiler.h"
#include "engine/formats/model_file.h"
#include "engine/kernels/thread_pool.h"
#include "engine/model/registry.h"
#include "engine/scheduler/settings.h"
#include "engine/scheduler/task.h"

namespace seine::engine {

struct EngineSettings {
  std::string id;            // how requests name the model
  std::int32_t context = 0;  // tokens of a request; 0: what the model was made for
  KvType kv_type = KvType::kF16;
  std::int64_t kv_tokens = 0;    // tokens of the KV cache; 0: by the memory there is
  std::uint64_t memory_max = 0;  // bytes in all; 0: what the system has free
  WeightLayout weights = WeightLayout::kFastest;
  ActivationBytes activations = ActivationBytes::kOne;
  int threads = 0;       // of computation; 0: one for each core
  int work_threads = 1;  // of sampling and text
  SchedulerSettings scheduler = {};
};

// What an engine takes from its process; outlives it.
struct EngineContext {
  const base::Clock& clock;
  base::Random& random;  // safe on any thread
  base::Metrics& metrics;
};

// Memory of a model file under these settings, from its headers.
base::Result<MemoryEstimate> estimate_engine(const ModelFile& file, const EngineSettings& settings);
// What an engine may take: memory_max, else what the system has free; 0: nobody knows.
std::uint64_t memory_for_engine(const EngineSettings& settings);

// A question and, behind it, a passage.
struct RankPair {
  std::vector<TokenId> tokens;
  std::int32_t asked = 0;  // how many of them are the question
};

class Engine {
 public:
  using Progress =
      std::function<void(std::string_view phase, std::uint64_t done, std::uint64_t total)>;

  // Blocks while it reads; kCancelled soon after `stop`.
  static base::Result<std::shared_ptr<Engine>> load(const std::filesystem::path& path,
                                                    EngineSettings settings, EngineContext context,
                                                    const Progress& progress, std::stop_token stop);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const std::string& id() const { return settings_.id; }
  const ModelFile& file() const { return *file_; }
  const ModelFacts& facts() const;
  const Tokenizer& tokenizer() const { return *tokenizer_; }
  std::shared_ptr<const Tokenizer> shared_tokenizer() const { return tokenizer_; }
  ConstraintCompiler& constraints() { return constraints_; }
  const MemoryEstimate& memory() const { return memory_; }
  // Tokens a request may have, prompt and answer together: by the model and by the KV cache.
  std::int32_t context_tokens() const { return context_tokens_; }
  // Sequences that can run side by side.
  std::int32_t lanes_max() const { return settings_.scheduler.lanes_max; }
  const base::Clock& clock() const { return context_.clock; }
  std::uint64_t random_seed();

  // As Scheduler::submit. Not for encoders.
  base::Result<> submit(std::vector<TaskSpec> specs);
  // Encoders: one vector a text, as the model gives them. Blocks; calls wait for each other.
  base::Result<std::vector<std::vector<float>>> embed(std::span<const std::vector<TokenId>> texts,
                                                      std::stop_token stop);
  // Encoders that rank: one score a pair. Blocks; calls wait for each other.
  base::Result<std::vector<float>> relevance(std::span<const RankPair> pairs, std::stop_token stop);

 private:
  struct Runtime;
  Engine(EngineSettings settings, EngineContext context, std::shared_ptr<const ModelFile> file,
         std::shared_ptr<const Tokenizer> tokenizer);
  base::Result<> start(const LoadProgress& progress);

  EngineSettings settings_;
  EngineContext context_;
  std::shared_ptr<const ModelFile> file_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  ConstraintCompiler constraints_;
  MemoryEstimate memory_;
  std::int32_t context_tokens_ = 0;
  std::unique_ptr<Runtime> runtime_;
};

}  // namespace seine::engine
