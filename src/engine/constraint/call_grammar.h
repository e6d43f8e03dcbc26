// Grammar of an answer that may or must call tools: free text without a sign of a call, then calls
// in the model's own form, with arguments that match the tools' schemas where these are strict.
// Thinking comes first where the prompt opened it, and may hold no call. Pure.
//
// Signs that are one token of the vocabulary are written as that token and nothing else: a code of
// two bytes, the first of which occurs in no text, stands for it, so that no argument can hold it.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/constraint/grammar.h"
#include "engine/template/chat_template.h"
#include "llm/request.h"

namespace seine::engine {

struct CallRules {
  ToolFormat format = ToolFormat::kHermes;
  std::vector<llm::Tool> tools = {};
  bool required = false;        // no text, at least one call
  bool several = true;          // more than one call
  bool thinking = false;        // the prompt ends inside <think>
  llm::Constraint answer = {};  // what text without a call must match

  // Nothing, where the request asks for nothing that needs one. Errors: a tool to call by name that
  // is not there.
  static base::Result<std::optional<CallRules>> of(const llm::ChatRequest& request,
                                                   ToolFormat format, bool thinking);
  bool operator==(const CallRules&) const = default;
};

// The signs that models have tokens for.
class CallSigns {
 public:
  static constexpr std::array<std::string_view, 10> kAll = {"</think>",
                                                            "<tool_call>",
                                                            "</tool_call>",
                                                            "<｜tool▁calls▁begin｜>",
                                                            "<｜tool▁calls▁end｜>",
                                                            "<｜tool▁call▁begin｜>",
                                                            "<｜tool▁call▁end｜>",
                                                            "<｜tool▁sep｜>",
                                                            "｜DSML｜",
                                                            "<｜tool▁outputs▁begin｜>"};

  // Those of `kAll` that are tokens.
  explicit CallSigns(const Tokenizer& tokenizer);
  // The code of a token, or nothing.
  static std::string_view code(std::size_t sign);
  bool is_token(std::size_t sign) const { return is_token_[sign]; }
  // `text` with every sign that is a token in its code.
  std::string coded(std::string_view text) const;

 private:
  std::array<bool, kAll.size()> is_token_{};
};

// Errors name the tool, and the keyword of its schema.
base::Result<std::shared_ptr<const Grammar>> call_grammar(const CallRules& rules,
                                                          const CallSigns& signs);

}  // namespace seine::engine
