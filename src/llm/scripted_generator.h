// A Generator for tests and load scenarios: each request plays a fixed script of pieces, delays and
// failures. One thread serves any number of streams through a heap of due steps. Counts what it
// saw, so that a test can tell that a cancellation arrived.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <queue>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "llm/ports.h"

namespace seine::llm {

// One step of a script: wait, send a piece, or fail.
using ScriptStep = std::variant<base::Duration, Delta, base::Error>;
using Script = std::vector<ScriptStep>;

// The words of `text` as TextDeltas with a pause before each, closed by a Finish.
Script script_of(std::string_view text, base::Duration pause = base::Duration::zero());

class ScriptedGenerator final : public Generator {
 public:
  struct Settings {
    ModelInfo model{.id = "scripted", .owned_by = "seine", .context_tokens = 4096};
    std::size_t streams_max = 4096;
  };

  // Pauses are of the real steady clock. A script without an end is closed by a Finish.
  ScriptedGenerator(Script script, Settings settings);
  explicit ScriptedGenerator(Script script) : ScriptedGenerator(std::move(script), Settings()) {}
  ~ScriptedGenerator() override;

  std::vector<ModelInfo> models() const override { return {settings_.model}; }
  base::Result<StreamReader> generate(ChatRequest request, base::Deadline deadline) override;
  // Words, by spaces.
  base::Result<std::uint64_t> count_tokens(const ChatRequest& request) const override;

  struct Counts {
    std::uint64_t started = 0;
    std::uint64_t finished = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t failed = 0;
    std::size_t active = 0;
  };
  Counts counts() const;
  // Blocks until the predicate holds for the counts; false when the deadline passed first.
  bool wait_for(const std::function<bool(const Counts&)>& predicate, base::Deadline deadline) const;
  std::vector<ChatRequest> requests() const;

 private:
  struct Play {
    base::TimePoint due;
    std::uint64_t order;  // first come, first served among equals
    std::size_t step;
    base::Deadline deadline;
    std::shared_ptr<DeltaStream> stream;
    bool operator>(const Play& other) const {
      return std::tie(due, order) > std::tie(other.due, other.order);
    }
  };

  void run(const std::stop_token& stop);
  // Plays steps until a pause, which becomes the new due time; false when the script has ended.
  bool advance(Play& play, base::TimePoint now);
  void settle(std::uint64_t Counts::* outcome);

  const Settings settings_;
  const Script script_;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::priority_queue<Play, std::vector<Play>, std::greater<>> plays_;
  std::vector<ChatRequest> requests_;
  Counts counts_;
  std::uint64_t next_order_ = 0;
  std::jthread thread_;
};

}  // namespace seine::llm
