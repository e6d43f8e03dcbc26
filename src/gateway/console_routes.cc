#include "gateway/console_routes.h"

#include "base/json.h"
#include "base/text.h"
#include "gateway/access/guard.h"
#include "gateway/api_error.h"
#include "gateway/reader_language.h"
#include "gateway/settings/settings.h"
#include "net/on_pool.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway {
namespace {

namespace asio = boost::asio;

using base::Code;
using base::Json;
using base::Result;

constexpr std::uint64_t kSmallBody = 64 * 1024;
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

Json list_json(Json data) {
  return {{"data", std::move(data)}, {"next_cursor", nullptr}};
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

// The parts of a request that a job needs; they are copied, since jobs run on the pool.
struct ConsoleRoutes::Ask {
  std::string id;
  std::string name;
  std::string context;
  std::string batch;
  std::string body;
};
struct ConsoleRoutes::Reply {
  int status = 200;
  base::Json json;
};

asio::awaitable<void> ConsoleRoutes::serve(net::Request& request, net::Response& response,
                                           Job job) {
  Ask ask{.id = std::string(request.param("id")),
          .name = std::string(request.query().get("name").value_or("")),
          .context = std::string(request.query().get("context").value_or("")),
          .batch = std::string(request.query().get("batch").value_or("")),
          .body = {}};
  Result<std::string> body = co_await request.read_all();
  if (!body) {
    send_api_error(request, response, body.error());
    co_return;
  }
  ask.body = *std::move(body);
  Ports& ports = ports_;
  const Result<Reply> reply = co_await net::on_pool<Reply>(
      ports_.pool, [&ports, job, ask = std::move(ask)] { return job(ports, ask); });
  if (!reply) {
    send_api_error(request, response, reply.error());
    co_return;
  }
  net::Headers headers{{"cache-control", "no-store"}};
  if (reply->json.is_null()) {
    response.send(reply->status, std::move(headers), "");
    co_return;
  }
  headers.add("content-type", "application/json");
  Json json = reply->json;
  speak(json, reader_language(request));
  response.send(reply->status, std::move(headers), base::to_text(json));
}

void ConsoleRoutes::install(net::Router& router) {
  struct Entry {
    std::string_view method;
    std::string_view pattern;
    std::string_view scope;
    net::RouteInfo info;
    Job job;
  };
  Entry entries[] = {
      {"GET",
       "/api/models",
       kAnyScope,
       {.operation_id = "listLocalModels",
        .summary = "Models of this node and their state",
        .tag = "models",
        .response_schema = "LocalModelList"},
       [](Ports& ports, const Ask&) -> Result<Reply> {
         Json data = Json::array();
         for (const ModelEntry& model : ports.models.list()) data.push_back(to_json(model));
         return Reply{.json = list_json(std::move(data))};
       }},
      {"GET",
       "/api/models/{id}/estimate",
       kAnyScope,
       {.operation_id = "estimateModel",
        .summary = "The memory that a model would take",
        .tag = "models",
        .response_schema = "ModelEstimate"},
       [](Ports& ports, const Ask& ask) -> Result<Reply> {
         const auto context = SEINE_TRY(count_param(ask.context, "context"));
         const auto batch = SEINE_TRY(count_param(ask.batch, "batch"));
         const ModelEstimate e = SEINE_TRY(ports.models.estimate(ask.id, context, batch));
         const std::uint64_t total = e.weights_bytes + e.kv_bytes + e.other_bytes;
         return Reply{.json = {{"weights_bytes", e.weights_bytes},
                               {"kv_bytes", e.kv_bytes},
                               {"other_bytes", e.other_bytes},
                               {"total_bytes", total},
                               {"available_bytes", e.available_bytes},
                               {"fits", total <= e.available_bytes}}};
       }},
      {"POST",
       "/api/models/{id}/load",
       kAdminScope,
       {.operation_id = "loadModel", .summary = "Start to load a model", .tag = "models"},
       [](Ports& ports, const Ask& ask) -> Result<Reply> {
         SEINE_CHECK(ports.models.load(ask.id));
         return Reply{.status = 202, .json = {{"id", ask.id}}};
       }},
      {"POST",
       "/api/models/{id}/unload",
       kAdminScope,
       {.operation_id = "unloadModel", .summary = "Let a model go", .tag = "models"},
       [](Ports& ports, const Ask& ask) -> Result<Reply> {
         SEINE_CHECK(ports.models.unload(ask.id));
         return Reply{.status = 202, .json = {{"id", ask.id}}};
       }},
      {"POST",
       "/api/models/{id}/default",
       kAdminScope,
       {.operation_id = "setDefaultModel",
        .summary = "Answer with this model unless asked otherwise",
        .tag = "models"},
       [](Ports& ports, const Ask& ask) -> Result<Reply> {
         SEINE_CHECK(ports.models.set_default(ask.id));
         return Reply{.status = 202, .json = {{"id", ask.id}}};
       }},
      {"POST",
       "/api/files",
       kChatScope,
       {.operation_id = "uploadFile",
        .summary = "A file to ask about; its bytes are the body, its name is in the query",
        .tag = "files",
        .response_schema = "File",
        .body_bytes_max = FileStore::kBytesMax},
       [](Ports& ports, const Ask& ask) -> Result<Reply> {
         return Reply{.status = 201,
                      .json = to_json(SEINE_TRY(ports.files.add(ask.name, ask.body)))};
       }},
      {"GET",
       "/api/files",
       kChatScope,
       {.operation_id = "listFiles",
        .summary = "Uploaded files, newest first",
        .tag = "files",
        .response_schema = "FileList"},
       [](Ports& ports, const Ask&) -> Result<Reply> {
         Json data = Json::array();
         for (const StoredFile& file : SEINE_TRY(ports.files.list(kFilesListed))) {
           data.push_back(to_json(file));
         }
         return Reply{.json = list_json(std::move(data))};
       }},
      {"GET",
       "/api/files/{id}",
       kChatScope,
       {.operation_id = "getFile",
        .summary = "What is known of a file",
        .tag = "files",
        .response_schema = "File"},
       [](Ports& ports, const Ask& ask) -> Result<Reply> {
         return Reply{.json = to_json(SEINE_TRY(ports.files.get(ask.id)))};
       }},
      {"DELETE",
       "/api/files/{id}",
       kChatScope,
       {.operation_id = "deleteFile", .summary = "Delete a file", .tag = "files"},
       [](Ports& ports, const Ask& ask) -> Result<Reply> {
         SEINE_CHECK(ports.files.remove(ask.id));
         return Reply{.status = 204, .json = nullptr};
       }},
      {"GET",
       "/api/settings",
       kConsoleScope,
       {.operation_id = "getSettings",
        .summary = "What the person chose in the console",
        .tag = "settings",
        .response_schema = "Settings"},
       [](Ports& ports, const Ask&) -> Result<Reply> {
         return Reply{.json = SEINE_TRY(load_settings(ports.records))};
       }},
      {"PUT",
       "/api/settings",
       kConsoleScope,
       {.operation_id = "putSettings",
        .summary = "Replace the person's choices",
        .tag = "settings",
        .request_schema = "Settings",
        .response_schema = "Settings",
        .body_bytes_max = kSmallBody},
       [](Ports& ports, const Ask& ask) -> Result<Reply> {
         const Json body = SEINE_TRY(base::parse_json(ask.body));
         if (!body.is_object()) {
           return base::fail(Code::kInvalidArgument, "the body must be a JSON object, not {}",
                             base::type_name(body));
         }
         return Reply{.json = SEINE_TRY(save_settings(ports.records, body))};
       }},
      {"GET",
       "/api/search_providers",
       kAnyScope,
       {.operation_id = "listSearchProviders",
        .summary = "Where searches go, and whether they can",
        .tag = "settings",
        .response_schema = "SearchProviderList"},
       [](Ports& ports, const Ask&) -> Result<Reply> {
         Json data = Json::array();
         if (ports.providers) {
           for (const SearchProviderInfo& provider : ports.providers()) {
             data.push_back({{"id", provider.id},
                             {"state", provider.state},
                             {"cost", provider.cost.empty() ? Json(nullptr) : Json(provider.cost)},
                             {"p50_ms", provider.p50_ms ? Json(*provider.p50_ms) : Json(nullptr)}});
           }
         }
         return Reply{.json = list_json(std::move(data))};
       }},
  };
  for (Entry& entry : entries) {
    entry.info.scope = std::string(entry.scope);
    router.add(
        std::string(entry.method), std::string(entry.pattern),
        [this, job = entry.job](net::Request& request, net::Response& response) {
          return serve(request, response, job);
        },
        std::move(entry.info));
  }
}

}  // namespace seine::gateway
