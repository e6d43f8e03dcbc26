// OutputParser: a model's text, as it comes, to the deltas that a client sees: thinking folded out,
// calls of tools read in the model's own form, the rest as text. However the text is cut into
// pieces, the deltas join to the same. One stream, one thread; never blocks.
//
// Feed it what StreamDecoder gives with control tokens shown, but not the tokens that end
// generation.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/parse/call_parser.h"
#include "engine/template/chat_template.h"
#include "llm/delta.h"

namespace seine::engine {

struct OutputOptions {
  // The prompt ends inside <think> (ChatPrompt::thinking).
  bool thinking = false;
  // The request offers tools; without it their signs are text.
  bool tools = false;
  ToolFormat format = ToolFormat::kHermes;
  // Calls are named this and their number.
  std::string call_id_prefix = "call_";
};

class OutputParser final : private CallSink {
 public:
  explicit OutputParser(OutputOptions options);

  // Appends to `out`. Text deltas are whole UTF-8 characters.
  void push(std::string_view text, std::vector<llm::Delta>& out);
  // No more text comes: what was held is told. The Finish delta is the caller's.
  void finish(std::vector<llm::Delta>& out);

  // A call was read: the answer ends with FinishReason::kToolCalls.
  bool called() const { return calls_ > 0; }
  bool thinking() const { return state_ == State::kThinking; }

 private:
  enum class State : std::uint8_t { kStart, kThinking, kText, kCalls };
  enum class Kind : std::uint8_t { kText, kReasoning, kArguments };

  void run(bool last);
  bool start(bool last);
  bool think(bool last);
  bool plain_text(bool last);
  bool read_calls(bool last);
  void take(Kind kind, std::size_t length, bool drops_space);
  void tell(Kind kind, std::string_view text);
  void flush();

  void start(std::string_view name) override;
  void arguments(std::string_view piece) override;
  void plain(std::string_view text) override;

  OutputOptions options_;
  std::unique_ptr<CallParser> calls_parser_;  // null without tools
  State state_;
  std::string pending_;
  bool skip_space_ = false;  // at the start of thinking, and of text behind thinking or calls
  std::uint32_t calls_ = 0;

  // Bytes of a character that is not whole, and what they belong to.
  std::string partial_;
  Kind partial_kind_ = Kind::kText;
  std::vector<llm::Delta>* out_ = nullptr;
};

}  // namespace seine::engine
