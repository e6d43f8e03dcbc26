// LocalGenerator: an Engine as an llm::Generator. A request becomes a prompt by the model's chat
// template, a task of the scheduler, and a stream of deltas. Refuses at once, with the numbers,
// what can never run; never blocks on the model. Safe on any thread; streams may outlive it, the
// engine ends them when it goes.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/engine.h"
#include "engine/spans/span_reader.h"
#include "engine/template/chat_template.h"
#include "llm/ports.h"

namespace seine::engine {

class LocalGenerator final : public llm::Generator {
 public:
  // Errors: a chat template that does not parse.
  static base::Result<std::shared_ptr<LocalGenerator>> of(std::shared_ptr<Engine> engine);
  ~LocalGenerator() override;

  std::vector<llm::ModelInfo> models() const override;
  base::Result<llm::StreamReader> generate(llm::ChatRequest request,
                                           base::Deadline deadline) override;
  base::Result<std::uint64_t> count_tokens(const llm::ChatRequest& request) const override;

  // Continues a text as it stands, without a template; no messages in the request.
  base::Result<llm::StreamReader> complete(std::string_view prompt, llm::ChatRequest request,
                                           base::Deadline deadline);

 private:
  struct Prompt;
  LocalGenerator(std::shared_ptr<Engine> engine, std::optional<SpanFormat> spans,
                 std::optional<ChatTemplate> chat);
  base::Result<> check(const llm::ChatRequest& request) const;
  base::Result<Prompt> prompt_of(const llm::ChatRequest& request) const;
  base::Result<std::unique_ptr<Constraint>> constraint_of(const Prompt& prompt,
                                                          const llm::ChatRequest& request) const;
  base::Result<llm::StreamReader> start(Prompt prompt, const llm::ChatRequest& request,
                                        base::Deadline deadline);

  std::shared_ptr<Engine> engine_;
  SpanSettings span_settings_;
  std::optional<SpanFormat> spans_;   // models that answer with spans of passages
  std::optional<ChatTemplate> chat_;  // all others
};

}  // namespace seine::engine
