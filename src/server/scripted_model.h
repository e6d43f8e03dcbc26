// Models that play a script instead of thinking: `model.path = "scripted:FILE"`. For system tests
// and load scenarios, where what is measured is the service around a model. The answers say what
// the file says, so nobody mistakes them for a model's. Form of the file: docs/formats/scripted.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "llm/scripted_generator.h"
#include "server/model_host.h"

namespace seine::server {

inline constexpr std::string_view kScriptedScheme = "scripted:";

struct ScriptedModel {
  llm::ModelInfo info;
  llm::Script script;
  std::uint32_t embedding_dimensions = 0;  // over 0: makes embeddings instead
  std::size_t streams_max = 4096;
};

// All models of a script file; errors name the member at fault.
base::Result<std::vector<ScriptedModel>> parse_scripts(std::string_view json);
// The file behind "scripted:FILE", at most 16 MiB.
base::Result<std::vector<ScriptedModel>> read_scripts(const std::string& path);

// One source a model of the file, in its order.
base::Result<std::vector<ModelSource>> scripted_sources(const std::string& path);

class ScriptedLoader final : public ModelLoader {
 public:
  base::Result<LoadedModel> load(const ModelSource& source, const Progress& progress,
                                 std::stop_token stop) override;
  base::Result<gateway::ModelEstimate> estimate(const ModelSource& source) const override;
};

}  // namespace seine::server
