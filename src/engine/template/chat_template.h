// ChatTemplate: how one model wants a conversation written: its own template where the file has
// one, else that of its family. Renders a request to the prompt's text and says in which form the
// model calls tools. Immutable, any thread.
//
// What comes from outside cannot spell the model's control tokens: wherever a message or a tool
// does, the prompt is cut inside the spelling, and each piece is encoded apart.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "engine/formats/model_file.h"
#include "engine/template/template.h"
#include "engine/tokenizer/tokenizer.h"
#include "llm/request.h"

namespace seine::engine {

// How a model writes a call of a tool.
enum class ToolFormat : std::uint8_t {
  kDeepSeekR1,   // function<sep>NAME, the arguments in a fence; V3 and R1
  kDeepSeekV31,  // NAME<sep>ARGUMENTS
  kDsml,         // <invoke>, <parameter>; V3.2
  kHermes,       // <tool_call>{"name": ..., "arguments": ...}</tool_call>; Qwen and others
};

struct ChatPrompt {
  std::vector<std::string> pieces;
  bool thinking = false;  // the prompt ends inside <think>: what follows is reasoning

  std::string text() const;
  std::vector<TokenId> encode(const Tokenizer& tokenizer) const;
};

class ChatTemplate {
 public:
  // From the file, else by architecture and vocabulary.
  static base::Result<ChatTemplate> of_model(const ModelFile& model,
                                             std::shared_ptr<const Tokenizer> tokenizer);
  // From a template's text; `with_tools`: another one for requests with tools, or empty.
  static base::Result<ChatTemplate> of_text(std::string_view source, std::string_view with_tools,
                                            std::shared_ptr<const Tokenizer> tokenizer);
  // The family's own: "deepseek-chat", "deepseek-r1", "deepseek-v3.1", "deepseek-v3.2", "chatml".
  static std::optional<std::string_view> builtin(std::string_view family);

  base::Result<ChatPrompt> render(const llm::ChatRequest& request, const base::Clock& clock) const;

  ToolFormat tool_format() const { return tool_format_; }
  bool thinks() const { return thinks_; }
  // The template itself shows tools to the model; else render() adds them to the system text.
  bool shows_tools() const { return shows_tools_; }
  const std::string& source() const { return source_; }

 private:
  ChatTemplate(Template plain, std::shared_ptr<const Tokenizer> tokenizer)
      : plain_(std::move(plain)), tokenizer_(std::move(tokenizer)) {}
  void inspect();
  std::string guarded(std::string_view text) const;
  // `suffix` is ours and stands behind the content as it is.
  jinja::Value message_value(const llm::Message& message, std::string_view suffix) const;
  std::string tools_text(const std::vector<llm::Tool>& tools) const;
  jinja::Value tools_value(const std::vector<llm::Tool>& tools) const;

  Template plain_;
  std::optional<Template> with_tools_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  std::string source_;
  std::vector<std::string> control_;  // what control tokens are spelt like, longest first
  ToolFormat tool_format_ = ToolFormat::kHermes;
  bool thinks_ = false;
  bool shows_tools_ = false;
};

}  // namespace seine::engine
