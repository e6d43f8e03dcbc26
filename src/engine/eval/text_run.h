// How well a model predicts a text: perplexity, and against another model the divergence of its
// predictions (what quantising cost). Windows of equal length are read from their start; the second
// half of each is scored, so that every scored token has context. Blocks; one thread calls.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "base/json_fwd.h"
#include "engine/formats/model_file.h"
#include "engine/kernels/thread_pool.h"
#include "engine/model/registry.h"

namespace seine::engine {

struct TextRunSettings {
  std::int32_t window = 512;       // tokens; at most the model's context
  std::size_t windows = 0;         // at most, drawn evenly; 0: all
  std::uint64_t memory_limit = 0;  // bytes of each model; 0: what the system has free
  std::string isa = {};            // row of the kernels; empty: the best
  ActivationBytes activations = ActivationBytes::kOne;
  std::function<bool(std::size_t done, std::size_t total)> progress = {};  // false cancels
};

struct TextReport {
  std::size_t windows = 0;
  std::uint64_t tokens = 0;  // scored
  double perplexity = 0;
  double perplexity_error = 0;  // one standard error, over tokens
  double tokens_per_second = 0;
  // Against a base model, else 0.
  bool has_base = false;
  double base_perplexity = 0;
  double divergence = 0;       // mean of sum p log(p / q), nats; p: of the base
  double divergence_most = 0;  // of one token
  double divergence_median = 0;
  double same_top = 0;  // percent of tokens where both find the same token likeliest
};

// base: null without one. Errors: a text shorter than a window, vocabularies that differ.
base::Result<TextReport> run_text(std::shared_ptr<const ModelFile> model,
                                  std::shared_ptr<const ModelFile> base, std::string_view text,
                                  ThreadPool& pool, const TextRunSettings& settings);
base::Json to_json(const TextReport& report);

}  // namespace seine::engine
