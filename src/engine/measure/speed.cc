#include "engine/measure/speed.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/metrics.h"
#include "engine/scheduler/core.h"

namespace seine::engine {
namespace {

using base::Code;

struct Cost {
  std::uint64_t bytes = 0;    // read for one token, head included, input embedding not
  std::uint64_t weights = 0;  // multiplied for one token of a prompt, head not included
};

base::Result<Cost> cost_of(const ModelFile& file) {
  const Metadata& meta = file.metadata();
  const std::string at =
      std::string(SEINE_TRY(meta.require<std::string_view>("general.architecture"))) + ".";
  const auto experts = SEINE_TRY(meta.get_or<std::uint32_t>(at + "expert_count", 0));
  const auto used = SEINE_TRY(meta.get_or<std::uint32_t>(at + "expert_used_count", 0));
  const bool tied = file.find("output.weight") == nullptr;
  Cost cost;
  for (const Tensor& tensor : file.tensors()) {
    const bool is_embedding = tensor.name == "token_embd.weight";
    if (is_embedding && !tied) continue;
    std::uint64_t bytes = tensor.bytes();
    std::uint64_t weights = tensor.shape.size() > 1 ? tensor.elements() : 0;
    if (experts > 0 && tensor.name.find("_exps.") != std::string::npos) {
      bytes = bytes / experts * used;
      weights = weights / experts * used;
    }
    cost.bytes += bytes;
    if (tensor.name != "output.weight" && !is_embedding) cost.weights += weights;
  }
  return cost;
}

struct Elapsed {
  double wall = 0;
  double processor = 0;  // of all threads
};

class Stopwatch {
 public:
  Elapsed elapsed() const {
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(),
            processor() - processor_};
  }

 private:
  static double processor() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double processor_ = processor();
};

constexpr std::int32_t kRequestTokens = 64;  // of a request's prompt, at most

// A request whose answer is known: no look at the logits.
class ScriptedDecoder final : public Decoder {
 public:
  struct Outcome {
    double first_token = 0;  // seconds
    std::optional<base::Error> error;
  };

  ScriptedDecoder(std::vector<TokenId> answer, const Stopwatch& watch, Outcome& outcome)
      : answer_(std::move(answer)), watch_(watch), outcome_(outcome) {}

  Decision decide(std::span<const LaneLogits>) override {
    if (at_ == 0) outcome_.first_token = watch_.elapsed().wall;
    const TokenId token = answer_[at_++];
    return {.lanes = {{.lane = 0, .tokens = {token}}}, .done = at_ == answer_.size()};
  }
  void finish(std::optional<base::Error> error, const TaskStats&) override {
    outcome_.error = std::move(error);
  }

 private:
  const std::vector<TokenId> answer_;
  const Stopwatch& watch_;
  Outcome& outcome_;
  std::size_t at_ = 0;
};

// One round of a measurement.
struct Round {
  Elapsed elapsed;
  std::int64_t tokens = 0;  // of which the figure tells
  std::int64_t rows = 0;    // that were multiplied for them
  std::int64_t passes = 0;  // of few rows, which read the weights for themselves
  std::vector<double> first_token = {};

  double rate() const { return static_cast<double>(tokens) / elapsed.wall; }
};

class Bench {
 public:
  Bench(Model& model, KvStorage& kv, const SpeedOptions& options, base::Random& random)
      : model_(model), kv_(kv), options_(options), random_(random) {}

  // What `count` tokens of each of `streams` sequences take.
  base::Result<Round> prompt(std::int32_t streams, std::int32_t count) {
    const Stopwatch watch;
    for (std::int32_t s = 0; s < streams; ++s) {
      for (std::int32_t at = 0; at < count; at += model_.batch_rows_max()) {
        const std::int32_t rows = std::min(count - at, model_.batch_rows_max());
        const std::vector<TokenId> tokens = random_tokens(rows);
        const std::vector<KvBlockId> blocks = table(s);
        const TokenRun run{
            .tokens = tokens, .first_position = at, .blocks = blocks, .phase = Phase::kPrompt};
        const std::int32_t last = rows - 1;
        SEINE_CHECK(model_.forward({.runs = {&run, 1}, .logit_rows = {&last, 1}, .stop = {}}, kv_));
      }
    }
    const std::int64_t tokens = std::int64_t{streams} * count;
    return Round{.elapsed = watch.elapsed(), .tokens = tokens, .rows = tokens};
  }

