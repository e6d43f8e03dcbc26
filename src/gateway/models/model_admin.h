// The port through which the models' routes see and change what this node has loaded. The
// composition root plugs the engine's host in. Implementations are safe on any thread; list and
// estimate may block briefly (they run on the pool), the others only start work.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace seine::gateway {

enum class ModelState : std::uint8_t { kReady, kLoading, kUnloaded, kFailed };

struct ModelProgress {
  std::string phase;       // "read", "check", "warm up"
  std::uint64_t done = 0;  // bytes or steps, of `total`
  std::uint64_t total = 0;
  double rate = 0;  // done per second
};

struct ModelEntry {
  std::string id;
  ModelState state = ModelState::kUnloaded;
  std::string architecture = {};
  std::string type = {};  // of the weights: "q4_k", "bf16"
  std::string path = {};
  std::uint64_t file_bytes = 0;
  std::uint32_t context_tokens = 0;
  std::uint64_t memory_bytes = 0;
  bool thinks = false;
  bool calls_tools = false;
  bool cites_spans = false;
  bool embeds = false;
  bool is_default = false;
  std::optional<ModelProgress> progress = {};
  std::string error = {};  // kFailed
};

struct ModelEstimate {
  std::uint64_t weights_bytes = 0;
  std::uint64_t kv_bytes = 0;
  std::uint64_t other_bytes = 0;
  std::uint64_t available_bytes = 0;
};

// How much of its use a model is given room for; 0: as the model and the settings have it.
struct ModelRoom {
  static constexpr std::uint32_t kContextMax = 1U << 24;
  static constexpr std::uint32_t kBatchMax = 1U << 12;

  std::uint32_t context_tokens = 0;  // of one sequence
  std::uint32_t batch = 0;           // sequences side by side; counts with a context only
};

class ModelAdmin {
 public:
  virtual ~ModelAdmin() = default;
  virtual std::vector<ModelEntry> list() const = 0;
  virtual base::Result<ModelEstimate> estimate(const std::string& id, ModelRoom room) const = 0;
  // These return when the work has been started; list() shows how it goes.
  virtual base::Result<> load(const std::string& id, ModelRoom room) = 0;
  virtual base::Result<> unload(const std::string& id) = 0;
  virtual base::Result<> set_default(const std::string& id) = 0;
};

}  // namespace seine::gateway
