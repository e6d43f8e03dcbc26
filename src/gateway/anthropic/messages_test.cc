#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "gateway/anthropic/messages_reply.h"
#include "gateway/anthropic/messages_request.h"
#include "gateway/anthropic/routes.h"
#include "gateway/detail/test_gateway.h"
#include "llm/scripted_generator.h"
#include "net/sse.h"

namespace seine::gateway::anthropic {
namespace {

using ::testing::ElementsAre;

base::Result<MessagesCall> parse(std::string_view text) {
  return parse_messages(*base::parse_json(text), Purpose::kAnswer);
}

TEST(MessagesRequest, ReadsBlocks) {
  const auto parsed = parse(R"({
    "model": "m", "max_tokens": 100, "stream": true,
    "system": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief."}],
    "messages": [
      {"role": "user", "content": "Weather?"},
      {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "s"},
         {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Paris"}}]},
      {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1",
         "content": [{"type": "text", "text": "Rain"}]}, {"type": "text", "text": "So?"}]}],
    "tools": [{"name": "weather", "description": "d", "input_schema": {"type": "object"}}],
    "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
    "thinking": {"type": "enabled", "budget_tokens": 1024}, "stop_sequences": ["X"],
    "temperature": 0.5, "top_k": 5})");
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  const llm::ChatRequest& request = parsed->call.request;
  ASSERT_EQ(request.messages.size(), 5u);
  EXPECT_EQ(request.messages[0].content, "Be\nbrief.");
  EXPECT_EQ(request.messages[2].reasoning, "hm");
  EXPECT_EQ(request.messages[2].tool_calls[0].arguments, R"({"city":"Paris"})");
  EXPECT_EQ(request.messages[3].role, llm::Role::kTool);
  EXPECT_EQ(request.messages[3].content, "Rain");
  EXPECT_EQ(request.messages[4].content, "So?");
  EXPECT_EQ(request.tool_choice.mode, llm::ToolChoice::Mode::kRequired);
  EXPECT_FALSE(request.parallel_tool_calls);
  EXPECT_EQ(request.effort, llm::Effort::kLow);
  EXPECT_THAT(request.stop, ElementsAre("X"));
  EXPECT_EQ(request.max_tokens, 100u);
}

TEST(MessagesRequest, AnAssistantAtTheEndIsGoneOnWith) {
  const auto parsed = parse(
      R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"{"}]})");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->call.request.messages.back().prefix);
  EXPECT_EQ(parsed->call.request.effort, llm::Effort::kOff);
}

TEST(MessagesRequest, ErrorsNameTheMember) {
  const struct {
    std::string_view body;
    std::string_view field;
  } cases[] = {
      {R"({"model":"m","messages":[{"role":"user","content":"x"}]})", "max_tokens"},
      {R"({"model":"m","max_tokens":1,"messages":[]})", "messages"},
      {R"({"model":"m","max_tokens":1,"messages":[{"role":"tool","content":"x"}]})",
       "messages[0].role"},
      {R"({"model":"m","max_tokens":1,"messages":[{"role":"user"}]})", "messages[0].content"},
      {R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image"}]}]})",
       "messages[0].content[0].type"},
      {R"({"model":"m","max_tokens":1,"temperature":1.5,"messages":[{"role":"user","content":"x"}]})",
       "temperature"},
      {R"({"model":"m","max_tokens":1,"tool_choice":{"type":"tool"},"messages":[{"role":"user","content":"x"}]})",
       "tool_choice.name"},
  };
  for (const auto& [body, field] : cases) {
    const auto parsed = parse(body);
    ASSERT_FALSE(parsed) << body;
    EXPECT_EQ(parsed.error().field, field) << parsed.error().to_string();
  }
}

std::vector<std::string> events_of(const std::string& stream) {
  net::SseParser parser;
  EXPECT_TRUE(parser.feed(stream));
  std::vector<std::string> events;
  while (const auto event = parser.next()) {
    const auto data = base::parse_json(event->data);
    EXPECT_TRUE(data) << event->data;
    EXPECT_EQ((*data)["type"], event->event);
    std::string line = event->event;
    if (event->event == "content_block_delta")
      line += ":" + (*data)["delta"]["type"].get<std::string>();
    if (event->event == "content_block_start") {
      line += ":" + (*data)["content_block"]["type"].get<std::string>();
    }
    events.push_back(line);
  }
  return events;
}

