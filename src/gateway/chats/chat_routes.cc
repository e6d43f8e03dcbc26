#include "gateway/chats/chat_routes.h"

#include "base/json.h"
#include "base/text.h"
#include "gateway/access/guard.h"
#include "gateway/chats/chat_markdown.h"
#include "gateway/pool_routes.h"

namespace seine::gateway {
namespace {

using base::Code;
using base::Json;
using base::Result;

Result<std::optional<bool>> bool_param(const net::QueryParams& params, std::string_view name) {
  const auto text = params.get(name);
  if (!text || text->empty()) return std::nullopt;
  if (*text == "true" || *text == "1") return true;
  if (*text == "false" || *text == "0") return false;
  return base::fail_field(Code::kInvalidArgument, name, "'{}' is true or false, not '{}'", name,
                          *text);
}

Result<ChatQuery> parse_query(const net::QueryParams& params) {
  ChatQuery query;
  query.text = params.get("query").value_or("");
  if (const auto folder = params.get("folder"); folder && !folder->empty()) query.folder = *folder;
  query.pinned = SEINE_TRY(bool_param(params, "pinned"));
  query.archived = SEINE_TRY(bool_param(params, "archived")).value_or(false);
  query.cursor = params.get("cursor").value_or("");
  if (const auto limit = params.get("limit")) {
    const auto number = base::parse_u64(*limit);
    if (!number) {
      return base::fail_field(Code::kInvalidArgument, "limit", "'{}' is no number", *limit);
    }
    query.limit = *number;
  }
  return query;
}

Result<Json> parse_body(const std::string& text) {
  // A POST without a body asks for a chat without title and folder.
  if (base::trim(text).empty()) return Json::object();
  Json json = SEINE_TRY(base::parse_json(text));
  if (!json.is_object()) {
    return base::fail(Code::kInvalidArgument, "the body must be a JSON object, not {}",
                      base::type_name(json));
  }
  return json;
}

// A file name that needs no quoting in a header; what it stands for is inside the file.
std::string file_name(const ChatInfo& info, std::string_view extension) {
  return fmt::format("seine-{}.{}", info.id, extension);
}

}  // namespace

Json to_json(const ChatInfo& info) {
  return {{"id", info.id},
          {"title", info.title},
          {"folder", info.folder.empty() ? Json(nullptr) : Json(info.folder)},
          {"pinned", info.pinned},
          {"archived", info.archived},
          {"created_at", base::format_rfc3339(info.created_at)},
          {"updated_at", base::format_rfc3339(info.updated_at)},
          {"message_count", info.message_count},
          {"snippet", info.snippet}};
}

Json to_json(const ChatMessage& message) {
  Json answer = nullptr;
  if (!message.answer.empty()) {
    if (auto parsed = base::parse_json(message.answer)) answer = *std::move(parsed);
  }
  return {{"id", message.id},
          {"parent_id", message.parent_id ? Json(*message.parent_id) : Json(nullptr)},
          {"role", chat_role_name(message.role)},
          {"text", message.text},
          {"state", message.state},
          {"created_at", base::format_rfc3339(message.created_at)},
          {"run_id", message.run_id.empty() ? Json(nullptr) : Json(message.run_id)},
          {"answer", std::move(answer)},
          {"model", message.model.empty() ? Json(nullptr) : Json(message.model)}};
}

Json to_json(const Chat& chat) {
  Json json = to_json(chat.info);
  Json messages = Json::array();
  for (const ChatMessage& message : chat.messages) messages.push_back(to_json(message));
  json["messages"] = std::move(messages);
  return json;
}

Result<ChatPatch> parse_chat_patch(const Json& body) {
  for (const auto& [key, value] : body.items()) {
    if (key != "title" && key != "folder" && key != "pinned" && key != "archived") {
      return base::fail_field(Code::kInvalidArgument, key, "a chat has no '{}' that can be set",
                              key);
    }
  }
  ChatPatch patch;
  patch.title = SEINE_TRY(base::get<std::string>(body, "title"));
  patch.folder = SEINE_TRY(base::get<std::string>(body, "folder"));
  // null takes a chat out of its folder.
  if (body.contains("folder") && body["folder"].is_null()) patch.folder = "";
  patch.pinned = SEINE_TRY(base::get<bool>(body, "pinned"));
  patch.archived = SEINE_TRY(base::get<bool>(body, "archived"));
  return patch;
}

void ChatRoutes::install(net::Router& router) {
  std::vector<PoolRoute> routes = {
      {"GET",
       "/api/chats",
       {.operation_id = "listChats",
        .summary = "Chats, latest first, or those that a search finds",
        .response_schema = "ChatList"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         const ChatQuery query = SEINE_TRY(parse_query(ask.query));
         const ChatPage page = SEINE_TRY(chats_.list(query));
         Json data = Json::array();
         for (const ChatInfo& info : page.chats) data.push_back(to_json(info));
         const Json next = page.next_cursor.empty() ? Json(nullptr) : Json(page.next_cursor);
         return json_reply({{"data", std::move(data)}, {"next_cursor", next}});
       }},
      {"POST",
       "/api/chats",
       {.operation_id = "createChat",
        .summary = "A new chat",
        .request_schema = "NewChat",
        .response_schema = "Chat"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         const Json body = SEINE_TRY(parse_body(ask.body));
         const auto title = SEINE_TRY(base::get_or<std::string>(body, "title", ""));
         const auto folder = SEINE_TRY(base::get_or<std::string>(body, "folder", ""));
         return json_reply(to_json(SEINE_TRY(chats_.create(title, folder))), 201);
       }},
      {"GET",
       "/api/chats/{id}",
       {.operation_id = "getChat",
        .summary = "A chat with all its branches",
        .response_schema = "ChatWithMessages"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         return json_reply(to_json(SEINE_TRY(chats_.get(ask.id))));
       }},
      {"PATCH",
       "/api/chats/{id}",
       {.operation_id = "updateChat",
        .summary = "Set title, folder, pinned, archived",
        .request_schema = "ChatPatch",
        .response_schema = "Chat"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         const Json body = SEINE_TRY(parse_body(ask.body));
         const ChatPatch patch = SEINE_TRY(parse_chat_patch(body));
         return json_reply(to_json(SEINE_TRY(chats_.patch(ask.id, patch))));
       }},
      {"DELETE",
       "/api/chats/{id}",
       {.operation_id = "deleteChat",
        .summary = "Delete a chat; it can be restored for 10 minutes"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         SEINE_CHECK(chats_.remove(ask.id));
         return PoolReply{.status = 204};
       }},
      {"POST",
       "/api/chats/{id}/restore",
       {.operation_id = "restoreChat",
        .summary = "Take back a deletion",
        .response_schema = "Chat"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         return json_reply(to_json(SEINE_TRY(chats_.restore(ask.id))));
       }},
      {"DELETE",
       "/api/chats/{id}/messages/{message_id}",
       {.operation_id = "deleteMessage", .summary = "Delete a message and what follows from it"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         SEINE_CHECK(chats_.remove_message(ask.id, ask.message_id));
         return PoolReply{.status = 204};
       }},
      {"GET",
       "/api/chats/{id}/export",
       {.operation_id = "exportChat",
        .summary = "A chat with all its branches as a file (format=md or json)"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         const Chat chat = SEINE_TRY(chats_.get(ask.id));
         const std::string format = ask.text("format");
         if (format == "json") {
           return PoolReply{.body = base::to_pretty_text(to_json(chat)),
                            .file_name = file_name(chat.info, "json")};
         }
         if (format.empty() || format == "md") {
           return PoolReply{.body = to_markdown(chat, ask.language),
                            .type = "text/markdown; charset=utf-8",
                            .file_name = file_name(chat.info, "md")};
         }
         return base::fail_field(Code::kInvalidArgument, "format",
                                 "'format' is md or json, not '{}'", format);
       }},
      {"GET",
       "/api/folders",
       {.operation_id = "listFolders",
        .summary = "Folders and how many chats each holds",
        .response_schema = "FolderList"},
       [this](const PoolAsk&) -> Result<PoolReply> {
         Json data = Json::array();
         for (const Folder& folder : SEINE_TRY(chats_.folders())) {
           data.push_back({{"name", folder.name}, {"count", folder.count}});
         }
         return json_reply({{"data", std::move(data)}});
       }},
  };
  for (PoolRoute& route : routes) {
    route.info.tag = "chats";
    route.info.scope = std::string(kChatScope);
  }
  add_pool_routes(router, pool_, std::move(routes));
}

}  // namespace seine::gateway
