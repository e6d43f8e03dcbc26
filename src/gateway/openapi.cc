#include "gateway/openapi.h"

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <mutex>

#include "base/json.h"
#include "base/text.h"
#include "gateway/access/guard.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway {
namespace {

namespace asio = boost::asio;

using base::Json;

Json reference(std::string_view schema) {
  return {{"$ref", fmt::format("#/components/schemas/{}", schema)}};
}

Json json_content(std::string_view schema) {
  return {{"application/json", {{"schema", reference(schema)}}}};
}

Json parameters(std::string_view pattern) {
  Json list = Json::array();
  for (std::string_view segment : base::split(pattern, '/')) {
    if (!segment.starts_with('{')) continue;
    segment = segment.substr(1, segment.size() - 2);
    if (segment.ends_with("...")) segment.remove_suffix(3);
    list.push_back(
        {{"name", segment}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
  }
  return list;
}

std::string path_of(const std::string& pattern) {
  const std::size_t rest = pattern.find("...}");
  return rest == std::string::npos ? pattern : pattern.substr(0, rest) + "}";
}

Json security_of(std::string_view scope) {
  if (scope == kPublicScope) return Json::array();
  const bool named = scope != kAnyScope && scope != kConsoleScope;
  const Json scopes = named ? Json::array({scope}) : Json::array();
  return Json::array({{{"apiKey", scopes}}, {{"session", Json::array()}}});
}

Json operation(const net::Route& route) {
  const net::RouteInfo& info = route.info;
  Json success = {{"description", "Success"}};
  if (!info.response_schema.empty()) success["content"] = json_content(info.response_schema);
  if (info.streams) {
    success["content"]["text/event-stream"] = {{"schema", {{"type", "string"}}}};
  }
  Json op = {{"operationId", info.operation_id},
             {"summary", info.summary},
             {"tags", Json::array({info.tag})},
             {"security", security_of(info.scope)}};
  if (Json list = parameters(route.pattern); !list.empty()) op["parameters"] = std::move(list);
  if (!info.request_schema.empty()) {
    op["requestBody"] = {{"required", true}, {"content", json_content(info.request_schema)}};
  }
  op["responses"] = {{"2XX", std::move(success)},
                     {"default", {{"description", "Failure"}, {"content", json_content("Error")}}}};
  return op;
}

// Made once, at the first request.
struct Document {
  std::once_flag once;
  std::string text;
};

asio::awaitable<void> serve(const net::Router& router, const std::string& version,
                            const std::shared_ptr<Document>& document, net::Response& response) {
  std::call_once(document->once, [&] { document->text = base::to_text(openapi(router, version)); });
  response.send_json(200, document->text);
  co_return;
}

}  // namespace

Json openapi(const net::Router& router, std::string_view version) {
  Json paths = Json::object();
  for (const net::Route* route : router.routes()) {
    if (route->info.tag == "console" || route->info.tag == "grpc") continue;
    paths[path_of(route->pattern)][base::ascii_lower(route->method)] = operation(*route);
  }
  return {
      {"openapi", "3.1.0"},
      {"info",
       {{"title", "Seine"},
        {"version", version},
        {"description",
         "Answers from the web and from models, through OpenAI's, DeepSeek's and "
         "Anthropic's interfaces and the console's own."}}},
      {"paths", std::move(paths)},
      {"components",
       {{"schemas", openapi_schemas()},
        {"securitySchemes",
         {{"apiKey", {{"type", "http"}, {"scheme", "bearer"}}},
          {"session", {{"type", "apiKey"}, {"in", "cookie"}, {"name", Sessions::kCookieName}}}}}}}};
}

void add_openapi(net::Router& router, std::string_view version) {
  router.add("GET", "/openapi.json",
             [&router, text = std::string(version), document = std::make_shared<Document>()](
                 net::Request&, net::Response& response) {
               return serve(router, text, document, response);
             },
             {.operation_id = "getOpenApi",
              .summary = "This document",
              .tag = "admin",
              .scope = std::string(kPublicScope)});
}

}  // namespace seine::gateway