llm::Script script() {
  return {
      llm::Delta(llm::ReasoningDelta{"hm"}),
      llm::Delta(llm::TextDelta{.text = "It"}),
      llm::Delta(llm::TextDelta{.text = " rains"}),
      llm::Delta(llm::ToolCallDelta{.index = 0, .id = "t1", .name = "weather"}),
      llm::Delta(llm::ToolCallDelta{.index = 0, .arguments = "{\"a\":1}"}),
      llm::Delta(llm::Finish{llm::FinishReason::kToolCalls,
                             {.prompt_tokens = 10, .cached_tokens = 4, .completion_tokens = 7}})};
}

struct ServedMessages {
  explicit ServedMessages(llm::Script plays)
      : generator(std::move(plays), {.model = {.id = "m", .owned_by = "t"}}),
        generations({}, {.generator = generator,
                         .limits = gateway.limits,
                         .probe = gateway.probe,
                         .clock = gateway.real_clock}),
        routes({.generations = generations,
                .idempotency = gateway.idempotency,
                .random = gateway.random}) {
    routes.install(gateway.router);
    gateway.start();
  }
  detail::TestGateway gateway;
  llm::ScriptedGenerator generator;
  Generations generations;
  Routes routes;
};

const base::Json kAsk = {{"model", "m"},
                         {"max_tokens", 10},
                         {"messages", {{{"role", "user"}, {"content", "two words"}}}}};

TEST(AnthropicRoutes, StreamsBlocks) {
  ServedMessages served(script());
  base::Json body = kAsk;
  body["stream"] = true;
  const auto reply = served.gateway.post("/v1/messages", body);
  ASSERT_EQ(reply.status, 200);
  EXPECT_THAT(events_of(reply.body),
              ElementsAre("message_start", "content_block_start:thinking",
                          "content_block_delta:thinking_delta",
                          "content_block_delta:signature_delta", "content_block_stop",
                          "content_block_start:text", "content_block_delta:text_delta",
                          "content_block_delta:text_delta", "content_block_stop",
                          "content_block_start:tool_use", "content_block_delta:input_json_delta",
                          "content_block_stop", "message_delta", "message_stop"));
}

TEST(AnthropicRoutes, AnswersAtOnce) {
  ServedMessages served(script());
  const base::Json json = served.gateway.post("/v1/messages", kAsk).json();
  ASSERT_EQ(json["content"].size(), 3u);
  EXPECT_EQ(json["content"][0]["thinking"], "hm");
  EXPECT_EQ(json["content"][1]["text"], "It rains");
  EXPECT_EQ(json["content"][2]["input"]["a"], 1);
  EXPECT_EQ(json["stop_reason"], "tool_use");
  EXPECT_EQ(json["usage"]["input_tokens"], 6);
  EXPECT_EQ(json["usage"]["cache_read_input_tokens"], 4);
}

TEST(AnthropicRoutes, CountsAndFailsInItsDialect) {
  ServedMessages served(script());
  EXPECT_EQ(served.gateway.post("/v1/messages/count_tokens", kAsk).json()["input_tokens"], 2);
  base::Json body = kAsk;
  body["model"] = "nope";
  const auto unknown = served.gateway.post("/v1/messages", body);
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.json()["type"], "error");
  EXPECT_EQ(unknown.json()["error"]["type"], "not_found_error");
  EXPECT_TRUE(unknown.json().contains("request_id"));
}

TEST(AnthropicRoutes, OverloadIs529) {
  ServedMessages served({base::Error{base::Code::kUnavailable, "full"}});
  const auto reply = served.gateway.post("/v1/messages", kAsk);
  EXPECT_EQ(reply.status, 529);
  EXPECT_EQ(reply.json()["error"]["type"], "overloaded_error");
}

}  // namespace
}  // namespace seine::gateway::anthropic