  base::Result<Round> decode(std::int32_t streams, std::int32_t at, std::int32_t count) {
    std::vector<std::vector<KvBlockId>> tables;
    for (std::int32_t s = 0; s < streams; ++s) tables.push_back(table(s));
    std::vector<std::int32_t> rows(static_cast<std::size_t>(streams));
    std::iota(rows.begin(), rows.end(), 0);
    const Stopwatch watch;
    for (std::int32_t i = 0; i < count; ++i) {
      const std::vector<TokenId> tokens = random_tokens(streams);
      std::vector<TokenRun> runs;
      for (std::size_t s = 0; s < tables.size(); ++s) {
        runs.push_back({.tokens = {&tokens[s], 1},
                        .first_position = at + i,
                        .blocks = tables[s],
                        .phase = Phase::kDecode});
      }
      SEINE_CHECK(model_.forward({.runs = runs, .logit_rows = rows, .stop = {}}, kv_));
    }
    const std::int64_t tokens = std::int64_t{streams} * count;
    return Round{.elapsed = watch.elapsed(), .tokens = tokens, .rows = tokens, .passes = count};
  }

  base::Result<Round> serve(std::int32_t requests, std::int32_t prompt, std::int32_t generate) {
    base::Metrics metrics;
    WorkPool work(1);
    const base::SystemClock clock;
    SchedulerCore core(model_, kv_, work, clock, SchedulerMetrics::in(metrics, "bench"),
                       {.lanes_max = std::min(requests, model_.logit_rows_max())});
    std::vector<ScriptedDecoder::Outcome> outcomes(static_cast<std::size_t>(requests));
    const Stopwatch watch;
    for (ScriptedDecoder::Outcome& outcome : outcomes) {
      TaskSpec task{.prompt = random_tokens(prompt),
                    .tokens_max = static_cast<std::uint32_t>(generate)};
      SEINE_CHECK(core.check(task));
      task.decoder = std::make_unique<ScriptedDecoder>(random_tokens(generate), watch, outcome);
      core.submit(std::move(task));
    }
    const std::int64_t tokens = std::int64_t{requests} * generate;
    Round round{.elapsed = {}, .tokens = tokens, .rows = tokens + std::int64_t{requests} * prompt};
    while (core.step({})) ++round.passes;
    round.elapsed = watch.elapsed();
    work.wait_idle();
    for (const ScriptedDecoder::Outcome& outcome : outcomes) {
      if (outcome.error) return std::unexpected(*outcome.error);
      round.first_token.push_back(outcome.first_token);
    }
    std::ranges::sort(round.first_token);
    return round;
  }

 private:
  std::vector<TokenId> random_tokens(std::int32_t count) {
    std::vector<TokenId> out(static_cast<std::size_t>(count));
    const auto vocabulary = static_cast<std::uint64_t>(model_.facts().vocabulary);
    for (TokenId& token : out) token = static_cast<TokenId>(random_.below(vocabulary));
    return out;
  }

  std::vector<KvBlockId> table(std::int32_t stream) const {
    const auto each = static_cast<std::size_t>(kv_.blocks() / options_.streams);
    std::vector<KvBlockId> out(each);
    std::iota(out.begin(), out.end(), static_cast<KvBlockId>(each) * stream);
    return out;
  }

