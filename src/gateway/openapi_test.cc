#include "gateway/openapi.h"

#include <gtest/gtest.h>

#include <set>

#include "answer/answers.h"
#include "answer/run_store.h"
#include "base/json.h"
#include "gateway/access/key_routes.h"
#include "gateway/answers/ask_routes.h"
#include "gateway/answers/run_routes.h"
#include "gateway/anthropic/routes.h"
#include "gateway/chats/chat_routes.h"
#include "gateway/chats/share_routes.h"
#include "gateway/chats/share_store.h"
#include "gateway/console_routes.h"
#include "gateway/detail/test_gateway.h"
#include "gateway/openai/responses_routes.h"
#include "gateway/openai/routes.h"
#include "gateway/watches/watch_routes.h"
#include "llm/scripted_generator.h"
#include "web/web.h"

namespace seine::gateway {
namespace {

using base::Json;

// Every reference in the document, wherever it stands.
void references(const Json& value, std::set<std::string>& found) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      if (key == "$ref") found.insert(member.get<std::string>());
      references(member, found);
    }
  } else if (value.is_array()) {
    for (const Json& member : value) references(member, found);
  }
}

class NoModels final : public ModelAdmin {
 public:
  std::vector<ModelEntry> list() const override { return {}; }
  base::Result<ModelEstimate> estimate(const std::string&, ModelRoom) const override {
    return ModelEstimate{};
  }
  base::Result<> load(const std::string&, ModelRoom) override { return {}; }
  base::Result<> unload(const std::string&) override { return {}; }
  base::Result<> set_default(const std::string&) override { return {}; }
};

// All of the gateway's routes on one router.
struct ServedSchema {
  ServedSchema()
      : directory(testing::TempDir() + "openapi_blobs." + std::to_string(getpid())),
        blobs(*store::BlobStore::open(directory, *gateway.database, gateway.clock)),
        index(*store::TextIndex::open(*gateway.database)),
        files(*FileStore::open(*gateway.database, *blobs, gateway.clock, gateway.random,
                               read_plain_file)),
        chats(*ChatStore::open(*gateway.database, *index, gateway.clock, gateway.random)),
        generator(llm::script_of("one two")),
        generations({}, {.generator = generator,
                         .limits = gateway.limits,
                         .probe = gateway.probe,
                         .clock = gateway.real_clock}),
        key_routes(*gateway.keys, gateway.pool),
        chat_routes(*chats, gateway.pool),
        console_routes({.models = models,
                        .files = *files,
                        .records = *gateway.records,
                        .pool = gateway.pool,
                        .readers = gateway.pool}),
        openai({.generations = generations,
                .idempotency = gateway.idempotency,
                .clock = gateway.clock,
                .random = gateway.random}),
        responses({.generations = generations,
                   .idempotency = gateway.idempotency,
                   .records = *gateway.records,
                   .pool = gateway.pool,
                   .clock = gateway.clock,
                   .random = gateway.random}),
        anthropic({.generations = generations,
                   .idempotency = gateway.idempotency,
                   .random = gateway.random}),
        runs(*answer::RunStore::open(*gateway.database, *blobs)),
        answers({.store = runs.get(), .clock = gateway.real_clock, .random = gateway.random},
                {.threads = 1}),
        ask_routes({.answers = answers, .chats = chats.get(), .pool = gateway.pool}),
        run_routes(answers, *runs, gateway.pool),
        shares(*ShareStore::open(*gateway.database, gateway.clock, gateway.random)),
        share_routes({.chats = *chats, .shares = *shares, .pool = gateway.pool, .snapshot = {}}),
        web(*web::Web::make({.user_agent = "test", .cache = false, .render = false},
                            {.runtime = gateway.runtime,
                             .database = *gateway.database,
                             .text_index = *index,
                             .blobs = *blobs,
                             .pool = gateway.pool,
                             .clock = gateway.real_clock,
                             .random = gateway.random})),
        watch_routes(web->watcher()) {
    add_openapi(gateway.router, "1.2.3");
    key_routes.install(gateway.router);
    chat_routes.install(gateway.router);
    console_routes.install(gateway.router);
    openai.install(gateway.router);
    responses.install(gateway.router);
    anthropic.install(gateway.router);
    ask_routes.install(gateway.router);
    run_routes.install(gateway.router);
    share_routes.install(gateway.router);
    watch_routes.install(gateway.router);
    gateway.start();
  }
  ~ServedSchema() {
    gateway.server.reset();
    gateway.client.reset();
    gateway.runtime.stop();
    web.reset();
    std::filesystem::remove_all(directory);
  }

