// Model: a checkpoint that computes. One forward pass takes a ragged batch: runs of tokens of
// several sequences, prefill chunks and single decode tokens mixed, each with the blocks that hold
// its keys and values. Batching, paging, sampling and speculation are the caller's. Owned by an
// engine, one caller at a time; it runs on the engine's ThreadPool and on no other thread,
// allocates nothing in forward and never keeps a reference to a batch.
//
// A row's results have the same bits whatever else is in the batch and however a prompt is cut into
// chunks, as long as its Phase is the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "engine/kvcache/kv_storage.h"
#include "engine/tokenizer/tokenizer.h"

namespace seine::engine {

// Facts about a model, for the scheduler, for lists and for messages.
struct ModelFacts {
  std::string architecture;  // "deepseek2"
  std::string name;          // general.name, may be empty
  std::int32_t vocabulary = 0;
  std::int32_t width = 0;  // of a hidden state
  std::int32_t layers = 0;
  std::int32_t context = 0;      // positions
  std::int32_t mtp_depth = 0;    // multi-token prediction modules, see forward_mtp
  bool has_prompt_form = false;  // Phase makes a difference to the bits of a result
  bool is_encoder = false;       // bidirectional: embed() instead of forward()
  bool ranks = false;            // an encoder that has relevance(), too
  std::uint64_t parameters = 0;
  std::uint64_t weight_bytes = 0;
};

// Which form of the arithmetic a row takes where there are two: MLA expands keys and values for
// prompts and absorbs queries into the latent space for single tokens; AMX multiplies prompts as
// bf16 and single tokens as bytes. The two agree to rounding, not to the bit, so a token that was
// generated is recomputed as kDecode, too.
enum class Phase : std::uint8_t { kPrompt, kDecode };

// A Phase that somebody chose: a run without one does not compile, as prompts that decode are slow
// and nothing else would tell.
class ChosenPhase {
 public:
  ChosenPhase(Phase phase) : phase_(phase) {}  // NOLINT(google-explicit-constructor)
  operator Phase() const { return phase_; }    // NOLINT(google-explicit-constructor)

 private:
  Phase phase_;
};

// Consecutive positions of one sequence.
struct TokenRun {
  std::span<const TokenId> tokens;
  std::int32_t first_position = 0;  // keys and values of earlier positions are in the blocks
  // Block i holds positions [i * block_tokens, (i + 1) * block_tokens); covers the run's last
  // position. Blocks that the run writes belong to its sequence alone, and no two runs share one.
  std::span<const KvBlockId> blocks = {};
  ChosenPhase phase;
};

struct Batch {
  // Those that decode before those of prompts.
  std::span<const TokenRun> runs = {};
  // Rows, counted over all runs in order, whose logits are wanted; ascending.
  std::span<const std::int32_t> logit_rows = {};
  bool want_hidden = false;   // the state before the last norm of every row
  std::stop_token stop = {};  // looked at between layers: the call then ends with kCancelled
};

// Views into the model's own memory, valid until its next call.
struct ForwardResult {
  std::span<const float> logits;  // (logit_rows, vocabulary)
  std::span<const float> hidden;  // (rows of all runs, width), empty unless wanted
};

class Model {
 public:
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model() = default;

  const ModelFacts& facts() const { return facts_; }
  // Most rows and most logit rows that one batch may have.
  std::int32_t batch_rows_max() const { return batch_rows_max_; }
  std::int32_t logit_rows_max() const { return logit_rows_max_; }

  // What a sequence stores for each position, the MTP modules included. An error when the shape
  // does not allow the type (q8 asks for heads of a multiple of 32).
  virtual base::Result<KvLayout> kv_layout(KvType type) const = 0;

  // Errors name what is wrong with the batch: a token outside the vocabulary, a position past the
  // context, missing blocks, too many rows. Nothing is written then.
  virtual base::Result<ForwardResult> forward(const Batch& batch, KvStorage& kv) = 0;

  // Module `depth` (from 0) of multi-token prediction: row i takes the hidden state that forward()
  // gave for position p and the token at p + 1, and its logits are about position p + 2. The row's
  // position is p; its keys and values lie in the module's own layer of the same blocks.
  // hidden: (rows of all runs, width)
  virtual base::Result<ForwardResult> forward_mtp(const Batch& batch, std::int32_t depth,
                                                  std::span<const float> hidden, KvStorage& kv);

  // Encoders: one vector of `width` for each run, pooled as the model says, not normalised unless
  // the model does so. Runs start at position 0 and need no blocks.
  virtual base::Result<std::span<const float>> embed(std::span<const TokenRun> runs,
                                                     const std::stop_token& stop);

  // Encoders that rank: each run is a question of asked[i] tokens and then a passage; one score a
  // run, the higher the better the passage answers.
  virtual base::Result<std::span<const float>> relevance(std::span<const TokenRun> runs,
                                                         std::span<const std::int32_t> asked,
                                                         const std::stop_token& stop);

 protected:
  Model() = default;
  ModelFacts facts_;
  std::int32_t batch_rows_max_ = 0;
  std::int32_t logit_rows_max_ = 0;
};

}  // namespace seine::engine
