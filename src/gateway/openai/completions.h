// POST /v1/completions, the older form: text in, text out, without roles. Sans-IO.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "gateway/generation/call.h"
#include "gateway/openai/chat_reply.h"

namespace seine::gateway::openai {

struct CompletionCall {
  static constexpr std::size_t kPromptsMax = 16;

  Call call;
  bool stream = false;
  bool include_usage = false;
  // `echo`: each answer begins with its prompt; else empty.
  std::vector<std::string> echo = {};
};

base::Result<CompletionCall> parse_completion(const base::Json& body);

class CompletionChunks final : public StreamForm {
 public:
  CompletionChunks(const ReplyHead& head, const CompletionCall& call);

  void piece(std::string& out, std::uint32_t answer, const llm::Delta& delta) override;
  void end(std::string& out) override;
  void failure(std::string& out, const base::Error& error) override;

 private:
  std::string head_;
  const bool include_usage_;
  const std::uint32_t per_prompt_;
  const std::vector<std::string> echo_;
  std::vector<bool> spoken_;
  UsageSum usage_;
};

std::string completion_body(const ReplyHead& head, const CompletionCall& call,
                            const std::vector<Gathered>& answers);

}  // namespace seine::gateway::openai
