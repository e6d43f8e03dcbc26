// The messages of proto/seine/v1 in the house's words: a GenerateRequest to a Call, pieces of
// answers to GenerateEvents. Sans-IO; events are appended as frames.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "gateway/generation/call.h"
#include "gateway/generation/gathered.h"
#include "gateway/generation/stream_form.h"
#include "gateway/grpc/wire.h"
#include "gateway/openai/chat_reply.h"

namespace seine::gateway::grpc {

// A serialized GenerateRequest. What its fields may hold is judged by the parser of chat
// completions, so that one request is answered alike over both.
base::Result<Call> parse_generate(std::string_view message);

// A stream of GenerateEvents, and the status that ends it.
class GenerateEvents final : public StreamForm {
 public:
  GenerateEvents(openai::ReplyHead head, std::uint32_t answers)
      : head_(std::move(head)), usage_(answers) {}

  net::Headers head() const override;
  void begin(std::string& out) override;
  void piece(std::string& out, std::uint32_t answer, const llm::Delta& delta) override;
  void extras(std::string& out, const WebExtras& extras) override;
  void end(std::string& out) override;
  void failure(std::string& out, const base::Error& error) override;
  // An empty comment has no form here; a peer that wonders sends PING.
  void keep_alive(std::string& out) override { (void)out; }
  net::Headers trailers() const override { return trailers_; }

 private:
  const openai::ReplyHead head_;
  UsageSum usage_;
  net::Headers trailers_;
};

}  // namespace seine::gateway::grpc
