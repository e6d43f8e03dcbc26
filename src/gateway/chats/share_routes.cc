#include "gateway/chats/share_routes.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "gateway/access/guard.h"
#include "gateway/chats/chat_routes.h"
#include "gateway/pool_routes.h"

namespace seine::gateway {
namespace {

using base::Code;
using base::Json;
using base::Result;

// When a link ends; null: never.
Json end_of(const Share& share) {
  return share.expires_at ? Json(base::format_rfc3339(*share.expires_at)) : Json();
}

Json to_json(const Share& share) {
  return {{"id", share.id},
          {"chat_id", share.chat_id},
          {"title", share.title},
          {"created_at", base::format_rfc3339(share.created_at)},
          {"expires_at", end_of(share)},
          {"path", "/shared/" + share.id}};
}

Result<Json> create(ChatStore& chats, ShareStore& shares, const PoolAsk& ask) {
  const Json body = SEINE_TRY(base::parse_json(ask.body));
  auto leaf = SEINE_TRY(base::get<std::string>(body, "message_id"));
  const auto seconds = SEINE_TRY(base::get<std::int64_t>(body, "expires_in_s"));
  const Chat chat = SEINE_TRY(chats.get(ask.id));
  if (!leaf) {
    if (chat.messages.empty()) {
      return base::fail(Code::kFailedPrecondition, "the conversation has no message to show");
    }
    leaf = chat.messages.back().id;
  }
  const auto path = SEINE_TRY(chats.path_to(ask.id, *leaf));
  if (path.back().state == "running") {
    return base::fail_field(Code::kFailedPrecondition, "message_id",
                            "the answer is still being written");
  }
  std::optional<std::chrono::seconds> life;
  if (seconds) life = std::chrono::seconds(*seconds);
  return to_json(SEINE_TRY(shares.create(
      ask.id, chat.info.title, base::to_text(shared_content(chat.info.title, path)), life)));
}

}  // namespace

Json shared_content(const std::string& title, const std::vector<ChatMessage>& path) {
  Json messages = Json::array();
  for (const ChatMessage& message : path) {
    Json json = gateway::to_json(message);
    json["run_id"] = nullptr;
    if (json["answer"].is_object()) {
      for (const char* key : {"run_id", "chat_id", "question_id", "answer_id"})
        json["answer"][key] = nullptr;
    }
    messages.push_back(std::move(json));
  }
  return {{"title", title}, {"messages", std::move(messages)}};
}

bool shows_snapshot(const Json& content, std::string_view hash) {
  const Json* messages = base::find(content, "messages");
  if (messages == nullptr) return false;
  return std::ranges::any_of(*messages, [hash](const Json& message) {
    const Json* answer = base::find(message, "answer");
    const Json* sources = answer != nullptr ? base::find(*answer, "sources") : nullptr;
    if (sources == nullptr) return false;
    return std::ranges::any_of(*sources, [hash](const Json& source) {
      return base::get_or<std::string>(source, "snapshot", "").value_or("") == hash;
    });
  });
}

void ShareRoutes::install(net::Router& router) {
  std::vector<PoolRoute> routes = {
      {"POST",
       "/api/chats/{id}/shares",
       {.operation_id = "shareChat",
        .summary = "A link that shows the conversation up to a message, as it stands now",
        .scope = std::string(kChatScope),
        .request_schema = "NewShare",
        .response_schema = "Share"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         return json_reply(SEINE_TRY(create(ports_.chats, ports_.shares, ask)), 201);
       }},
      {"GET",
       "/api/shares",
       {.operation_id = "listShares",
        .summary = "Links in force, newest first; chat=ID those of one conversation",
        .scope = std::string(kChatScope),
        .response_schema = "ShareList"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         Json data = Json::array();
         for (const Share& share : SEINE_TRY(ports_.shares.list(ask.text("chat"))))
           data.push_back(to_json(share));
         return json_reply({{"data", std::move(data)}, {"next_cursor", nullptr}});
       }},
      {"DELETE",
       "/api/shares/{id}",
       {.operation_id = "deleteShare",
        .summary = "Take a link back",
        .scope = std::string(kChatScope)},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         SEINE_CHECK(ports_.shares.remove(ask.id));
         return PoolReply{.status = 204};
       }},
      {"GET",
       "/api/shared/{id}",
       {.operation_id = "getShared",
        .summary = "What a link shows, for whoever has it",
        .scope = std::string(kPublicScope),
        .response_schema = "SharedChat"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         const ShareStore::Shared shared = SEINE_TRY(ports_.shares.find(ask.id));
         Json content = SEINE_TRY(base::parse_json(shared.content));
         content["created_at"] = base::format_rfc3339(shared.share.created_at);
         content["expires_at"] = end_of(shared.share);
         return json_reply(content);
       }},
      {"GET",
       "/api/shared/{id}/snapshots/{hash}",
       {.operation_id = "getSharedSnapshot",
        .summary = "A page that a shared conversation cites, as it was read",
        .scope = std::string(kPublicScope),
        .response_schema = "Snapshot"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         const ShareStore::Shared shared = SEINE_TRY(ports_.shares.find(ask.id));
         if (!shows_snapshot(SEINE_TRY(base::parse_json(shared.content)), ask.hash))
           return base::fail(Code::kNotFound, "no snapshot {}", ask.hash);
         return PoolReply{.body = SEINE_TRY(ports_.snapshot(ask.hash))};
       }},
  };
  for (PoolRoute& route : routes) route.info.tag = "chats";
  add_pool_routes(router, ports_.pool, std::move(routes));
}

}  // namespace seine::gateway
