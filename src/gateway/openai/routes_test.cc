#include "gateway/openai/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/detail/test_gateway.h"
#include "llm/scripted_generator.h"

namespace seine::gateway::openai {
namespace {

using detail::TestGateway;
using llm::Script;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

llm::Delta text(std::string piece) {
  return llm::TextDelta{std::move(piece)};
}

Script hello() {
  return {
      text("Hel"), text("lo"),
      llm::Delta(llm::Finish{llm::FinishReason::kStop,
                             {.prompt_tokens = 9, .cached_tokens = 4, .completion_tokens = 2}})};
}

// Without a web answerer unless one is given.
struct ServedRoutes {
  explicit ServedRoutes(Script script, WebAnswerer* web = nullptr, std::size_t running_max = 100,
                        llm::ModelInfo model = {.id = "m", .owned_by = "t", .context_tokens = 4096},
                        bool open_on_loopback = true)
      : gateway(open_on_loopback),
        generator(std::move(script), {.model = std::move(model)}),
        generations({.running_max = running_max}, {.generator = generator,
                                                   .web = web,
                                                   .limits = gateway.limits,
                                                   .probe = gateway.probe,
                                                   .clock = gateway.real_clock}),
        routes({.generations = generations,
                .idempotency = gateway.idempotency,
                .clock = gateway.clock,
                .random = gateway.random}) {
    routes.install(gateway.router);
    gateway.start();
  }
  bool wait(const std::function<bool(const llm::ScriptedGenerator::Counts&)>& holds) const {
    return generator.wait_for(holds,
                              base::Deadline::after(gateway.real_clock, std::chrono::seconds(20)));
  }

  TestGateway gateway;
  llm::ScriptedGenerator generator;
  Generations generations;
  Routes routes;
};

base::Json question(std::string_view model = "m") {
  return {{"model", model}, {"messages", {{{"role", "user"}, {"content", "hi"}}}}};
}

TEST(OpenAiRoutes, AnswersAtOnce) {
  ServedRoutes served(hello());
  const auto reply = served.gateway.post("/v1/chat/completions", question());
  ASSERT_EQ(reply.status, 200) << reply.body;
  const base::Json json = reply.json();
  EXPECT_EQ(json["object"], "chat.completion");
  EXPECT_EQ(json["model"], "m");
  EXPECT_EQ(json["choices"][0]["message"]["content"], "Hello");
  EXPECT_EQ(json["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(json["usage"]["total_tokens"], 11);
  EXPECT_EQ(json["usage"]["prompt_cache_hit_tokens"], 4);
  EXPECT_EQ(json["usage"]["prompt_cache_miss_tokens"], 5);
  EXPECT_TRUE(reply.headers.contains("x-request-id"));
}

TEST(OpenAiRoutes, StreamsPieces) {
  ServedRoutes served(hello());
  base::Json body = question();
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  const auto reply = served.gateway.post("/v1/chat/completions", body);
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.get("content-type"), "text/event-stream; charset=utf-8");
  EXPECT_THAT(reply.body, HasSubstr(R"("delta":{"role":"assistant","content":""})"));
  EXPECT_THAT(reply.body, HasSubstr(R"("delta":{"content":"Hel"})"));
  EXPECT_THAT(reply.body, HasSubstr(R"("finish_reason":"stop"}],"usage":null})"));
  EXPECT_THAT(reply.body, HasSubstr(R"("choices":[],"usage":{"prompt_tokens":9)"));
  EXPECT_TRUE(reply.body.ends_with("data: [DONE]\n\n"));
}

TEST(OpenAiRoutes, GivesSeveralAnswers) {
  ServedRoutes served(hello());
  base::Json body = question();
  body["n"] = 3;
  body["seed"] = 7;
  const base::Json json = served.gateway.post("/v1/chat/completions", body).json();
  EXPECT_EQ(json["choices"].size(), 3u);
  EXPECT_EQ(json["usage"]["prompt_tokens"], 9);
  EXPECT_EQ(json["usage"]["completion_tokens"], 6);
  std::vector<std::uint64_t> seeds;
  for (const auto& request : served.generator.requests()) seeds.push_back(*request.sampling.seed);
  EXPECT_THAT(seeds, ::testing::ElementsAre(7u, 8u, 9u));
  body["stream"] = true;
  const std::string stream = served.gateway.post("/v1/chat/completions", body).body;
  for (const char* index : {"\"index\":0", "\"index\":1", "\"index\":2"}) {
    EXPECT_THAT(stream, HasSubstr(index));
  }
}

TEST(OpenAiRoutes, DeepSeeksNamesMeanTheDefaultModel) {
  ServedRoutes served(hello(), nullptr, 100, {.id = "m", .owned_by = "t", .thinks = true});
  EXPECT_EQ(served.gateway.post("/v1/chat/completions", question("deepseek-chat")).json()["model"],
            "m");
  EXPECT_EQ(served.gateway.post("/v1/chat/completions", question("deepseek-reasoner")).status, 200);
  EXPECT_EQ(
      served.gateway.post("/v1/chat/completions", question("deepseek-v4-flash")).json()["model"],
      "m");
  const auto requests = served.generator.requests();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].effort, llm::Effort::kOff);
  EXPECT_EQ(requests[1].effort, llm::Effort::kHigh);
}

TEST(OpenAiRoutes, NamesWhatIsWrong) {
  ServedRoutes served(hello());
  const auto unknown = served.gateway.post("/v1/chat/completions", question("nope"));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.json()["error"]["code"], "model_not_found");
  EXPECT_EQ(unknown.json()["error"]["param"], "model");
  const auto broken = served.gateway.ask("POST", "/v1/chat/completions", "{");
  EXPECT_EQ(broken.status, 400);
  EXPECT_EQ(broken.json()["error"]["type"], "invalid_request_error");
  const auto online = served.gateway.post("/v1/chat/completions", question("m:online"));
  EXPECT_EQ(online.status, 501) << online.body;
}

