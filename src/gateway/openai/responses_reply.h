// Answers in the form of /v1/responses: numbered, named events, or the whole response. Sans-IO.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "gateway/generation/gathered.h"
#include "gateway/openai/chat_reply.h"
#include "gateway/web_answer.h"
#include "llm/delta.h"

namespace seine::gateway::openai {

// The output items of an answer; ids are made from the response's.
base::Json response_output(const ReplyHead& head, const Gathered& answer, const WebExtras* extras);
// The response object: status "in_progress", "completed", "incomplete" or "failed".
base::Json response_json(const ReplyHead& head, const base::Json& echo, std::string_view status,
                         base::Json output, const llm::Finish* finish, const base::Error* error);
base::Json finished_response(const ReplyHead& head, const base::Json& echo, const Gathered& answer,
                             const WebExtras* extras);

class ResponseEvents {
 public:
  ResponseEvents(ReplyHead head, base::Json echo)
      : head_(std::move(head)), echo_(std::move(echo)) {}

  void begin(std::string& out);
  void append(std::string& out, const llm::Delta& delta);
  void append_extras(std::string& out, const WebExtras& extras);
  void append_end(std::string& out);
  void append_error(std::string& out, const base::Error& error);

  // The finished response, after append_end; null before.
  const base::Json& response() const { return response_; }

 private:
  enum class Item : std::uint8_t { kNone, kReasoning, kMessage, kCall };
  void event(std::string& out, std::string_view type, base::Json members);
  void open(std::string& out, Item item, std::uint32_t call = 0);
  void close(std::string& out);
  base::Json item_json() const;

  const ReplyHead head_;
  const base::Json echo_;
  Gathered answer_;
  WebExtras extras_;
  bool has_extras_ = false;
  Item item_ = Item::kNone;
  std::uint32_t call_ = 0;
  std::size_t index_ = 0;      // of the open item, or of the next one
  std::size_t text_from_ = 0;  // where the open item's text begins in what was gathered
  base::Json output_ = base::Json::array();
  base::Json response_ = nullptr;
  std::uint64_t sequence_ = 0;
};

}  // namespace seine::gateway::openai