  Model& model_;
  KvStorage& kv_;
  const SpeedOptions& options_;
  base::Random& random_;
};

Speed speed_of(std::string_view name, const std::vector<Round>& rounds, const Cost& cost,
               const SpeedReport& report) {
  Speed speed{.name = std::string(name), .per_second = {}};
  for (const Round& round : rounds) speed.per_second.push_back(round.rate());
  const Round& best = *std::ranges::max_element(rounds, {}, &Round::rate);
  const auto share = [&](std::int64_t times, std::uint64_t each, double limit) {
    const double rate = static_cast<double>(times) * static_cast<double>(each) / best.elapsed.wall;
    return limit > 0 ? rate / limit : 0;
  };
  speed.share_of_read = share(best.passes, cost.bytes, report.limits.read_bytes);
  speed.share_of_multiplies = share(best.rows, cost.weights, report.limits.multiplies);
  speed.share_of_processor = best.elapsed.processor / (best.elapsed.wall * report.threads);
  speed.first_token = best.first_token;
  return speed;
}

}  // namespace

double Speed::best() const {
  return per_second.empty() ? 0 : std::ranges::max(per_second);
}

double Speed::median() const {
  if (per_second.empty()) return 0;
  std::vector<double> sorted = per_second;
  std::ranges::sort(sorted);
  return sorted[sorted.size() / 2];
}

base::Result<SpeedReport> measure_speed(const std::shared_ptr<const ModelFile>& file,
                                        const SpeedOptions& options, base::Random& random) {
  if (options.prompt < 1 || options.generate < 1 || options.streams < 1 || options.rounds < 1) {
    return base::fail(Code::kInvalidArgument,
                      "a measurement needs a prompt, tokens, streams and rounds of at least one");
  }
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  ThreadPool pool(options.threads > 0 ? options.threads : static_cast<int>(cores));
  const Kernels* row = SEINE_TRY(chosen_kernels());
  const std::int32_t context = options.prompt + options.generate;
  const std::int64_t kv_tokens = (std::int64_t{context} + 64) * options.streams;
  const ModelSettings settings{.context = context,
                               .batch_rows = std::max(512, options.streams),
                               .logit_rows = std::max(64, options.streams),
                               .kv_type = options.kv_type,
                               .kv_tokens = kv_tokens,
                               .kernels = row,
                               .activations = options.activations};
  const auto model = SEINE_TRY(load_model(file, pool, settings));
  const KvLayout layout = SEINE_TRY(model->kv_layout(options.kv_type));
  auto kv = SEINE_TRY(KvStorage::create(layout, layout.blocks_for(context) * options.streams));
  const Cost cost = SEINE_TRY(cost_of(*file));
  SEINE_CHECK(file->load({}));

  SpeedReport report{.facts = model->facts(),
                     .isa = std::string(row->isa),
                     .threads = pool.threads(),
                     .token_bytes = cost.bytes,
                     .token_weights = cost.weights,
                     .limits = {},
                     .speeds = {}};
  Bench bench(*model, kv, options, random);
  SEINE_CHECK(bench.prompt(1, std::min(options.prompt, 32)));  // touches what is read first
  AlignedBytes memory = memory_to_read(report.token_bytes);
  std::vector<Round> prompts;
  std::vector<Round> decodes;
  std::vector<Round> batches;
  std::vector<Round> requests;
  for (std::int32_t round = 0; round < options.rounds; ++round) {
    prompts.push_back(SEINE_TRY(bench.prompt(1, options.prompt)));
    decodes.push_back(SEINE_TRY(bench.decode(1, options.prompt, options.generate)));
    // Short histories: what a batch costs beyond one stream is the products.
    const std::int32_t start = std::min(options.prompt, 16);
    SEINE_CHECK(bench.prompt(options.streams, start));
    batches.push_back(SEINE_TRY(bench.decode(options.streams, start, options.generate)));
    requests.push_back(SEINE_TRY(
        bench.serve(options.streams, std::min(options.prompt, kRequestTokens), options.generate)));
    const MachineLimits now = measure_limits(pool, *row, {memory.data(), memory.size()});
    report.limits.read_bytes = std::max(report.limits.read_bytes, now.read_bytes);
    report.limits.multiplies = std::max(report.limits.multiplies, now.multiplies);
    report.limits.from_memory = now.from_memory;
  }
  report.speeds = {
      speed_of("prompt", prompts, cost, report), speed_of("decode", decodes, cost, report),
      speed_of("batch", batches, cost, report), speed_of("concurrency", requests, cost, report)};
  return report;
}

}  // namespace seine::engine
