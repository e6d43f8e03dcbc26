// model eval: what a model is worth on a set of data, without a service.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/json.h"
#include "engine/eval/embed_run.h"
#include "engine/eval/qa_run.h"
#include "engine/eval/qa_set.h"
#include "engine/eval/text_run.h"
#include "engine/generate/local_embedder.h"
#include "server/commands.h"
#include "server/data_file.h"
#include "server/engine_loader.h"
#include "server/exit_code.h"
#include "server/invocation.h"
#include "server/one_engine.h"
#include "server/retrieval_run.h"

namespace seine::server {
namespace {

using base::Code;
using base::Result;

// The file of --data, or with a suffix the one of that name beside it, plain or packed.
Result<std::string> data_of(const Invocation& invocation, const std::string& suffix) {
  const auto path = invocation.value("--data");
  if (!path) {
    return base::fail_field(
        Code::kInvalidArgument, "--data", "{}",
        invocation.terminal->pick({"--data FILE names the data", "请用 --data 文件 指定数据"}));
  }
  std::string name = *path + suffix;
  std::error_code failed;
  if (!suffix.empty() && !std::filesystem::exists(name, failed)) name += ".xz";
  return read_data(name);
}

Result<int> qa(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const std::string text = SEINE_TRY(data_of(invocation, ""));
  const engine::QaSet set = SEINE_TRY(engine::parse_qa(text));
  engine::QaRunSettings settings;
  settings.questions = SEINE_TRY(number_option<std::size_t>(invocation, "--limit", 0));
  settings.distractors = SEINE_TRY(number_option<std::size_t>(invocation, "--distractors", 0));
  settings.missing = invocation.has("--missing");
  settings.articles_per_mille =
      SEINE_TRY(number_option<std::uint32_t>(invocation, "--held-out", 0));
  if (invocation.value("--read").value_or("apart") == "together")
    settings.spans.strategy = engine::SpanStrategy::kTogether;
  if (invocation.has("--refusal")) {
    settings.spans.refusal_max = SEINE_TRY(number_option<double>(invocation, "--refusal", 0));
    settings.spans.refusal_max_zh = settings.spans.refusal_max;
  }
  std::ofstream cases;
  if (const auto path = invocation.value("--cases")) {
    cases.open(*path);
    if (!cases) {
      return base::fail_field(Code::kFailedPrecondition, "--cases", "{} cannot be written", *path);
    }
    settings.each = [&](const engine::QaCase& one) {
      cases << base::to_text(engine::to_json(one)) << '\n';
    };
  }
  Process process;
  auto engine = SEINE_TRY(open_engine(invocation, invocation.argument, process));
  const engine::QaReport report = SEINE_TRY(engine::run_qa(*engine, set, settings));
  if (invocation.has("--json")) {
    terminal.out(base::to_text(engine::to_json(report)) + "\n");
    return kOk;
  }
  terminal.out(fmt::format(
      "n {}  EM {:.1f}  F1 {:.1f}  answered {:.1f} %  cited right {:.1f} %  literal {:.1f} %  "
      "unanswerable {}  caught {:.1f} %  {:.2f} s/question  {:.0f} tokens/s\n",
      report.questions, report.figures.exact, report.figures.f1, report.figures.answered,
      report.figures.cited, report.literal, report.unanswerable, report.figures.caught,
      report.seconds_per_question, report.tokens_per_second));
  return kOk;
}

Result<int> text(const Invocation& invocation, bool compares) {
  const Terminal& terminal = *invocation.terminal;
  const auto base_path = invocation.value("--base");
  if (compares != base_path.has_value()) {
    return base::fail_field(
        Code::kInvalidArgument, "--base", "{}",
        terminal.pick({"--suite kl compares with the model of --base FILE, perplexity with none",
                       "--suite kl 与 --base 文件 的模型比较，perplexity 则不比较"}));
  }
  const std::string words = SEINE_TRY(data_of(invocation, ""));
  const auto path = SEINE_TRY(model_path(invocation, invocation.argument));
  const auto model = SEINE_TRY(engine::ModelFile::open(path));
  std::shared_ptr<const engine::ModelFile> base_model;
  if (base_path) base_model = SEINE_TRY(engine::ModelFile::open(*base_path));
  const base::Config config = SEINE_TRY(load_config(invocation));
  PercentNote note(terminal);
  engine::TextRunSettings settings;
  settings.window = SEINE_TRY(number_option<std::int32_t>(invocation, "--window", 512));
  settings.windows = SEINE_TRY(number_option<std::size_t>(invocation, "--limit", 0));
  settings.memory_limit = config.size_bytes("model.memory_max");
  settings.activations = engine_options(config).activations;
  settings.progress = [&](std::size_t done, std::size_t total) { return note(done, total); };
  const auto threads = static_cast<int>(config.integer("model.threads"));
  engine::ThreadPool pool(
      threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
  const engine::TextReport report =
      SEINE_TRY(engine::run_text(model, base_model, words, pool, settings));
  if (invocation.has("--json")) {
    terminal.out(base::to_text(engine::to_json(report)) + "\n");
    return kOk;
  }
  terminal.out(fmt::format(
      fmt::runtime(terminal.pick({"{} tokens  perplexity {:.4f} ± {:.4f}  {:.0f} tokens/s\n",
                                  "{} 个词元  困惑度 {:.4f} ± {:.4f}  {:.0f} 词元/秒\n"})),
      report.tokens, report.perplexity, report.perplexity_error, report.tokens_per_second));
  if (report.has_base) {
    terminal.out(fmt::format(
        fmt::runtime(terminal.pick(
            {"base {:.4f}  KL {:.3e} (median {:.3e}, most {:.3e})  same first token {:.2f} %\n",
             "基准 {:.4f}  KL {:.3e}（中位 {:.3e}，最大 {:.3e}）  首选相同 {:.2f} %\n"})),
        report.base_perplexity, report.divergence, report.divergence_median, report.divergence_most,
        report.same_top));
  }
  return kOk;
}

Result<int> embedding(const Invocation& invocation, std::string_view suite) {
  const Terminal& terminal = *invocation.terminal;
  PercentNote note(terminal);
  engine::EmbedRunSettings settings;
  settings.dimensions = SEINE_TRY(number_option<std::uint32_t>(invocation, "--dimensions", 0));
  settings.queries = SEINE_TRY(number_option<std::size_t>(invocation, "--limit", 0));
  const bool is_intent = suite == "intent";
  const std::string first = SEINE_TRY(data_of(invocation, is_intent        ? ".train.jsonl"
                                                          : suite == "faq" ? ".entries.jsonl"
                                                                           : ".corpus.jsonl"));
  const std::string second =
      SEINE_TRY(data_of(invocation, is_intent ? ".test.jsonl" : ".queries.jsonl"));
  Process process;
  auto loaded = SEINE_TRY(open_engine(invocation, invocation.argument, process));
  if (!loaded->facts().is_encoder) {
    return base::fail_field(Code::kInvalidArgument, "model",
                            "model '{}' makes no embeddings: suite {} needs an encoder",
                            loaded->id(), suite);
  }
  const bool ranks = loaded->facts().ranks;
  engine::LocalEmbedder embedder(std::move(loaded));
  if (is_intent) {
    const engine::IntentReport report =
        SEINE_TRY(engine::run_intent(embedder, first, second, settings));
    terminal.out(
        invocation.has("--json")
            ? base::to_text(engine::to_json(report)) + "\n"
            : fmt::format(fmt::runtime(terminal.pick(
                              {"{} classes  n {}  accuracy {:.1f} %  out of scope {:.1f} % of {}\n",
                               "{} 类  n {}  准确率 {:.1f} %  范围外识别 {:.1f} %（共 {}）\n"})),
                          report.classes, report.queries, report.accuracy, report.outside_recall,
                          report.outside));
    return kOk;
  }
  const engine::RankReport report = SEINE_TRY(
      suite == "retrieval" && ranks ? run_retrieval(embedder, embedder, first, second, settings)
                                    : engine::run_ranking(embedder, first, second, settings));
  terminal.out(invocation.has("--json")
                   ? base::to_text(engine::to_json(report)) + "\n"
                   : fmt::format("n {} of {}  R@1 {:.1f}  R@5 {:.1f}  R@10 {:.1f}  MRR@10 {:.3f}  "
                                 "{:.0f} texts/s\n",
                                 report.queries, report.entries, report.recall_1, report.recall_5,
                                 report.recall_10, report.reciprocal_rank,
                                 report.texts_per_second));
  return kOk;
}

Result<int> evaluate(const Invocation& invocation) {
  const std::string suite = invocation.value("--suite").value_or("qa");
  if (suite == "qa") return qa(invocation);
  if (suite == "perplexity" || suite == "kl") return text(invocation, suite == "kl");
  return embedding(invocation, suite);
}

}  // namespace

int run_model_eval(const Invocation& invocation) {
  const Result<int> result = evaluate(invocation);
  return result ? *result : fail_with(*invocation.terminal, result.error());
}

}  // namespace seine::server
