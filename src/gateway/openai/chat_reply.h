// Answers in the form of /v1/chat/completions: pieces to chunks of a stream, or all of it at once.
// Sans-IO; text is appended to the caller's buffer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "gateway/generation/gathered.h"
#include "gateway/generation/stream_form.h"
#include "gateway/web_answer.h"
#include "llm/delta.h"

namespace seine::gateway::openai {

struct ReplyHead {
  std::string id;  // "chatcmpl-…"
  std::int64_t created_s = 0;
  std::string model;
};

// A stream's events, complete with "data: " and blank line.
class ChatChunks final : public StreamForm {
 public:
  ChatChunks(const ReplyHead& head, std::uint32_t answers, bool include_usage, bool logprobs);

  void piece(std::string& out, std::uint32_t answer, const llm::Delta& delta) override;
  // Citations and our own object.
  void extras(std::string& out, const WebExtras& extras) override;
  // The usage chunk where it was asked for, and [DONE].
  void end(std::string& out) override;
  // No [DONE] follows.
  void failure(std::string& out, const base::Error& error) override;

 private:
  void open(std::string& out, std::uint32_t answer);
  void close(std::string& out, std::string_view finish_reason,
             const std::vector<llm::TokenLogprob>* logprobs, std::string_view more = {});
  void role_first(std::string& out, std::uint32_t answer);

  std::string head_;  // the members that all chunks share
  const bool include_usage_;
  const bool logprobs_;
  std::vector<bool> spoken_;  // whether an answer's first chunk, with its role, has gone out
  std::vector<std::uint64_t> calls_begun_;
  UsageSum usage_;
};

// The whole reply as JSON text.
std::string chat_body(const ReplyHead& head, const std::vector<Gathered>& answers, bool logprobs,
                      const WebExtras* extras);

base::Json usage_json(const llm::Usage& usage);
base::Json annotations_json(const std::vector<UrlCitation>& citations);
// The event that ends a stream that failed.
void append_error_event(std::string& out, const base::Error& error);
// {"token","logprob","bytes","top_logprobs"}.
void append_logprob(std::string& out, const llm::TokenLogprob& token);

}  // namespace seine::gateway::openai
