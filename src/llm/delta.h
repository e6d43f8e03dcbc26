// What a model sends back, piece by piece: text, thinking, tool calls, and one finish with the
// usage. A stream is any number of pieces and then exactly one Finish, or an error in its place.
// Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace seine::llm {

struct TokenLogprob {
  std::string token;  // its bytes, which may be part of a character
  double logprob = 0;
  std::vector<std::pair<std::string, double>> top = {};

  bool operator==(const TokenLogprob&) const = default;
};

struct TextDelta {
  std::string text;  // whole UTF-8 characters
  std::vector<TokenLogprob> logprobs = {};
  bool operator==(const TextDelta&) const = default;
};

struct ReasoningDelta {
  std::string text;
  bool operator==(const ReasoningDelta&) const = default;
};

// The first piece of a call carries id and name; arguments of all pieces with one index join to
// JSON text.
struct ToolCallDelta {
  std::uint32_t index = 0;
  std::string id = {};
  std::string name = {};
  std::string arguments = {};
  bool operator==(const ToolCallDelta&) const = default;
};

enum class FinishReason : std::uint8_t { kStop, kLength, kToolCalls };

struct Usage {
  std::uint64_t prompt_tokens = 0;
  std::uint64_t cached_tokens = 0;  // of the prompt, found in the prefix cache
  std::uint64_t completion_tokens = 0;
  std::uint64_t reasoning_tokens = 0;  // of the completion
  bool operator==(const Usage&) const = default;
};

struct Finish {
  FinishReason reason = FinishReason::kStop;
  Usage usage = {};
  std::string stop_text = {};  // which stop string ended the answer; empty: none did
  bool operator==(const Finish&) const = default;
};

using Delta = std::variant<TextDelta, ReasoningDelta, ToolCallDelta, Finish>;

}  // namespace seine::llm
