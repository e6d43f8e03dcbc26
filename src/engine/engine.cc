#include "engine/engine.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>

#include "base/assert.h"
#include "engine/kvcache/kv_storage.h"
#include "engine/model/model.h"
#include "engine/scheduler/scheduler.h"

namespace seine::engine {
namespace {

using base::Code;
using base::Result;

// Enough for a few long conversations or many short ones; pages are taken as they are written.
constexpr std::int64_t kKvTokens = 65'536;
// The KV cache takes at most this share of the memory that the weights leave.
constexpr std::uint64_t kKvShare = 2;
// A sequence needs a spare block or two beside its own (copies before a write).
constexpr std::int64_t kSpareBlocks = 2;

ModelSettings model_settings(const EngineSettings& settings, std::int64_t kv_tokens) {
  ModelSettings out;
  out.context = settings.context;
  out.kv_type = settings.kv_type;
  out.kv_tokens = kv_tokens;
  out.memory_limit = settings.memory_max;
  out.threads = settings.threads;
  out.weights = settings.weights;
  out.activations = settings.activations;
  out.logit_rows = std::max(out.logit_rows, settings.scheduler.lanes_max);
  return out;
}

struct MemoryPlan {
  MemoryEstimate need;
  std::int64_t kv_tokens = 0;
};

// The cache that the settings ask for, or what the memory allows when they do not say.
Result<MemoryPlan> plan_memory(const ModelFile& file, const EngineSettings& settings) {
  MemoryPlan plan;
  plan.kv_tokens = settings.kv_tokens > 0 ? settings.kv_tokens : kKvTokens;
  const ModelSettings wanted = model_settings(settings, plan.kv_tokens);
  plan.need = SEINE_TRY(estimate_memory(file, wanted));
  const std::uint64_t limit = memory_limit(wanted);
  if (settings.kv_tokens > 0 || limit == 0 || plan.need.kv_token == 0) return plan;
  // Copies are counted only where they fit beside the whole cache.
  MemoryEstimate fixed = plan.need;
  fixed.copies = 0;
  fixed.kv_cache = 0;
  const std::uint64_t left = limit > fixed.total() ? limit - fixed.total() : 0;
  const std::uint64_t most = left / kKvShare / plan.need.kv_token;
  if (most < static_cast<std::uint64_t>(plan.kv_tokens)) {
    plan.kv_tokens = static_cast<std::int64_t>(most);
    plan.need = SEINE_TRY(estimate_memory(file, model_settings(settings, plan.kv_tokens)));
  }
  return plan;
}

// As many of the texts as fill a batch, the first at least.
template <typename Text, typename TokensOf>
std::vector<TokenRun> one_batch(std::span<const Text> texts, std::size_t rows_max,
                                TokensOf tokens_of) {
  std::vector<TokenRun> runs;
  std::size_t rows = 0;
  for (const Text& text : texts) {
    const std::vector<TokenId>& tokens = std::invoke(tokens_of, text);
    if (!runs.empty() && rows + tokens.size() > rows_max) break;
    rows += tokens.size();
    runs.push_back({.tokens = tokens, .first_position = 0, .blocks = {}, .phase = Phase::kPrompt});
  }
  return runs;
}

}  // namespace

// In the order in which they must go: the scheduler first, the threads last.
struct Engine::Runtime {
  explicit Runtime(int threads) : pool(threads) {}

