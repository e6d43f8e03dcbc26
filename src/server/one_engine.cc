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
  const Terminal& terminal = *invocation.terminal;
  LoadNote note(terminal, process.clock);
  const auto progress = [&](std::string_view phase, std::uint64_t done, std::uint64_t total) {
    if (const std::string line = note.line(phase, done, total); !line.empty()) terminal.note(line);
  };
  return engine::Engine::load(file, loader.settings({.id = model_id(file), .path = file}), context,
                              progress, {});
}

std::string LoadNote::line(std::string_view phase, std::uint64_t done, std::uint64_t total) {
  if (phase != phase_) {
    phase_ = phase;
    shown_ = 0;
  }
  // A phase that nothing is to be done in counts to one.
  if (total < 10 || clock_.now() - began_ < std::chrono::seconds(1)) return {};
  const std::uint64_t tenths = done / (total / 10);
  if (tenths <= shown_) return {};
  shown_ = tenths;
  const auto form =
      phase == "read"
          ? terminal_.pick({"seine: {} of {} of the model read", "seine: 正在读取模型：{}，共 {}"})
          : terminal_.pick(
                {"seine: {} of {} of the weights prepared", "seine: 正在整理权重：{}，共 {}"});
  return fmt::format(fmt::runtime(form), base::format_size(done), base::format_size(total));
}

bool PercentNote::operator()(std::uint64_t done, std::uint64_t total) {
  if (const std::uint64_t tenths = total == 0 ? 10 : done * 10 / total; tenths > shown_) {
    shown_ = tenths;
    terminal_.note(fmt::format("seine: {} %", tenths * 10));
  }
  return true;
}

}  // namespace seine::server
