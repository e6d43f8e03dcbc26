// Answers in the form of /v1/messages: a stream of blocks, or the whole message. Sans-IO.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_fwd.h"
#include "gateway/generation/gathered.h"
#include "gateway/generation/stream_form.h"
#include "gateway/web_answer.h"
#include "llm/delta.h"

namespace seine::gateway::anthropic {

struct MessageHead {
  std::string id;  // "msg_…"
  std::string model;
  std::string request_id = {};
};

// The events of one message. Blocks follow the kinds of pieces: thinking, text, one block a tool
// call.
class MessageEvents final : public StreamForm {
 public:
  explicit MessageEvents(MessageHead head) : head_(std::move(head)) {}

  void begin(std::string& out) override;
  void piece(std::string& out, std::uint32_t answer, const llm::Delta& delta) override;
  void extras(std::string& out, const WebExtras& extras) override;
  void end(std::string& out) override;
  void failure(std::string& out, const base::Error& error) override;
  void keep_alive(std::string& out) override;

 private:
  enum class Block : std::uint8_t { kNone, kThinking, kText, kTool };
  void open(std::string& out, Block block, const base::Json& content);
  void close(std::string& out);
  void delta(std::string& out, const base::Json& delta) const;
  void text_piece(std::string& out, Block block, std::string_view type, std::string_view member,
                  std::string_view text);
  void tool_piece(std::string& out, const llm::ToolCallDelta& call);

  MessageHead head_;
  Block block_ = Block::kNone;
  std::uint32_t tool_ = 0;  // index of the call whose block is open
  std::uint64_t next_ = 0;  // index of the next block
  std::optional<llm::Finish> finish_;
  std::string seine_;
};

std::string message_body(const MessageHead& head, const Gathered& answer, const WebExtras* extras);

// "end_turn", "max_tokens", "tool_use", "stop_sequence".
std::string_view stop_reason(const llm::Finish& finish);

}  // namespace seine::gateway::anthropic
