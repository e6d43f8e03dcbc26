#include "engine/eval/text_run.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "engine/kernels/table.h"
#include "engine/model/registry.h"
#include "engine/tokenizer/tokenizer.h"

namespace seine::engine {
namespace {

using base::Code;
using base::Result;

// Positions whose logits are held at once: two models with 150,000 tokens take 80 MB.
constexpr std::int32_t kRows = 64;

// One model that reads windows in pieces.
class Reader {
 public:
  static Result<Reader> open(std::shared_ptr<const ModelFile> file, ThreadPool& pool,
                             const TextRunSettings& settings) {
    Reader out;
    ModelSettings sized{.batch_rows = kRows,
                        .logit_rows = kRows,
                        .kv_tokens = settings.window,
                        .memory_limit = settings.memory_limit,
                        .activations = settings.activations};
    if (!settings.isa.empty()) sized.kernels = SEINE_TRY(kernels_of(settings.isa));
    out.model_ = SEINE_TRY(load_model(std::move(file), pool, sized));
    if (out.model_->facts().is_encoder) {
      return base::fail(Code::kInvalidArgument, "an encoder predicts no text");
    }
    const KvLayout layout = SEINE_TRY(out.model_->kv_layout(KvType::kF16));
    const std::int64_t blocks = layout.blocks_for(settings.window);
    out.kv_.emplace(SEINE_TRY(KvStorage::create(layout, blocks)));
    out.blocks_.resize(static_cast<std::size_t>(blocks));
    std::iota(out.blocks_.begin(), out.blocks_.end(), 0);
    return out;
  }

  const ModelFacts& facts() const { return model_->facts(); }

  // Logits of every token of `tokens`, or of none.
  Result<std::span<const float>> read(std::span<const TokenId> tokens, std::int32_t position,
                                      bool wants) {
    const TokenRun run{
        .tokens = tokens, .first_position = position, .blocks = blocks_, .phase = Phase::kPrompt};
    rows_.resize(wants ? tokens.size() : 0);
    std::iota(rows_.begin(), rows_.end(), 0);
    return SEINE_TRY(model_->forward({.runs = {&run, 1}, .logit_rows = rows_}, *kv_)).logits;
  }

 private:
  Reader() = default;
  std::unique_ptr<Model> model_;
  std::optional<KvStorage> kv_;
  std::vector<KvBlockId> blocks_;
  std::vector<std::int32_t> rows_;
};

double log_sum(std::span<const float> logits) {
  const double most = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float x : logits) sum += std::exp(x - most);
  return most + std::log(sum);
}

std::size_t best(std::span<const float> logits) {
  return static_cast<std::size_t>(std::ranges::max_element(logits) - logits.begin());
}

struct TextSums {
  std::vector<double> losses;  // nats
  double base_loss = 0;
  std::vector<double> divergences;
  std::uint64_t same = 0;

  void add(std::span<const float> logits, TokenId next) {
    losses.push_back(log_sum(logits) - logits[static_cast<std::size_t>(next)]);
  }
  void compare(std::span<const float> q, std::span<const float> p, TokenId next) {
    const double q_sum = log_sum(q);
    const double p_sum = log_sum(p);
    double divergence = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double log_p = p[i] - p_sum;
      divergence += std::exp(log_p) * (log_p - (q[i] - q_sum));
    }
    divergences.push_back(std::max(divergence, 0.0));
    base_loss += p_sum - p[static_cast<std::size_t>(next)];
    same += best(p) == best(q) ? 1 : 0;
  }

  TextReport report() {
    TextReport out;
    out.tokens = losses.size();
    const auto count = static_cast<double>(losses.size());
    const double mean = std::accumulate(losses.begin(), losses.end(), 0.0) / count;
    double square = 0;
    for (const double loss : losses) square += (loss - mean) * (loss - mean);
    out.perplexity = std::exp(mean);
    out.perplexity_error = out.perplexity * std::sqrt(square / count / count);
    out.has_base = !divergences.empty();
    if (!out.has_base) return out;
    out.base_perplexity = std::exp(base_loss / count);
    out.divergence = std::accumulate(divergences.begin(), divergences.end(), 0.0) / count;
    std::ranges::sort(divergences);
    out.divergence_most = divergences.back();
    out.divergence_median = divergences[divergences.size() / 2];
    out.same_top = 100 * static_cast<double>(same) / count;
    return out;
  }
};