TEST(OpenAiRoutes, AnErrorAtOnceHasAStatus) {
  ServedRoutes served({base::Error{base::Code::kUnavailable, "full"}});
  base::Json body = question();
  body["stream"] = true;
  const auto reply = served.gateway.post("/v1/chat/completions", body);
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.headers.get("retry-after"), "1");
}

TEST(OpenAiRoutes, ALaterErrorIsAnEventWithoutDone) {
  ServedRoutes served({text("one"), milliseconds(1), base::Error{base::Code::kInternal, "broke"}});
  base::Json body = question();
  body["stream"] = true;
  const auto reply = served.gateway.post("/v1/chat/completions", body);
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.body.ends_with(
      "data: {\"error\":{\"message\":\"broke\",\"type\":\"server_error\",\"param\":null,"
      "\"code\":null}}\n\n"))
      << reply.body;
  EXPECT_THAT(reply.body, Not(HasSubstr("[DONE]")));
  EXPECT_THAT(reply.body, Not(HasSubstr("keep-alive")));
}

TEST(OpenAiRoutes, LeavingCancelsTheModel) {
  Script endless;
  for (int i = 0; i < 100'000; ++i) {
    endless.emplace_back(text("word "));
    endless.emplace_back(base::Duration(milliseconds(1)));
  }
  ServedRoutes served(endless);
  base::Json body = question();
  body["stream"] = true;
  (void)served.gateway.ask_and_leave("/v1/chat/completions", base::to_text(body), 2000);
  EXPECT_TRUE(served.wait([](const auto& counts) { return counts.cancelled == 1; }));
  EXPECT_EQ(served.generator.counts().active, 0u);
}

