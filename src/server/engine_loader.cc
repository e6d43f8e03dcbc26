#include "server/engine_loader.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/text.h"
#include "engine/formats/dtype.h"
#include "engine/generate/local_embedder.h"
#include "engine/generate/local_generator.h"

namespace seine::server {
namespace {

using base::Code;
using base::Result;
namespace fs = std::filesystem;

constexpr std::string_view kShippedReader = "models/seine-mini/model.gguf";
constexpr std::string_view kShippedEncoder = "models/seine-embed/model.gguf";

// The type that most bytes of the weights have.
std::string weight_type(const engine::ModelFile& file) {
  std::map<std::string_view, std::uint64_t> bytes;
  for (const engine::Tensor& tensor : file.tensors())
    bytes[engine::dtype_name(tensor.dtype)] += tensor.bytes();
  if (bytes.empty()) return {};
  const auto most = std::ranges::max_element(bytes, {}, &decltype(bytes)::value_type::second);
  return base::ascii_lower(most->first);
}

// A file that lies beside the program's installation or its source tree.
std::optional<fs::path> shipped(std::string_view name) {
  std::error_code failed;
  const fs::path program = fs::read_symlink("/proc/self/exe", failed);
  if (failed) return std::nullopt;
  const fs::path installed = program.parent_path().parent_path() / "share/seine" / name;
  if (fs::is_regular_file(installed, failed)) return installed;
  // A build folder lies in its source tree, two or three steps down.
  fs::path folder = program.parent_path();
  for (int i = 0; i < 4 && folder.has_relative_path(); ++i) {
    if (fs::path file = folder / name; fs::is_regular_file(file, failed)) return file;
    folder = folder.parent_path();
  }
  return std::nullopt;
}

bool is_scripted(const ModelSource& source) {
  return source.path.string().starts_with(kScriptedScheme);
}

}  // namespace

EngineOptions engine_options(const base::Config& config) {
  const std::string& kv = config.text("model.kv_type");
  return {.context = static_cast<std::int32_t>(config.integer("model.context")),
          .kv_type = kv == "f32"  ? engine::KvType::kF32
                     : kv == "q8" ? engine::KvType::kQ8
                                  : engine::KvType::kF16,
          .memory_max = config.size_bytes("model.memory_max"),
          .weights = config.text("model.weights") == "file" ? engine::WeightLayout::kFile
                                                            : engine::WeightLayout::kFastest,
          .activations = config.text("model.activations") == "int16"
                             ? engine::ActivationBytes::kTwo
                             : engine::ActivationBytes::kOne,
          .threads = static_cast<int>(config.integer("model.threads")),
          .queue_max = static_cast<std::size_t>(config.integer("model.queue_max"))};
}

engine::EngineSettings engine_settings(const EngineOptions& options, std::string id) {
  return {.id = std::move(id),
          .context = options.context,
          .kv_type = options.kv_type,
          .memory_max = options.memory_max,
          .weights = options.weights,
          .activations = options.activations,
          .threads = options.threads,
          .scheduler = {.queue_max = options.queue_max}};
}

engine::EngineSettings EngineLoader::settings(const ModelSource& source) const {
  engine::EngineSettings settings = engine_settings(options_, source.id);
  if (source.room.context_tokens > 0) {
    settings.context = static_cast<std::int32_t>(source.room.context_tokens);
    settings.kv_tokens = std::int64_t{source.room.context_tokens} * std::max(1U, source.room.batch);
  }
  return settings;
}

Result<LoadedModel> EngineLoader::load(const ModelSource& source, const Progress& progress,
                                       std::stop_token stop) {
  if (is_scripted(source)) return scripted_.load(source, progress, std::move(stop));
  auto engine = SEINE_TRY(
      engine::Engine::load(source.path, settings(source), context_, progress, std::move(stop)));
  LoadedModel out;
  out.architecture = engine->facts().architecture;
  out.type = weight_type(engine->file());
  out.file_bytes = engine->file().file_bytes();
  out.memory_bytes = engine->memory().total();
  if (engine->facts().is_encoder) {
    const bool ranks = engine->facts().ranks;
    const auto embedder = std::make_shared<engine::LocalEmbedder>(std::move(engine));
    out.embedder = embedder;
    if (ranks) out.reranker = embedder;
  } else {
    out.generator = SEINE_TRY(engine::LocalGenerator::of(std::move(engine)));
  }
  return out;
}

Result<gateway::ModelEstimate> EngineLoader::estimate(const ModelSource& source) const {
  if (is_scripted(source)) return scripted_.estimate(source);
  const auto file = SEINE_TRY(engine::ModelFile::open(source.path));
  const engine::EngineSettings wanted = settings(source);
  const engine::MemoryEstimate made = SEINE_TRY(engine::estimate_engine(*file, wanted));
  return gateway::ModelEstimate{.weights_bytes = made.weights,
                                .kv_bytes = made.kv_cache,
                                .other_bytes = made.converted + made.copies + made.workspace,
                                .available_bytes = engine::memory_for_engine(wanted)};
}

std::string model_id(const fs::path& path) {
  const fs::path whole = path.filename().empty() ? path.parent_path() : path;
  if (whole.stem() == "model" && whole.has_parent_path())
    return whole.parent_path().filename().string();
  return whole.extension() == ".gguf" || whole.extension() == ".safetensors"
             ? whole.stem().string()
             : whole.filename().string();
}

std::optional<fs::path> shipped_model() {
  return shipped(kShippedReader);
}

Result<std::vector<ModelSource>> model_sources(const std::string& path) {
  if (path.starts_with(kScriptedScheme)) return scripted_sources(path);
  std::vector<ModelSource> out;
  if (path == "none") return out;
  const auto add = [&out](const std::optional<fs::path>& file) {
    if (!file) return;
    const std::string id = model_id(*file);
    if (std::ranges::find(out, id, &ModelSource::id) == out.end())
      out.push_back({.id = id, .path = *file});
  };
  add(path.empty() ? shipped_model() : fs::path(path));
  add(shipped(kShippedEncoder));
  return out;
}

}  // namespace seine::server