Result<> read_window(Reader& reader, std::optional<Reader>& base, std::span<const TokenId> window,
                     TextSums& sums) {
  const std::size_t half = window.size() / 2;
  // The last token is only predicted.
  for (std::size_t at = 0; at + 1 < window.size();) {
    const std::size_t until = at < half ? half : window.size() - 1;
    const std::size_t count = std::min<std::size_t>(kRows, until - at);
    const bool wants = at >= half;
    const auto position = static_cast<std::int32_t>(at);
    const auto tokens = window.subspan(at, count);
    const auto q = SEINE_TRY(reader.read(tokens, position, wants));
    std::span<const float> p;
    if (base) p = SEINE_TRY(base->read(tokens, position, wants));
    const auto width = static_cast<std::size_t>(reader.facts().vocabulary);
    for (std::size_t i = 0; wants && i < count; ++i) {
      const TokenId next = window[at + i + 1];
      sums.add(q.subspan(i * width, width), next);
      if (base) sums.compare(q.subspan(i * width, width), p.subspan(i * width, width), next);
    }
    at += count;
  }
  return {};
}

}  // namespace

Result<TextReport> run_text(std::shared_ptr<const ModelFile> model,
                            std::shared_ptr<const ModelFile> base, std::string_view text,
                            ThreadPool& pool, const TextRunSettings& settings) {
  if (settings.window < 4 || settings.window > 1 << 20) {
    return base::fail_field(Code::kInvalidArgument, "window",
                            "windows of {} tokens: 4 to 1048576 can be read", settings.window);
  }
  const auto tokenizer = SEINE_TRY(Tokenizer::of_model(*model));
  TextRunSettings used = settings;
  Reader reader = SEINE_TRY(Reader::open(model, pool, used));
  used.window = std::min(used.window, reader.facts().context);
  std::optional<Reader> other;
  if (base) {
    other.emplace(SEINE_TRY(Reader::open(base, pool, used)));
    if (other->facts().vocabulary != reader.facts().vocabulary ||
        other->facts().context < used.window) {
      return base::fail_field(Code::kInvalidArgument, "--base",
                              "the base has {} tokens and a context of {}, the model {} and {}",
                              other->facts().vocabulary, other->facts().context,
                              reader.facts().vocabulary, reader.facts().context);
    }
  }
  const std::vector<TokenId> tokens = tokenizer->encode(text);
  const auto width = static_cast<std::size_t>(used.window);
  const std::size_t all = tokens.size() / width;
  if (all == 0) {
    return base::fail_field(Code::kInvalidArgument, "--data",
                            "the text has {} tokens, a window takes {}",
                            base::format_count(tokens.size()), base::format_count(width));
  }
  const std::size_t count = settings.windows == 0 ? all : std::min(settings.windows, all);
  TextSums sums;
  const auto began = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = i * all / count * width;
    SEINE_CHECK(read_window(reader, other, std::span(tokens).subspan(at, width), sums));
    if (settings.progress && !settings.progress(i + 1, count))
      return base::fail(Code::kCancelled, "the evaluation was cancelled");
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  TextReport report = sums.report();
  report.windows = count;
  report.tokens_per_second = static_cast<double>(count * width) / std::max(took.count(), 1e-9);
  return report;
}

base::Json to_json(const TextReport& report) {
  base::Json out = {{"windows", report.windows},
                    {"tokens", report.tokens},
                    {"perplexity", report.perplexity},
                    {"perplexity_error", report.perplexity_error},
                    {"tokens_per_second", report.tokens_per_second}};
  if (!report.has_base) return out;
  out["base_perplexity"] = report.base_perplexity;
  out["kl"] = report.divergence;
  out["kl_median"] = report.divergence_median;
  out["kl_max"] = report.divergence_most;
  out["same_top_percent"] = report.same_top;
  return out;
}

}  // namespace seine::engine
