// What is asked of a language model: messages, tools, sampling, constraints. The union of what the
// OpenAI, DeepSeek and Anthropic dialects can say, in one vocabulary; gateway translates each
// dialect to it and nothing below knows them. Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace seine::llm {

enum class Role : std::uint8_t { kSystem, kUser, kAssistant, kTool };

// As chat templates and OpenAI's form name it: "system", "user", "assistant", "tool".
constexpr std::string_view role_name(Role role) {
  constexpr std::array<std::string_view, 4> kNames = {"system", "user", "assistant", "tool"};
  return kNames[static_cast<std::size_t>(role)];
}

// One call that the model makes of a tool.
struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;  // JSON text as the model wrote it

  bool operator==(const ToolCall&) const = default;
};

struct Message {
  Role role = Role::kUser;
  std::string content;
  std::string reasoning =
      {};  // assistant: its thinking, shown to the model again only in tool loops
  std::vector<ToolCall> tool_calls = {};  // assistant
  std::string tool_call_id = {};          // tool: which call this answers
  std::string name = {};                  // tool: the function; user: who speaks
  bool prefix = false;                    // assistant, last message: the answer continues this text

  bool operator==(const Message&) const = default;
};

struct Tool {
  std::string name;
  std::string description;
  std::string parameters;  // JSON schema as text
  bool strict = false;     // arguments are constrained to the schema

  bool operator==(const Tool&) const = default;
};

struct ToolChoice {
  enum class Mode : std::uint8_t { kAuto, kNone, kRequired, kNamed };
  Mode mode = Mode::kAuto;
  std::string name = {};  // kNamed

  bool operator==(const ToolChoice&) const = default;
};

struct Sampling {
  double temperature = 1;  // 0: greedy
  double top_p = 1;
  std::uint32_t top_k = 0;  // 0: all
  double min_p = 0;
  double typical_p = 1;
  double repetition_penalty = 1;
  double presence_penalty = 0;
  double frequency_penalty = 0;
  std::map<std::int32_t, double> logit_bias = {};  // token id -> added to its logit, -100 bans
  std::optional<std::uint64_t> seed = {};

  bool operator==(const Sampling&) const = default;
};

// What the answer's text must match.
struct JsonObjectConstraint {
  bool operator==(const JsonObjectConstraint&) const = default;
};
struct JsonSchemaConstraint {
  std::string schema;  // JSON text
  bool operator==(const JsonSchemaConstraint&) const = default;
};
struct RegexConstraint {
  std::string pattern;
  bool operator==(const RegexConstraint&) const = default;
};
// Only continuations of these passages, closed by the citation of one that holds the span.
struct SpanConstraint {
  std::vector<std::string> passages;
  // What the caller knows of them, in nats: added to the score of a passage's span. Empty: nothing.
  std::vector<double> priors = {};
  bool operator==(const SpanConstraint&) const = default;
};
using Constraint = std::variant<std::monostate, JsonObjectConstraint, JsonSchemaConstraint,
                                RegexConstraint, SpanConstraint>;

// How much a model that can think does so.
enum class Effort : std::uint8_t { kOff, kLow, kHigh, kMax };

// Who goes first when the engine is full: batch work gives way to standard, standard to
// interactive.
enum class QosClass : std::uint8_t { kInteractive, kStandard, kBatch };

struct ChatRequest {
  std::string model;
  std::vector<Message> messages;
  std::vector<Tool> tools = {};
  ToolChoice tool_choice = {};
  bool parallel_tool_calls = true;
  Sampling sampling = {};
  Constraint constraint = {};
  std::vector<std::string> stop = {};          // at most kStopMax
  std::vector<std::int32_t> stop_tokens = {};  // ids that end the answer, at most kStopMax
  std::optional<std::uint32_t> max_tokens =
      {};  // thinking included; absent: what the context leaves
  std::optional<std::uint32_t> top_logprobs =
      {};                             // present: logprobs of each token and this many others
  std::optional<Effort> effort = {};  // absent: as the model's maker set it
  QosClass qos = QosClass::kStandard;
  std::string cache_scope = {};  // prefixes are shared only between requests of one scope

  static constexpr std::size_t kStopMax = 16;
  bool operator==(const ChatRequest&) const = default;
};

}  // namespace seine::llm
