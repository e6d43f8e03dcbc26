// A model for tests of scheduling. It keeps each token in the paged cache and its logits are a hash
// of all tokens and their phases read back from there, so that one wrong block, position, phase or
// copy changes every token that follows. `reference` generates the same greedily, with no cache at
// all.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "base/assert.h"
#include "engine/model/model.h"

namespace seine::engine {

class EchoModel final : public Model {
 public:
  static constexpr std::int32_t kVocabulary = 16;

  EchoModel(std::int32_t context, std::int32_t batch_rows, std::int32_t logit_rows,
            bool has_prompt_form = true) {
    facts_.architecture = "echo";
    facts_.vocabulary = kVocabulary;
    facts_.context = context;
    facts_.has_prompt_form = has_prompt_form;
    batch_rows_max_ = batch_rows;
    logit_rows_max_ = logit_rows;
  }

  base::Result<KvLayout> kv_layout(KvType) const override {
    return KvLayout{.layers = 1, .block_tokens = 4, .streams = {{KvType::kF32, 1}}};
  }

  base::Result<ForwardResult> forward(const Batch& batch, KvStorage& kv) override {
    std::size_t rows = 0;
    for (const TokenRun& run : batch.runs) rows += run.tokens.size();
    SEINE_ASSERT(rows <= static_cast<std::size_t>(batch_rows_max_) &&
                     batch.logit_rows.size() <= static_cast<std::size_t>(logit_rows_max_),
                 "the batch keeps to the model's limits");
    rows_seen_ = rows;
    ++passes_;
    logits_.clear();
    std::size_t row = 0;
    std::size_t wanted = 0;
    for (const TokenRun& run : batch.runs) {
      for (std::size_t i = 0; i < run.tokens.size(); ++i, ++row) {
        const std::int32_t position = run.first_position + static_cast<std::int32_t>(i);
        SEINE_ASSERT(position < facts_.context, "positions are inside the context");
        const auto value = static_cast<float>(stored(run.tokens[i], run.phase));
        kv.write_row(run.blocks[static_cast<std::size_t>(position / 4)], 0, 0, position % 4,
                     &value);
        if (wanted == batch.logit_rows.size() ||
            batch.logit_rows[wanted] != static_cast<std::int32_t>(row))
          continue;
        ++wanted;
        std::uint64_t hash = 1;
        for (std::int32_t p = 0; p <= position; ++p) {
          float token = 0;
          kv.read_row(run.blocks[static_cast<std::size_t>(p / 4)], 0, 0, p % 4, 0, 1, &token);
          hash = mix(hash, static_cast<TokenId>(token));
        }
        append_logits(hash, logits_);
      }
    }
    SEINE_ASSERT(wanted == batch.logit_rows.size(), "logit rows are ascending and in the batch");
    return ForwardResult{.logits = logits_, .hidden = {}};
  }

  std::size_t rows_seen() const { return rows_seen_; }
  std::uint64_t passes() const { return passes_; }

  static std::vector<float> logits_after(const std::vector<TokenId>& tokens, std::size_t prompt) {
    std::uint64_t hash = 1;
    for (std::size_t i = 0; i < tokens.size(); ++i)
      hash = mix(hash, stored(tokens[i], i < prompt ? Phase::kPrompt : Phase::kDecode));
    std::vector<float> out;
    append_logits(hash, out);
    return out;
  }
  static std::vector<TokenId> reference(std::vector<TokenId> tokens, std::size_t count,
                                        bool has_prompt_form = true) {
    std::vector<TokenId> out;
    const std::size_t prompt = has_prompt_form ? tokens.size() : 0;
    while (out.size() < count) {
      const std::vector<float> logits = logits_after(tokens, prompt);
      const auto best = std::ranges::max_element(logits) - logits.begin();
      out.push_back(static_cast<TokenId>(best));
      tokens.push_back(out.back());
    }
    return out;
  }

 private:
  static TokenId stored(TokenId token, Phase phase) {
    return 2 * token + (phase == Phase::kPrompt ? 1 : 0);
  }
  static std::uint64_t mix(std::uint64_t hash, TokenId token) {
    hash ^= static_cast<std::uint64_t>(token) + 0x9E3779B97F4A7C15ULL + (hash << 6) + (hash >> 2);
    return hash * 0xBF58476D1CE4E5B9ULL;
  }
  static void append_logits(std::uint64_t hash, std::vector<float>& out) {
    for (TokenId id = 0; id < kVocabulary; ++id)
      out.push_back(static_cast<float>(mix(hash, id) >> 44) / 65536.0F);
  }

  std::vector<float> logits_;
  std::size_t rows_seen_ = 0;
  std::uint64_t passes_ = 0;
};

}  // namespace seine::engine
