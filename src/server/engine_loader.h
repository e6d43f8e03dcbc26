// From a model file to what the host serves: engines, under the settings of this process; and where
// the model that ships with Seine lies.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/config.h"
#include "engine/engine.h"
#include "server/engine_options.h"
#include "server/model_host.h"
#include "server/scripted_model.h"

namespace seine::server {

EngineOptions engine_options(const base::Config& config);
engine::EngineSettings engine_settings(const EngineOptions& options, std::string id);

class EngineLoader final : public ModelLoader {
 public:
  EngineLoader(EngineOptions options, engine::EngineContext context)
      : options_(options), context_(context) {}

  base::Result<LoadedModel> load(const ModelSource& source, const Progress& progress,
                                 std::stop_token stop) override;
  base::Result<gateway::ModelEstimate> estimate(const ModelSource& source) const override;
  engine::EngineSettings settings(const ModelSource& source) const;

 private:
  const EngineOptions options_;
  const engine::EngineContext context_;
  ScriptedLoader scripted_;
};

// "seine-mini" for …/seine-mini/model.gguf, else the file's name without its suffix.
std::string model_id(const std::filesystem::path& path);
// models/seine-mini/model.gguf beside the program's installation or its source tree.
std::optional<std::filesystem::path> shipped_model();
// What a service serves: the model of `path`, or the shipped one when it is empty, and beside it
// the shipped encoder, which ranks the passages of an answer; or a script; or nothing, for "none".
base::Result<std::vector<ModelSource>> model_sources(const std::string& path);

}  // namespace seine::server
