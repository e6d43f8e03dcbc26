// Task: one request as the scheduler sees it: a prompt, limits, and a Decoder that turns logits
// into the next tokens. A task has one lane, a sequence of its own, or several that part ways (a
// beam).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "engine/tokenizer/tokenizer.h"
#include "llm/request.h"

namespace seine::engine {

struct TaskStats {
  std::uint64_t prompt_tokens = 0;
  std::uint64_t cached_tokens = 0;  // of the prompt, not computed anew
  std::uint64_t steps = 0;          // forward passes that gave this task logits
  std::uint64_t drafted_tokens = 0;
  std::uint64_t accepted_tokens = 0;
  std::uint64_t predicted_tokens = 0;  // of the drafted, by the model's own module
  std::uint64_t predicted_right = 0;   // of those
  std::uint32_t preemptions = 0;
};

// The logits that one pass gave for one lane: row 0 is about what follows its last token, row i
// about what follows drafts[i - 1]. Valid during the call only.
struct LaneLogits {
  std::span<const float> logits;  // (1 + drafts, vocabulary)
  std::span<const TokenId> drafts;
};

// How a lane goes on: all but the last of `tokens` are the drafts in their order. Naming a lane
// twice forks it, not naming it ends it.
struct Continuation {
  std::uint32_t lane = 0;
  std::vector<TokenId> tokens = {};
};

struct Decision {
  std::vector<Continuation> lanes = {};
  bool done = false;  // with or without last lanes
};

// Called on the work pool's threads, never two calls at once, and in this order: decide() after
// each pass that gave logits, after() once the decision is applied, finish() last and exactly once.
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual Decision decide(std::span<const LaneLogits> lanes) = 0;
  // What nobody waits for: text, streams, the next mask. Runs beside the next pass.
  virtual void after() {}
  // `error`: cancelled, late, or the engine ended. Absent: decide() said done.
  virtual void finish(std::optional<base::Error> error, const TaskStats& stats) = 0;
};

struct TaskSpec {
  std::vector<TokenId> prompt;   // at least one
  std::uint32_t tokens_max = 1;  // the decoder appends at most this many to a lane
  std::uint32_t lanes_max = 1;
  llm::QosClass qos = llm::QosClass::kStandard;
  std::string scope = {};  // of the prefix cache
  bool speculate = false;  // guesses are welcome; the outcome is the same
  base::Deadline deadline = base::Deadline::never();
  std::stop_token stop = {};
  std::unique_ptr<Decoder> decoder = {};
};

}  // namespace seine::engine
