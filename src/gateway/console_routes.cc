#include "gateway/console_routes.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "gateway/access/guard.h"
#include "gateway/pool_routes.h"
#include "gateway/settings/prompts.h"
#include "gateway/settings/settings.h"

namespace seine::gateway {
namespace {

using base::Code;
using base::Json;
using base::Result;

constexpr std::size_t kFilesListed = 200;

std::string_view state_name(ModelState state) {
  switch (state) {
    case ModelState::kReady:
      return "ready";
    case ModelState::kLoading:
      return "loading";
    case ModelState::kUnloaded:
      return "unloaded";
    case ModelState::kFailed:
      return "failed";
  }
  return "failed";
}

Result<std::uint32_t> count_param(std::string_view text, std::string_view name) {
  if (text.empty()) return 0;
  const auto number = base::parse_u64(text);
  if (!number || *number > UINT32_MAX) {
    return base::fail_field(Code::kInvalidArgument, name, "'{}' is no number", text);
  }
  return static_cast<std::uint32_t>(*number);
}

Result<ModelRoom> checked_room(std::uint32_t context_tokens, std::uint32_t batch) {
  if (context_tokens > ModelRoom::kContextMax || batch > ModelRoom::kBatchMax) {
    return base::fail_field(
        Code::kInvalidArgument, "context", "{} tokens in {} sequences, the limits are {} and {}",
        base::format_count(context_tokens), base::format_count(batch),
        base::format_count(ModelRoom::kContextMax), base::format_count(ModelRoom::kBatchMax));
  }
  return ModelRoom{.context_tokens = context_tokens, .batch = batch};
}

// A body may be absent: the model's own room.
Result<ModelRoom> room_of(const std::string& body) {
  if (base::trim(body).empty()) return ModelRoom{};
  const Json json = SEINE_TRY(base::parse_json(body));
  const auto context = SEINE_TRY(base::get_or<std::uint32_t>(json, "context", 0));
  const auto batch = SEINE_TRY(base::get_or<std::uint32_t>(json, "batch", 0));
  return checked_room(context, batch);
}

Json list_json(Json data) {
  return {{"data", std::move(data)}, {"next_cursor", nullptr}};
}

// Pixels only: not SVG, which is a page with scripts.
bool is_picture(std::string_view type) {
  static constexpr std::array<std::string_view, 4> kPictures = {"image/png", "image/jpeg",
                                                                "image/gif", "image/webp"};
  return std::ranges::find(kPictures, type) != kPictures.end();
}

}  // namespace

Json to_json(const ModelEntry& model) {
  Json progress = nullptr;
  if (model.progress) {
    progress = {{"phase", model.progress->phase},
                {"done", model.progress->done},
                {"total", model.progress->total},
                {"rate", model.progress->rate}};
  }
  return {{"id", model.id},
          {"state", state_name(model.state)},
          {"architecture", model.architecture},
          {"type", model.type},
          {"path", model.path},
          {"file_bytes", model.file_bytes},
          {"context_tokens", model.context_tokens},
          {"memory_bytes", model.memory_bytes},
          {"thinks", model.thinks},
          {"calls_tools", model.calls_tools},
          {"cites_spans", model.cites_spans},
          {"embeds", model.embeds},
          {"default", model.is_default},
          {"progress", std::move(progress)},
          {"error", model.error.empty() ? Json(nullptr) : Json(model.error)}};
}

void ConsoleRoutes::install(net::Router& router) {
  std::vector<PoolRoute> routes = {
      {"GET",
       "/api/models",
       {.operation_id = "listLocalModels",
        .summary = "Models of this node and their state",
        .tag = "models",
        .scope = std::string(kAnyScope),
        .response_schema = "LocalModelList"},
       [this](const PoolAsk&) -> Result<PoolReply> {
         Json data = Json::array();
         for (const ModelEntry& model : ports_.models.list()) data.push_back(to_json(model));
         return json_reply(list_json(std::move(data)));
       }},
      {"GET",
       "/api/models/{id}/estimate",
       {.operation_id = "estimateModel",
        .summary = "The memory that a model would take",
        .tag = "models",
        .scope = std::string(kAnyScope),
        .response_schema = "ModelEstimate"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         const auto context = SEINE_TRY(count_param(ask.text("context"), "context"));
         const auto batch = SEINE_TRY(count_param(ask.text("batch"), "batch"));
         const ModelRoom room = SEINE_TRY(checked_room(context, batch));
         const ModelEstimate e = SEINE_TRY(ports_.models.estimate(ask.id, room));
         const std::uint64_t total = e.weights_bytes + e.kv_bytes + e.other_bytes;
         return json_reply({{"weights_bytes", e.weights_bytes},
                            {"kv_bytes", e.kv_bytes},
                            {"other_bytes", e.other_bytes},
                            {"total_bytes", total},
                            {"available_bytes", e.available_bytes},
                            {"fits", total <= e.available_bytes}});
       }},
      {"POST",
       "/api/models/{id}/load",
       {.operation_id = "loadModel",
        .summary = "Start to load a model",
        .tag = "models",
        .scope = std::string(kAdminScope),
        .request_schema = "ModelRoom"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         SEINE_CHECK(ports_.models.load(ask.id, SEINE_TRY(room_of(ask.body))));
         return json_reply({{"id", ask.id}}, 202);
       }},
      {"POST",
       "/api/models/{id}/unload",
       {.operation_id = "unloadModel",
        .summary = "Let a model go",
        .tag = "models",
        .scope = std::string(kAdminScope)},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         SEINE_CHECK(ports_.models.unload(ask.id));
         return json_reply({{"id", ask.id}}, 202);
       }},
      {"POST",
       "/api/models/{id}/default",
       {.operation_id = "setDefaultModel",
        .summary = "Answer with this model unless asked otherwise",
        .tag = "models",
        .scope = std::string(kAdminScope)},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         SEINE_CHECK(ports_.models.set_default(ask.id));
         return json_reply({{"id", ask.id}}, 202);
       }},
      {"GET",
       "/api/files",
       {.operation_id = "listFiles",
        .summary = "Uploaded files, newest first",
        .tag = "files",
        .scope = std::string(kChatScope),
        .response_schema = "FileList"},
       [this](const PoolAsk&) -> Result<PoolReply> {
         Json data = Json::array();
         for (const StoredFile& file : SEINE_TRY(ports_.files.list(kFilesListed))) {
           data.push_back(to_json(file));
         }
         return json_reply(list_json(std::move(data)));
       }},
      {"GET",
       "/api/files/{id}",
       {.operation_id = "getFile",
        .summary = "What is known of a file",
        .tag = "files",
        .scope = std::string(kChatScope),
        .response_schema = "File"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         return json_reply(to_json(SEINE_TRY(ports_.files.get(ask.id))));
       }},
      {"GET",
       "/api/files/{id}/original",
       {.operation_id = "getOriginalFile",
        .summary =
            "The file as it was sent; only a PDF, at `#page=N`, and a picture open in the browser",
        .tag = "files",
        .scope = std::string(kChatScope)},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         const StoredFile file = SEINE_TRY(ports_.files.get(ask.id));
         // A page that somebody wrote must not run as one of ours.
         const bool shown = file.type == "application/pdf" || is_picture(file.type);
         return PoolReply{.body = SEINE_TRY(ports_.files.original(ask.id)),
                          .type = shown ? file.type : "application/octet-stream",
                          .file_name = file.name,
                          .shown = shown};
       }},
      {"DELETE",
       "/api/files/{id}",
       {.operation_id = "deleteFile",
        .summary = "Delete a file",
        .tag = "files",
        .scope = std::string(kChatScope)},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         SEINE_CHECK(ports_.files.remove(ask.id));
         return PoolReply{.status = 204};
       }},
      {"GET",
       "/api/settings",
       {.operation_id = "getSettings",
        .summary = "What the person chose in the console",
        .tag = "settings",
        .scope = std::string(kConsoleScope),
        .response_schema = "Settings"},
       [this](const PoolAsk&) -> Result<PoolReply> {
         return json_reply(SEINE_TRY(load_settings(ports_.records)));
       }},
      {"PUT",
       "/api/settings",
       {.operation_id = "putSettings",
        .summary = "Replace the person's choices",
        .tag = "settings",
        .scope = std::string(kConsoleScope),
        .request_schema = "Settings",
        .response_schema = "Settings"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         const Json body = SEINE_TRY(base::parse_json(ask.body));
         if (!body.is_object()) {
           return base::fail(Code::kInvalidArgument, "the body must be a JSON object, not {}",
                             base::type_name(body));
         }
         return json_reply(SEINE_TRY(save_settings(ports_.records, body)));
       }},
      {"GET",
       "/api/prompts",
       {.operation_id = "listPrompts",
        .summary = "Texts kept for the composer, by name",
        .tag = "settings",
        .scope = std::string(kChatScope),
        .response_schema = "PromptList"},
       [this](const PoolAsk&) -> Result<PoolReply> {
         Json data = Json::array();
         for (const Prompt& prompt : SEINE_TRY(Prompts(ports_.records).list()))
           data.push_back({{"name", prompt.name}, {"text", prompt.text}});
         return json_reply(list_json(std::move(data)));
       }},
      {"PUT",
       "/api/prompts/{id}",
       {.operation_id = "putPrompt",
        .summary = "Keep a text under this name, in the place of the one before",
        .tag = "settings",
        .scope = std::string(kChatScope),
        .request_schema = "PromptText"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         const Json body = SEINE_TRY(base::parse_json(ask.body));
         const auto text = SEINE_TRY(base::require<std::string>(body, "text"));
         SEINE_CHECK(Prompts(ports_.records).put({.name = ask.id, .text = text}));
         return PoolReply{.status = 204};
       }},
      {"DELETE",
       "/api/prompts/{id}",
       {.operation_id = "deletePrompt",
        .summary = "Forget a kept text",
        .tag = "settings",
        .scope = std::string(kChatScope)},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         SEINE_CHECK(Prompts(ports_.records).remove(ask.id));
         return PoolReply{.status = 204};
       }},
      {"GET",
       "/api/search_providers",
       {.operation_id = "listSearchProviders",
        .summary = "Where searches go, and whether they can",
        .tag = "settings",
        .scope = std::string(kAnyScope),
        .response_schema = "SearchProviderList"},
       [this](const PoolAsk&) -> Result<PoolReply> {
         Json data = Json::array();
         if (ports_.providers) {
           for (const SearchProviderInfo& provider : ports_.providers()) {
             data.push_back({{"id", provider.id},
                             {"state", provider.state},
                             {"cost", provider.cost.empty() ? Json(nullptr) : Json(provider.cost)},
                             {"p50_ms", provider.p50_ms ? Json(*provider.p50_ms) : Json(nullptr)}});
           }
         }
         return json_reply(list_json(std::move(data)));
       }},
  };
  add_pool_routes(router, ports_.pool, std::move(routes));
  add_pool_routes(
      router, ports_.readers,
      {{"POST",
        "/api/files",
        {.operation_id = "uploadFile",
         .summary = "A file to ask about; its bytes are the body, its name is in the query",
         .tag = "files",
         .scope = std::string(kChatScope),
         .response_schema = "File",
         .body_bytes_max = FileStore::kBytesMax},
        [this](const PoolAsk& ask) -> Result<PoolReply> {
          return json_reply(to_json(SEINE_TRY(ports_.files.add(ask.text("name"), ask.body))), 201);
        }}});
}

}  // namespace seine::gateway