  detail::TestGateway gateway;
  std::string directory;
  std::unique_ptr<store::BlobStore> blobs;
  std::unique_ptr<store::TextIndex> index;
  std::unique_ptr<FileStore> files;
  std::unique_ptr<ChatStore> chats;
  NoModels models;
  llm::ScriptedGenerator generator;
  Generations generations;
  KeyRoutes key_routes;
  ChatRoutes chat_routes;
  ConsoleRoutes console_routes;
  openai::Routes openai;
  openai::ResponsesRoutes responses;
  anthropic::Routes anthropic;
  std::unique_ptr<answer::RunStore> runs;
  answer::Answers answers;
  AskRoutes ask_routes;
  RunRoutes run_routes;
  std::unique_ptr<ShareStore> shares;
  ShareRoutes share_routes;
  std::unique_ptr<web::Web> web;
  WatchRoutes watch_routes;
};

TEST(Watches, AreMadeShownPausedAndForgotten) {
  ServedSchema served;
  detail::TestGateway& gateway = served.gateway;
  const auto made = gateway.post("/api/watches", {{"url", "https://a.example.com/"},
                                                  {"selector", "#price"},
                                                  {"every_s", 60},
                                                  {"noise", Json::array({"dates"})}});
  ASSERT_EQ(made.status, 201) << made.body;
  const Json watch = made.json();
  EXPECT_TRUE(watch["secret"].get<std::string>().starts_with("whsec_"));
  const std::string path = "/api/watches/" + watch["id"].get<std::string>();
  const Json shown = gateway.ask("GET", path).json();
  EXPECT_EQ(shown["noise"], Json::array({"dates"}));
  EXPECT_FALSE(shown.contains("secret"));
  EXPECT_EQ(shown["versions"], Json::array());
  EXPECT_EQ(gateway.ask("PATCH", path, R"({"paused":true})").json()["paused"], true);
  EXPECT_EQ(gateway.ask("GET", "/api/watches").json()["data"].size(), 1u);
  EXPECT_EQ(gateway.ask("DELETE", path).status, 204);
  EXPECT_EQ(gateway.ask("GET", path).status, 404);
  EXPECT_EQ(gateway.ask("POST", path + "/check").status, 404);
  EXPECT_EQ(gateway.ask("GET", "/api/webhooks?state=dead").json()["data"], Json::array());
  EXPECT_EQ(gateway.ask("POST", "/api/webhooks/msg_x/resend").status, 404);
}

