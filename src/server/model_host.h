// ModelHost: the models that this node knows and those that it has loaded. Loads and unloads on one
// thread of its own, one at a time, so that nothing ever waits for a model; until one is ready,
// requests are refused with where the load stands. Owned by the service. Safe on any thread.
//
// Everything above asks generator(), embedder() and reranker(), which pass each request on to the
// model that it names (no name: the default, or the first that can) and live as long as the host.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "gateway/models/model_admin.h"
#include "llm/ports.h"

namespace seine::server {

struct ModelSource {
  std::string id;
  std::filesystem::path path;
  gateway::ModelRoom room = {};  // as it was last asked to be loaded
};

// What a load gives. At least one of the ports is there; the facts fill the list.
struct LoadedModel {
  std::shared_ptr<llm::Generator> generator;
  std::shared_ptr<llm::Embedder> embedder;
  std::shared_ptr<llm::Reranker> reranker;
  std::string architecture;
  std::string type;
  std::uint64_t file_bytes = 0;
  std::uint64_t memory_bytes = 0;
};

// How models are brought up. Called on the host's thread; `estimate` on any.
class ModelLoader {
 public:
  using Progress =
      std::function<void(std::string_view phase, std::uint64_t done, std::uint64_t total)>;

  virtual ~ModelLoader() = default;
  // Gives up with kCancelled soon after `stop` fires.
  virtual base::Result<LoadedModel> load(const ModelSource& source, const Progress& progress,
                                         std::stop_token stop) = 0;
  virtual base::Result<gateway::ModelEstimate> estimate(const ModelSource& source) const = 0;
};

class ModelHost final : public gateway::ModelAdmin {
 public:
  static constexpr std::size_t kModelsMax = 256;

  // The first model is the default. Loads nothing by itself. `loader` and `clock` outlive the host.
  ModelHost(std::vector<ModelSource> sources, ModelLoader& loader, const base::Clock& clock);
  // Cancels a load, ends all streams of loaded models.
  ~ModelHost() override;
  ModelHost(const ModelHost&) = delete;
  ModelHost& operator=(const ModelHost&) = delete;

  llm::Generator& generator();
  llm::Embedder& embedder();
  llm::Reranker& reranker();

  // Makes a model known. kAlreadyExists, or kResourceExhausted past kModelsMax.
  base::Result<> add(ModelSource source);

  std::vector<gateway::ModelEntry> list() const override;
  base::Result<gateway::ModelEstimate> estimate(const std::string& id,
                                                gateway::ModelRoom room) const override;
  // Nothing to do, and no error, where the model is already ready or on its way.
  base::Result<> load(const std::string& id, gateway::ModelRoom room = {}) override;
  // Streams of the model end with kUnavailable. A load that runs is cancelled.
  base::Result<> unload(const std::string& id) override;
  base::Result<> set_default(const std::string& id) override;

  // Waits until no model is loading any more; false when the deadline passed first.
  bool wait_settled(base::Deadline deadline) const;
  // Called, on the host's thread, each time a model has become ready or has failed.
  void on_settled(std::function<void(const gateway::ModelEntry&)> settled);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::server