TEST(OpenAiRoutes, OverloadRefusesWhileRunningAnswersGoOn) {
  Script slow;
  for (int i = 0; i < 10'000; ++i) {
    slow.emplace_back(text("word "));
    slow.emplace_back(base::Duration(milliseconds(100)));
  }
  ServedRoutes served(slow, nullptr, 1);
  // Its own client, since the first one's context is taken by its wait; made before the first
  // answer begins, as that one must still run when the second is asked for.
  TestGateway other;
  other.port = served.gateway.port;
  other.client = std::make_unique<net::Client>(other.runtime, net::ClientOptions{});
  base::Json body = question();
  body["stream"] = true;
  std::thread first([&] {
    const auto reply =
        served.gateway.ask_and_leave("/v1/chat/completions", base::to_text(body), 5'000);
    EXPECT_GE(reply.body.size(), 5'000u);
  });
  EXPECT_TRUE(served.wait([](const auto& counts) { return counts.active == 1; }));
  const auto refused = other.post("/v1/chat/completions", question());
  EXPECT_EQ(refused.status, 429);
  EXPECT_TRUE(refused.headers.contains("retry-after"));
  EXPECT_EQ(refused.json()["error"]["code"], "rate_limit_exceeded");
  first.join();
}

TEST(OpenAiRoutes, KeysAreLimitedAndTold) {
  ServedRoutes served(hello(), nullptr, 100, {.id = "m", .owned_by = "t"},
                      /*open_on_loopback=*/false);
  const auto made = *served.gateway.keys->create(
      {.name = "k", .requests_per_minute = 2, .tokens_per_minute = 20});
  const TestGateway::Fields key = {{"authorization", "Bearer " + made.secret}};
  EXPECT_EQ(served.gateway.post("/v1/chat/completions", question()).status, 401);
  const auto wrong = served.gateway.post("/v1/chat/completions", question(),
                                         {{"authorization", "Bearer sk-seine-wrong"}});
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.json()["error"]["code"], "invalid_api_key");
  const auto first = served.gateway.post("/v1/chat/completions", question(), key);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.headers.get("x-ratelimit-limit-requests"), "2");
  EXPECT_EQ(first.headers.get("x-ratelimit-remaining-requests"), "1");
  EXPECT_EQ(first.headers.get("x-ratelimit-remaining-tokens"), "20");
  const auto second = served.gateway.post("/v1/chat/completions", question(), key);
  EXPECT_EQ(second.headers.get("x-ratelimit-remaining-tokens"), "9");
  const auto third = served.gateway.post("/v1/chat/completions", question(), key);
  EXPECT_EQ(third.status, 429);
  EXPECT_EQ(third.headers.get("retry-after"), "30");
  served.gateway.clock.advance(std::chrono::seconds(31));
  EXPECT_EQ(served.gateway.post("/v1/chat/completions", question(), key).status, 200);
  // The key has no scope for embeddings, but any key may list models.
  served.gateway.clock.advance(std::chrono::seconds(61));
  EXPECT_EQ(served.gateway.post("/v1/embeddings", {{"model", "m"}, {"input", "x"}}, key).status,
            403);
  EXPECT_EQ(served.gateway.ask("GET", "/v1/models", "", key).status, 200);
}

TEST(OpenAiRoutes, OtherSitesPagesAreRefused) {
  ServedRoutes served(hello());
  const auto cross =
      served.gateway.post("/v1/chat/completions", question(), {{"origin", "https://evil.example"}});
  EXPECT_EQ(cross.status, 403);
  const auto fetch =
      served.gateway.post("/v1/chat/completions", question(), {{"sec-fetch-site", "cross-site"}});
  EXPECT_EQ(fetch.status, 403);
  const auto own =
      served.gateway.post("/v1/chat/completions", question(),
                          {{"origin", "http://127.0.0.1:" + std::to_string(served.gateway.port)},
                           {"sec-fetch-site", "same-origin"}});
  EXPECT_EQ(own.status, 200);
  EXPECT_EQ(served.generator.counts().started, 1u);
}

TEST(OpenAiRoutes, CompletesTextsWithoutRoles) {
  ServedRoutes served(hello());
  const base::Json json =
      served.gateway
          .post("/v1/completions",
                {{"model", "m"}, {"prompt", {"One", "Two"}}, {"n", 2}, {"echo", true}})
          .json();
  ASSERT_EQ(json["choices"].size(), 4u);
  EXPECT_EQ(json["choices"][0]["text"], "OneHello");
  EXPECT_EQ(json["choices"][3]["text"], "TwoHello");
  EXPECT_EQ(json["usage"]["prompt_tokens"], 18);
  EXPECT_EQ(json["usage"]["completion_tokens"], 8);
  const auto requests = served.generator.requests();
  ASSERT_EQ(requests[0].messages.size(), 1u);
  EXPECT_TRUE(requests[0].messages[0].prefix);
}