  ThreadPool pool;
  std::unique_ptr<Model> model;
  std::optional<KvStorage> kv;
  std::unique_ptr<Scheduler> scheduler;
  std::mutex embedding;
};

Result<MemoryEstimate> estimate_engine(const ModelFile& file, const EngineSettings& settings) {
  return SEINE_TRY(plan_memory(file, settings)).need;
}

std::uint64_t memory_for_engine(const EngineSettings& settings) {
  return memory_limit(model_settings(settings, 0));
}

Engine::Engine(EngineSettings settings, EngineContext context,
               std::shared_ptr<const ModelFile> file, std::shared_ptr<const Tokenizer> tokenizer)
    : settings_(std::move(settings)),
      context_(context),
      file_(std::move(file)),
      tokenizer_(std::move(tokenizer)),
      constraints_(tokenizer_) {}

Engine::~Engine() = default;

Result<std::shared_ptr<Engine>> Engine::load(const std::filesystem::path& path,
                                             EngineSettings settings, EngineContext context,
                                             const Progress& progress, std::stop_token stop) {
  auto file = SEINE_TRY(ModelFile::open(path));
  // Refused before a byte of the weights is read.
  SEINE_CHECK(check_fits(SEINE_TRY(estimate_engine(*file, settings)), model_settings(settings, 0)));
  auto tokenizer = SEINE_TRY(Tokenizer::of_model(*file));
  SEINE_CHECK(file->load([&](std::uint64_t done, std::uint64_t total) {
    if (progress) progress("read", done, total);
    return !stop.stop_requested();
  }));
  if (progress) progress("prepare", 0, 1);
  std::shared_ptr<Engine> engine(
      new Engine(std::move(settings), context, std::move(file), std::move(tokenizer)));
  SEINE_CHECK(engine->start([&](std::uint64_t done, std::uint64_t total) {
    if (progress) progress("prepare", done, total);
    return !stop.stop_requested();
  }));
  if (stop.stop_requested()) return base::fail(Code::kCancelled, "the load was cancelled");
  if (progress) progress("prepare", 1, 1);
  return engine;
}

Result<> Engine::start(const LoadProgress& progress) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  runtime_ = std::make_unique<Runtime>(settings_.threads > 0 ? settings_.threads
                                                             : static_cast<int>(cores));
  const MemoryPlan plan = SEINE_TRY(plan_memory(*file_, settings_));
  const std::int64_t kv_tokens = plan.kv_tokens;
  memory_ = plan.need;
  runtime_->model =
      SEINE_TRY(load_model(file_, runtime_->pool, model_settings(settings_, kv_tokens), progress));
  Model& model = *runtime_->model;
  context_tokens_ = model.facts().context;
  if (model.facts().is_encoder) return {};

  const KvLayout layout = SEINE_TRY(model.kv_layout(settings_.kv_type));
  const std::int64_t blocks = layout.blocks_for(kv_tokens) + kSpareBlocks;
  runtime_->kv = SEINE_TRY(KvStorage::create(layout, blocks));
  context_tokens_ = static_cast<std::int32_t>(std::min<std::int64_t>(
      context_tokens_, (blocks - kSpareBlocks) * std::int64_t{layout.block_tokens}));
  settings_.scheduler.lanes_max =
      std::min({settings_.scheduler.lanes_max, model.logit_rows_max(), model.batch_rows_max()});
  runtime_->scheduler = std::make_unique<Scheduler>(
      model, *runtime_->kv, context_.clock, SchedulerMetrics::in(context_.metrics, settings_.id),
      settings_.scheduler, settings_.work_threads);
  return {};
}

const ModelFacts& Engine::facts() const {
  return runtime_->model->facts();
}

std::uint64_t Engine::random_seed() {
  return context_.random.next_u64();
}

Result<> Engine::submit(std::vector<TaskSpec> specs) {
  SEINE_ASSERT(runtime_->scheduler != nullptr, "only decoders are asked to generate");
  return runtime_->scheduler->submit(std::move(specs));
}

Result<std::vector<std::vector<float>>> Engine::embed(std::span<const std::vector<TokenId>> texts,
                                                      std::stop_token stop) {
  const std::lock_guard lock(runtime_->embedding);
  Model& model = *runtime_->model;
  std::vector<std::vector<float>> out;
  const auto width = static_cast<std::size_t>(model.facts().width);
  const auto rows_max = static_cast<std::size_t>(model.batch_rows_max());
  while (out.size() < texts.size()) {
    if (stop.stop_requested()) return base::fail(Code::kCancelled, "the reader has gone");
    const std::vector<TokenRun> runs =
        one_batch(texts.subspan(out.size()), rows_max, std::identity());
    const std::span<const float> vectors = SEINE_TRY(model.embed(runs, stop));
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const auto one = vectors.subspan(i * width, width);
      out.emplace_back(one.begin(), one.end());
    }
  }
  return out;
}

Result<std::vector<float>> Engine::relevance(std::span<const RankPair> pairs,
                                             std::stop_token stop) {
  const std::lock_guard lock(runtime_->embedding);
  Model& model = *runtime_->model;
  std::vector<float> out;
  const auto rows_max = static_cast<std::size_t>(model.batch_rows_max());
  std::vector<std::int32_t> asked;
  while (out.size() < pairs.size()) {
    if (stop.stop_requested()) return base::fail(Code::kCancelled, "the reader has gone");
    const auto rest = pairs.subspan(out.size());
    const std::vector<TokenRun> runs = one_batch(rest, rows_max, &RankPair::tokens);
    asked.clear();
    for (const RankPair& pair : rest.first(runs.size())) asked.push_back(pair.asked);
    std::ranges::copy(SEINE_TRY(model.relevance(runs, asked, stop)), std::back_inserter(out));
  }
  return out;
}

}  // namespace seine::engine
