#include "server/one_engine.h"

#include <fmt/format.h>

#include "server/engine_loader.h"

namespace seine::server {

using base::Code;
using base::Result;

Result<std::filesystem::path> model_path(const Invocation& invocation, const std::string& path) {
  const base::Config config = SEINE_TRY(load_config(invocation));
  const std::vector<ModelSource> sources =
      SEINE_TRY(model_sources(path.empty() ? config.text("model.path") : path));
  if (sources.empty() || sources[0].path.string().starts_with(kScriptedScheme))
    return base::fail(Code::kFailedPrecondition, "no model file: name one with --model FILE");
  return sources[0].path;
}

Result<std::shared_ptr<engine::Engine>> open_engine(const Invocation& invocation,
                                                    const std::string& path, Process& process) {
  const base::Config config = SEINE_TRY(load_config(invocation));
  const std::filesystem::path file = SEINE_TRY(model_path(invocation, path));
  const engine::EngineContext context{process.clock, process.random, process.metrics};
  const EngineLoader loader(engine_options(config), context);
  return engine::Engine::load(file, loader.settings({.id = model_id(file), .path = file}), context,
                              {}, {});
}

bool PercentNote::operator()(std::uint64_t done, std::uint64_t total) {
  if (const std::uint64_t tenths = total == 0 ? 10 : done * 10 / total; tenths > shown_) {
    shown_ = tenths;
    terminal_.note(fmt::format("seine: {} %", tenths * 10));
  }
  return true;
}

}  // namespace seine::server
