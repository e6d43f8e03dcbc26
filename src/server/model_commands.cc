// Commands on models without a service: generate, model eval.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "base/text.h"
#include "engine/engine.h"
#include "engine/eval/qa_run.h"
#include "engine/eval/qa_set.h"
#include "engine/generate/local_generator.h"
#include "server/commands.h"
#include "server/engine_loader.h"
#include "server/exit_code.h"
#include "server/invocation.h"

extern char** environ;

namespace seine::server {
namespace {

using base::Code;
using base::Json;
using base::Result;

constexpr std::size_t kInputBytesMax = std::size_t{256} << 20;

// What an engine needs from the process, for the time of one command.
struct Process {
  base::SystemClock clock;
  base::SystemRandom random;
  base::Metrics metrics;
};

Result<std::shared_ptr<engine::Engine>> open_engine(const Invocation& invocation,
                                                    const std::string& path, Process& process) {
  const base::Config config = SEINE_TRY(load_config(invocation));
  const std::vector<ModelSource> sources =
      SEINE_TRY(model_sources(path.empty() ? config.text("model.path") : path));
  if (sources.empty() || sources[0].path.string().starts_with(kScriptedScheme))
    return base::fail(Code::kFailedPrecondition, "no model file: name one with --model FILE");
  const engine::EngineContext context{process.clock, process.random, process.metrics};
  const EngineLoader loader(engine_options(config), context);
  return engine::Engine::load(sources[0].path, loader.settings(sources[0]), context, {}, {});
}

template <typename Number>
Result<Number> number_option(const Invocation& invocation, std::string_view name,
                             Number otherwise) {
  const auto text = invocation.value(name);
  if (!text) return otherwise;
  const auto number = base::parse_double(*text);
  if (!number || *number < 0 || *number > 1e9)
    return base::fail_field(Code::kInvalidArgument, name, "{}: '{}' is no number", name, *text);
  return static_cast<Number>(*number);
}

Result<std::string> read_descriptor(int fd, std::string_view what) {
  std::string out;
  std::array<char, 65'536> buffer{};
  while (true) {
    const ssize_t n = read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return std::unexpected(base::errno_error(what, errno));
    if (n == 0) return out;
    if (out.size() + static_cast<std::size_t>(n) > kInputBytesMax)
      return base::fail(Code::kInvalidArgument, "{} is larger than {}", what,
                        base::format_size(kInputBytesMax));
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

// A file as it is, or through `xz -dc`.
Result<std::string> read_data(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return std::unexpected(base::errno_error(path, errno));
  if (!path.ends_with(".xz")) {
    Result<std::string> text = read_descriptor(file, path);
    close(file);
    return text;
  }
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    close(file);
    return std::unexpected(base::errno_error("pipe", errno));
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, file, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string name = "xz";
  std::string flags = "-dc";
  std::array<char*, 3> words = {name.data(), flags.data(), nullptr};
  pid_t child = 0;
  const int failed = posix_spawnp(&child, "xz", &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(file);
  close(ends[1]);
  if (failed != 0) {
    close(ends[0]);
    return std::unexpected(base::errno_error("xz", failed));
  }
  Result<std::string> text = read_descriptor(ends[0], path);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (text && status != 0) return base::fail(Code::kDataLoss, "{}: xz cannot read it", path);
  return text;
}

// Shows a stream as it comes; the usage at its end.
Result<llm::Usage> show(const Terminal& terminal, llm::StreamReader& stream, bool as_json) {
  std::string text;
  while (true) {
    llm::DeltaStream::Next next = stream->next(base::Deadline::never());
    if (next.error) return std::unexpected(*std::move(next.error));
    if (!next.delta) return base::fail(Code::kInternal, "the stream ended without a word");
    if (const auto* piece = std::get_if<llm::TextDelta>(&*next.delta)) {
      text += piece->text;
      if (!as_json) terminal.out(piece->text);
    } else if (const auto* end = std::get_if<llm::Finish>(&*next.delta)) {
      if (as_json) {
        const Json json = {
            {"text", text},
            {"finish_reason", end->reason == llm::FinishReason::kLength ? "length" : "stop"},
            {"usage",
             {{"prompt_tokens", end->usage.prompt_tokens},
              {"completion_tokens", end->usage.completion_tokens}}}};
        terminal.out(base::to_text(json) + "\n");
      } else {
        terminal.out("\n");
      }
      return end->usage;
    }
  }
}

Result<int> generate(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  std::string prompt = invocation.argument;
  if (prompt.empty()) prompt = SEINE_TRY(read_descriptor(STDIN_FILENO, "stdin"));
  llm::ChatRequest request;
  request.max_tokens = SEINE_TRY(number_option<std::uint32_t>(invocation, "--max-tokens", 256));
  request.sampling.temperature = SEINE_TRY(number_option<double>(invocation, "--temperature", 0));
  if (invocation.has("--seed"))
    request.sampling.seed = SEINE_TRY(number_option<std::uint64_t>(invocation, "--seed", 0));
  Process process;
  auto engine = SEINE_TRY(open_engine(invocation, "", process));
  const auto answerer = SEINE_TRY(engine::LocalGenerator::of(std::move(engine)));
  engine::LocalGenerator& generator = *answerer;
  const bool reads_passages = generator.models().front().cites_spans;
  if (reads_passages) request.messages = {{.role = llm::Role::kUser, .content = prompt}};
  const base::TimePoint began = process.clock.now();
  llm::StreamReader stream =
      reads_passages
          ? SEINE_TRY(generator.generate(std::move(request), base::Deadline::never()))
          : SEINE_TRY(generator.complete(prompt, std::move(request), base::Deadline::never()));
  const llm::Usage usage = SEINE_TRY(show(terminal, stream, invocation.has("--json")));
  const double seconds = std::chrono::duration<double>(process.clock.now() - began).count();
  terminal.note(
      fmt::format(fmt::runtime(terminal.pick({"{} tokens read, {} written in {:.2f} s",
                                              "读入 {} 个词元，写出 {} 个，用时 {:.2f} 秒"})),
                  usage.prompt_tokens, usage.completion_tokens, seconds));
  return kOk;
}

Result<int> evaluate(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const std::string suite = invocation.value("--suite").value_or("qa");
  if (suite != "qa")
    return base::fail_field(Code::kUnimplemented, "--suite", "suite '{}' is not known; qa is",
                            suite);
  const auto path = invocation.value("--data");
  if (!path)
    return base::fail_field(Code::kInvalidArgument, "--data", "--data FILE names the questions");
  const std::string text = SEINE_TRY(read_data(*path));
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
  Process process;
  auto engine = SEINE_TRY(open_engine(invocation, invocation.argument, process));
  const engine::QaReport report = SEINE_TRY(engine::run_qa(*engine, set, settings));
  if (invocation.has("--json")) {
    terminal.out(base::to_text(engine::to_json(report)) + "\n");
    return kOk;
  }
  terminal.out(fmt::format(
      "n {}  EM {:.1f}  F1 {:.1f}  answered {:.1f} %  cited right {:.1f} %  literal {:.1f} %  "
      "{:.2f} s/question  {:.0f} tokens/s\n",
      report.questions, report.exact, report.f1, report.answered, report.cited, report.literal,
      report.seconds_per_question, report.tokens_per_second));
  return kOk;
}

int finish(const Invocation& invocation, Result<int> result) {
  return result ? *result : fail_with(*invocation.terminal, result.error());
}

}  // namespace

int run_generate(const Invocation& invocation) {
  return finish(invocation, generate(invocation));
}
int run_model_eval(const Invocation& invocation) {
  return finish(invocation, evaluate(invocation));
}

}  // namespace seine::server
