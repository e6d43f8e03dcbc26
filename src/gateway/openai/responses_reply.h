// Answers in the form of /v1/responses: numbered, named events, or the whole response. Sans-IO.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
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

class ResponseEvents final : public StreamForm {
 public:
  // Keeps the finished response before a client reads that it is finished.
  using Keep = std::function<boost::asio::awaitable<void>(const base::Json& response)>;
  ResponseEvents(ReplyHead head, base::Json echo, Keep keep)
      : head_(std::move(head)), echo_(std::move(echo)), keep_(std::move(keep)) {}

  void begin(std::string& out) override;
  void piece(std::string& out, std::uint32_t answer, const llm::Delta& delta) override;
  void extras(std::string& out, const WebExtras& extras) override;
  void end(std::string& out) override;
  boost::asio::awaitable<void> settle() override { return keep_(response_); }
  void failure(std::string& out, const base::Error& error) override;

 private:
  enum class Item : std::uint8_t { kNone, kReasoning, kMessage, kCall };
  void event(std::string& out, std::string_view type, base::Json members);
  void open(std::string& out, Item item, std::uint32_t call = 0);
  void close(std::string& out);
  base::Json item_json() const;

  const ReplyHead head_;
  const base::Json echo_;
  const Keep keep_;
  Gathered answer_;
  WebExtras extras_;
  bool has_extras_ = false;
  Item item_ = Item::kNone;
  std::uint32_t call_ = 0;
  std::size_t index_ = 0;      // of the open item, or of the next one
  std::size_t text_from_ = 0;  // where the open item's text begins in what was gathered
  base::Json output_ = base::Json::array();
  base::Json response_ = nullptr;  // finished; after end()
  std::uint64_t sequence_ = 0;
};

}  // namespace seine::gateway::openai