TEST(OpenAiRoutes, ARepeatedKeyGetsTheFirstAnswer) {
  ServedRoutes served(hello());
  const TestGateway::Fields key = {{"idempotency-key", "abc"}};
  const auto first = served.gateway.post("/v1/chat/completions", question(), key);
  const auto again = served.gateway.post("/v1/chat/completions", question(), key);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.get("idempotent-replayed"), "true");
  EXPECT_EQ(served.generator.counts().started, 1u);
  base::Json other = question();
  other["n"] = 2;
  const auto mismatch = served.gateway.post("/v1/chat/completions", other, key);
  EXPECT_EQ(mismatch.status, 400);
  EXPECT_EQ(mismatch.json()["error"]["param"], "idempotency-key");
  // A request that failed gives its key back.
  const TestGateway::Fields second = {{"idempotency-key", "def"}};
  EXPECT_EQ(served.gateway.post("/v1/chat/completions", question("nope"), second).status, 404);
  EXPECT_EQ(served.gateway.post("/v1/chat/completions", question(), second).status, 200);
}

TEST(OpenAiRoutes, ListsModels) {
  ServedRoutes served(hello());
  const base::Json list = served.gateway.ask("GET", "/v1/models").json();
  ASSERT_EQ(list["data"].size(), 1u);
  EXPECT_EQ(list["data"][0]["id"], "m");
  EXPECT_EQ(list["data"][0]["context_length"], 4096);
  EXPECT_EQ(served.gateway.ask("GET", "/v1/models/m").json()["id"], "m");
  EXPECT_EQ(served.gateway.ask("GET", "/v1/models/x").status, 404);
}

// Says "Paris [1]" with one citation.
class OneCitation final : public WebAnswerer {
 public:
  base::Result<WebAnswer> answer(WebAnswerRequest request, base::Deadline) override {
    requests.push_back(std::move(request));
    auto stream = std::make_shared<llm::DeltaStream>();
    stream->push(text("Paris"));
    stream->push(llm::Delta(llm::Finish{}));
    auto extras = std::make_shared<WebExtras>();
    extras->citations = {{.start = 0, .end = 5, .url = "https://a.example/", .title = "A"}};
    extras->seine = "{\"run_id\":\n\"r_1\"}";
    return WebAnswer{.deltas = llm::StreamReader(std::move(stream)), .extras = std::move(extras)};
  }
  std::vector<WebAnswerRequest> requests;
};

TEST(OpenAiRoutes, AsksTheWebInThreeWays) {
  OneCitation web;
  ServedRoutes served(hello(), &web);
  const base::Json json = served.gateway.post("/v1/chat/completions", question("m:online")).json();
  const base::Json& message = json["choices"][0]["message"];
  EXPECT_EQ(message["content"], "Paris");
  EXPECT_EQ(message["annotations"][0]["url_citation"]["end_index"], 5);
  EXPECT_EQ(json["seine"]["run_id"], "r_1");
  base::Json body = question();
  body["web_search_options"] = {{"search_context_size", "high"},
                                {"user_location", {{"approximate", {{"country", "FR"}}}}}};
  body["stream"] = true;
  const std::string stream = served.gateway.post("/v1/chat/completions", body).body;
  EXPECT_THAT(stream, HasSubstr(R"("annotations":[{"type":"url_citation")"));
  EXPECT_THAT(stream, HasSubstr(R"("seine":{"run_id":"r_1"})"));
  body = question();
  body["tools"] = {{{"type", "web_search"}, {"filters", {{"allowed_domains", {"a.example"}}}}}};
  EXPECT_EQ(served.gateway.post("/v1/chat/completions", body).status, 200);
  ASSERT_EQ(web.requests.size(), 3u);
  EXPECT_EQ(web.requests[0].chat.model, "m");
  EXPECT_EQ(web.requests[1].context, SearchContext::kHigh);
  EXPECT_EQ(web.requests[1].country, "FR");
  EXPECT_EQ(web.requests[2].sites, std::vector<std::string>{"a.example"});
  EXPECT_EQ(served.generator.counts().started, 0u);
}

}  // namespace
}  // namespace seine::gateway::openai
