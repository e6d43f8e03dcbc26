// For tests: a model with a cache of its own and the plain loops over forward() that comparisons
// need. Blocks are handed out in a scattered order, so that nothing relies on neighbours.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/model/registry.h"

namespace seine::engine {

class TestSession {
 public:
  TestSession(std::shared_ptr<const ModelFile> file, std::string_view isa, ModelSettings settings,
              int threads = 2, KvType type = KvType::kF32)
      : pool_(threads), file_(std::move(file)) {
    settings.kernels = kernels_of(isa).value();
    auto loaded = load_model(file_, pool_, settings);
    if (!loaded) {
      ADD_FAILURE() << loaded.error().message;
      return;
    }
    model_ = std::move(*loaded);
    auto layout = model_->kv_layout(type);
    if (!layout) {
      ADD_FAILURE() << layout.error().message;
      return;
    }
    blocks_per_sequence_ = layout->blocks_for(std::min(model_->facts().context, kTokensMax));
    auto storage = KvStorage::create(*layout, blocks_per_sequence_ * kSequences);
    if (storage) kv_ = std::make_unique<KvStorage>(std::move(*storage));
  }

  bool ok() const { return kv_ != nullptr; }
  Model& model() { return *model_; }
  KvStorage& kv() { return *kv_; }

  std::vector<KvBlockId> table(std::int32_t sequence) const {
    std::vector<KvBlockId> out;
    const auto all = static_cast<KvBlockId>(blocks_per_sequence_ * kSequences);
    for (std::int64_t i = 0; i < blocks_per_sequence_; ++i) {
      out.push_back(all - 1 - static_cast<KvBlockId>(i * kSequences) - sequence);
    }
    return out;
  }

  // Logits of the last token of `tokens` at `position` onward, or of all of them.
  std::vector<float> run(std::span<const TokenId> tokens, std::int32_t position,
                         std::int32_t sequence, bool all = false, Phase phase = Phase::kDecode) {
    const std::vector<KvBlockId> blocks = table(sequence);
    const TokenRun run{
        .tokens = tokens, .first_position = position, .blocks = blocks, .phase = phase};
    std::vector<std::int32_t> rows;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (all || i + 1 == tokens.size()) rows.push_back(static_cast<std::int32_t>(i));
    }
    const auto result = model_->forward({.runs = {&run, 1}, .logit_rows = rows}, *kv_);
    if (!result) {
      ADD_FAILURE() << result.error().message;
      return std::vector<float>(rows.size() * static_cast<std::size_t>(model_->facts().vocabulary));
    }
    return {result->logits.begin(), result->logits.end()};
  }

  // Feeds a prompt in chunks; logits of its last token.
  std::vector<float> prefill(std::span<const TokenId> prompt, std::size_t chunk,
                             std::int32_t sequence = 0, Phase phase = Phase::kDecode) {
    std::vector<float> last;
    for (std::size_t at = 0; at < prompt.size(); at += chunk) {
      last = run(prompt.subspan(at, std::min(chunk, prompt.size() - at)),
                 static_cast<std::int32_t>(at), sequence, false, phase);
    }
    return last;
  }

  std::vector<TokenId> greedy(std::span<const TokenId> prompt, int steps,
                              std::int32_t sequence = 0) {
    std::vector<float> logits =
        prefill(prompt, static_cast<std::size_t>(model_->batch_rows_max()), sequence);
    std::vector<TokenId> out;
    auto position = static_cast<std::int32_t>(prompt.size());
    for (int i = 0; i < steps; ++i) {
      out.push_back(
          static_cast<TokenId>(std::max_element(logits.begin(), logits.end()) - logits.begin()));
      logits = run({&out.back(), 1}, position++, sequence);
    }
    return out;
  }

 private:
  static constexpr std::int32_t kSequences = 4;
  static constexpr std::int32_t kTokensMax = 2048;

  ThreadPool pool_;
  std::shared_ptr<const ModelFile> file_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<KvStorage> kv_;
  std::int64_t blocks_per_sequence_ = 0;
};

// sum p log(p / q) over softmaxes.
inline double kl_divergence(std::span<const float> p_logits, std::span<const float> q_logits) {
  const auto log_sum = [](std::span<const float> x) {
    const double largest = *std::max_element(x.begin(), x.end());
    double sum = 0;
    for (const float v : x) sum += std::exp(v - largest);
    return largest + std::log(sum);
  };
  const double p_sum = log_sum(p_logits);
  const double q_sum = log_sum(q_logits);
  double out = 0;
  for (std::size_t i = 0; i < p_logits.size(); ++i) {
    const double lp = p_logits[i] - p_sum;
    out += std::exp(lp) * (lp - (q_logits[i] - q_sum));
  }
  return out;
}

}  // namespace seine::engine
