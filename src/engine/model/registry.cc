#include "engine/model/registry.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <utility>

#include "base/text.h"
#include "engine/kernels/two_bytes.h"
#include "engine/model/bert.h"
#include "engine/model/deepseek.h"
#include "engine/model/interleaved_weights.h"
#include "engine/model/llama.h"
#include "engine/model/memory.h"
#include "engine/model/weights.h"

namespace seine::engine {
namespace {

using base::Code;

constexpr std::int64_t kKvTokensMax = std::int64_t{1} << 40;

struct Architecture {
  std::string_view name;
  base::Result<std::unique_ptr<Model>> (*load)(const ModelSource&);
};

// A new architecture is a file of its own and a line here.
constexpr std::array kArchitectures = {
    Architecture{"deepseek2", load_deepseek},
    Architecture{"deepseek32", load_deepseek},
    Architecture{"llama", load_llama},
    Architecture{"qwen2", load_qwen},
    Architecture{"qwen3", load_qwen},
    Architecture{"bert", load_bert},
    Architecture{"seine-embed", load_seine_embed},
};

base::Result<const Architecture*> find_architecture(const ModelFile& file) {
  const auto name = SEINE_TRY(file.metadata().require<std::string_view>("general.architecture"));
  std::string known;
  for (const Architecture& each : kArchitectures) {
    if (each.name == name) return &each;
    known += (known.empty() ? "" : ", ") + std::string(each.name);
  }
  return base::fail_field(Code::kUnimplemented, "general.architecture",
                          "models of architecture '{}' are not supported (these are: {})", name,
                          known);
}

// MemAvailable of /proc/meminfo: what can be had without swapping. 0 when it cannot be read.
std::uint64_t memory_available() {
  std::FILE* file = std::fopen("/proc/meminfo", "re");
  if (file == nullptr) return 0;
  char line[256];
  std::uint64_t bytes = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    const std::string_view text(line);
    constexpr std::string_view kKey = "MemAvailable:";
    if (!text.starts_with(kKey)) continue;
    const std::size_t first = text.find_first_not_of(' ', kKey.size());
    const std::size_t last = text.find_first_not_of("0123456789", first);
    bytes = base::parse_u64(text.substr(first, last - first)).value_or(0) * 1024;
    break;
  }
  (void)std::fclose(file);
  return bytes;
}

base::Result<> check_settings(const ModelSettings& settings) {
  if (settings.batch_rows < 1 || settings.batch_rows > 1 << 16) {
    return base::fail_field(Code::kInvalidArgument, "batch_rows",
                            "batches of {} rows: the number must be within 1 to 65536",
                            settings.batch_rows);
  }
  if (settings.logit_rows < 1 || settings.logit_rows > settings.batch_rows) {
    return base::fail_field(Code::kInvalidArgument, "logit_rows",
                            "{} rows with logits in batches of {}", settings.logit_rows,
                            settings.batch_rows);
  }
  if (settings.context < 0 || settings.kv_tokens < 0 || settings.kv_tokens > kKvTokensMax) {
    return base::fail_field(Code::kInvalidArgument, "context", "a context of {} and a cache of {}",
                            settings.context, settings.kv_tokens);
  }
  return {};
}

}  // namespace

std::vector<std::string_view> known_architectures() {
  std::vector<std::string_view> out;
  for (const Architecture& each : kArchitectures) out.push_back(each.name);
  return out;
}

const Kernels& kernels_for(const ModelSettings& settings) {
  const Kernels& row = settings.kernels != nullptr ? *settings.kernels : kernels();
  return settings.activations == ActivationBytes::kTwo ? with_two_bytes(row) : row;
}

std::uint64_t memory_limit(const ModelSettings& settings) {
  return settings.memory_limit > 0 ? settings.memory_limit : memory_available();
}

base::Result<MemoryEstimate> estimate_memory(const ModelFile& file, const ModelSettings& settings) {
  (void)SEINE_TRY(find_architecture(file));
  SEINE_CHECK(check_settings(settings));
  MemoryEstimate out = SEINE_TRY(measure_memory(file, settings));
  const Kernels& row = kernels_for(settings);
  // Calibration looks at the file's own bytes, and knows matrices by where they lie.
  if (settings.weights == WeightLayout::kFile || !row.reads_interleaved ||
      settings.observer != nullptr)
    return out;
  const std::uint64_t copies = InterleavedWeights::bytes_of(file);
  const std::uint64_t limit = memory_limit(settings);
  if (limit == 0 || (out.total() <= limit && copies <= limit - out.total())) out.copies = copies;
  return out;
}

base::Result<> check_fits(const MemoryEstimate& need, const ModelSettings& settings) {
  const std::uint64_t limit = memory_limit(settings);
  if (limit == 0 || need.total() <= limit) return {};
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  const auto mib = [](std::uint64_t bytes) { return base::format_count(bytes / kMiB); };
  return base::fail(
      Code::kResourceExhausted,
      "the model needs {} MiB (weights {}, tables {}, activations {}, KV cache {}), {} MiB are "
      "there",
      mib(need.total()), mib(need.weights), mib(need.converted), mib(need.workspace),
      mib(need.kv_cache), mib(limit));
}

base::Result<std::unique_ptr<Model>> load_model(std::shared_ptr<const ModelFile> file,
                                                ThreadPool& pool, const ModelSettings& settings,
                                                const LoadProgress& progress) {
  const Architecture* architecture = SEINE_TRY(find_architecture(*file));
  ModelSettings sized = settings;
  sized.threads = pool.threads();
  const MemoryEstimate need = SEINE_TRY(estimate_memory(*file, sized));
  SEINE_CHECK(check_fits(need, sized));
  const ModelSource source{.file = file,
                           .pool = pool,
                           .kernels = kernels_for(settings),
                           .settings = settings,
                           .interleaved = InterleavedWeights::reserve(need.copies)};
  base::Result<std::unique_ptr<Model>> model = architecture->load(source);
  if (model && source.interleaved != nullptr) SEINE_CHECK(source.interleaved->fill(pool, progress));
  // A file that was replaced meanwhile explains any other error.
  if (const auto unchanged = file->check_unchanged(); !unchanged) {
    return base::fail(Code::kAborted, "the model file changed while it was loaded: {}",
                      unchanged.error().message);
  }
  return model;
}

}  // namespace seine::engine