TEST(Watches, WhatIsWrongIsNamed) {
  ServedSchema served;
  detail::TestGateway& gateway = served.gateway;
  const auto param = [&](const Json& body) {
    const auto reply = gateway.post("/api/watches", body);
    EXPECT_GE(reply.status, 400);
    const Json member = reply.json()["error"]["param"];
    return member.is_string() ? member.get<std::string>() : std::string();
  };
  EXPECT_EQ(param({{"every_s", 60}}), "url");
  EXPECT_EQ(param({{"url", "https://a.example.com/"}, {"every_s", 1}}), "every_s");
  EXPECT_EQ(param({{"url", "https://a.example.com/"}, {"noise", Json::array({"all"})}}), "noise");
  EXPECT_EQ(param({{"url", "http://10.0.0.1/"}}), "url");
  EXPECT_EQ(param({{"url", "https://a.example.com/"}, {"webhook", "http://[::1]/"}}), "webhook");
  EXPECT_EQ(gateway.ask("GET", "/api/webhooks?state=lost").status, 400);
  EXPECT_EQ(gateway.ask("POST", "/hooks/x", "{}").status, 401);
  EXPECT_EQ(gateway.ask("POST", "/hooks/x", std::string(300'000, 'x')).status, 413);
}

TEST(OpenApi, TellsEveryRouteAndNoOther) {
  ServedSchema served;
  const auto reply = served.gateway.ask("GET", "/openapi.json");
  ASSERT_EQ(reply.status, 200);
  const Json document = reply.json();
  EXPECT_EQ(document["info"]["version"], "1.2.3");
  std::set<std::string> told;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      EXPECT_TRUE(told.insert(operation["operationId"].get<std::string>()).second) << path;
      EXPECT_FALSE(operation["summary"].get<std::string>().empty()) << path;
    }
  }
  std::set<std::string> routed;
  for (const net::Route* route : served.gateway.router.routes()) {
    routed.insert(route->info.operation_id);
    EXPECT_FALSE(route->info.scope.empty()) << route->pattern;
    EXPECT_FALSE(route->info.tag.empty()) << route->pattern;
  }
  EXPECT_EQ(told, routed);
}

TEST(OpenApi, EveryReferenceLeadsSomewhere) {
  ServedSchema served;
  const Json document = openapi(served.gateway.router, "1");
  std::set<std::string> found;
  references(document, found);
  EXPECT_GT(found.size(), 20u);
  constexpr std::string_view kPrefix = "#/components/schemas/";
  std::set<std::string> used;
  for (const std::string& target : found) {
    ASSERT_TRUE(target.starts_with(kPrefix)) << target;
    used.insert(target.substr(kPrefix.size()));
  }
  for (const std::string& name : used) {
    EXPECT_TRUE(document["components"]["schemas"].contains(name)) << name;
  }
  for (const auto& [name, schema] : document["components"]["schemas"].items()) {
    EXPECT_TRUE(used.contains(name)) << name << " is used by nothing";
  }
}

TEST(Responses, GoOnFromAStoredOne) {
  ServedSchema served;
  detail::TestGateway& gateway = served.gateway;
  const Json first =
      gateway
          .post("/v1/responses",
                {{"model", "scripted"}, {"input", "hi"}, {"instructions", "Be brief."}})
          .json();
  ASSERT_EQ(first["status"], "completed") << base::to_text(first);
  EXPECT_EQ(first["output"][0]["content"][0]["text"], "one two");
  EXPECT_EQ(first["usage"]["output_tokens"], 2);
  const std::string id = first["id"].get<std::string>();
  const auto second = gateway.post(
      "/v1/responses",
      {{"model", "scripted"}, {"input", "more"}, {"previous_response_id", id}, {"stream", true}});
  ASSERT_EQ(second.status, 200) << second.body;
  for (const char* event :
       {"response.created", "response.in_progress", "response.output_item.added",
        "response.content_part.added", "response.output_text.delta", "response.output_text.done",
        "response.content_part.done", "response.output_item.done", "response.completed"}) {
    EXPECT_NE(second.body.find("event: " + std::string(event) + "\n"), std::string::npos) << event;
  }
  const auto requests = served.generator.requests();
  ASSERT_EQ(requests.size(), 2u);
  ASSERT_EQ(requests[0].messages.size(), 2u);
  ASSERT_EQ(requests[1].messages.size(), 3u);
  EXPECT_EQ(requests[1].messages[0].content, "hi");
  EXPECT_EQ(requests[1].messages[1].content, "one two");
  EXPECT_EQ(requests[1].messages[2].content, "more");
  EXPECT_EQ(gateway.ask("GET", "/v1/responses/" + id).json(), first);
  EXPECT_EQ(gateway.ask("GET", "/v1/responses/" + id + "/input_items").json()["data"].size(), 2u);
  EXPECT_EQ(gateway.ask("DELETE", "/v1/responses/" + id).json()["deleted"], true);
  EXPECT_EQ(gateway.ask("GET", "/v1/responses/" + id).status, 404);
  EXPECT_EQ(gateway
                .post("/v1/responses",
                      {{"model", "scripted"}, {"input", "x"}, {"previous_response_id", id}})
                .json()["error"]["param"],
            "previous_response_id");
}

}  // namespace
}  // namespace seine::gateway
