// Commands on models without a service: generate.
#include <fmt/format.h>
#include <unistd.h>

#include "base/json.h"
#include "engine/generate/local_generator.h"
#include "server/commands.h"
#include "server/data_file.h"
#include "server/exit_code.h"
#include "server/invocation.h"
#include "server/one_engine.h"

namespace seine::server {
namespace {

using base::Code;
using base::Json;
using base::Result;

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

int finish(const Invocation& invocation, Result<int> result) {
  return result ? *result : fail_with(*invocation.terminal, result.error());
}

}  // namespace

int run_generate(const Invocation& invocation) {
  return finish(invocation, generate(invocation));
}

}  // namespace seine::server
