#include "remote/chat_form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace seine::remote {
namespace {

using base::Code;
using base::Json;
using ::testing::HasSubstr;

Json body_of(const llm::ChatRequest& request) {
  return *base::parse_json(request_body(request, "deepseek-v4-pro").value());
}

TEST(ChatForm, SaysOnlyWhatWasAsked) {
  const Json body = body_of({.model = "m", .messages = {{.content = "hi"}}});
  EXPECT_EQ(body, Json({{"model", "deepseek-v4-pro"},
                        {"messages", {{{"role", "user"}, {"content", "hi"}}}},
                        {"stream", true},
                        {"stream_options", {{"include_usage", true}}}}));
}

TEST(ChatForm, SaysAllOfARequest) {
  llm::ChatRequest request{.model = "m", .messages = {}};
  request.messages = {{.role = llm::Role::kSystem, .content = "be brief"},
                      {.role = llm::Role::kAssistant,
                       .content = "",
                       .reasoning = "hm",
                       .tool_calls = {{.id = "c1", .name = "f", .arguments = "{\"a\":1}"}}},
                      {.role = llm::Role::kTool, .content = "2", .tool_call_id = "c1"}};
  request.tools = {
      {.name = "f", .description = "adds", .parameters = R"({"type":"object"})", .strict = true}};
  request.tool_choice = {.mode = llm::ToolChoice::Mode::kNamed, .name = "f"};
  request.sampling.temperature = 0.6;
  request.sampling.seed = 7;
  request.sampling.logit_bias = {{12, -100}};
  request.constraint = llm::JsonSchemaConstraint{R"({"type":"array"})"};
  request.stop = {"END"};
  request.stop_tokens = {3};
  request.max_tokens = 99;
  request.top_logprobs = 2;
  request.effort = llm::Effort::kMax;
  const Json body = body_of(request);
  EXPECT_EQ(body["messages"][1]["tool_calls"][0]["function"]["name"], "f");
  EXPECT_EQ(body["messages"][1]["reasoning_content"], "hm");
  EXPECT_EQ(body["messages"][2]["tool_call_id"], "c1");
  EXPECT_EQ(body["tools"][0]["function"]["strict"], true);
  EXPECT_EQ(body["tool_choice"]["function"]["name"], "f");
  EXPECT_EQ(body["temperature"], 0.6);
  EXPECT_EQ(body["seed"], 7);
  EXPECT_EQ(body["logit_bias"]["12"], -100);
  EXPECT_EQ(body["response_format"]["json_schema"]["schema"]["type"], "array");
  EXPECT_EQ(body["stop"][0], "END");
  EXPECT_EQ(body["stop_token_ids"], Json({3}));
  EXPECT_EQ(body["max_tokens"], 99);
  EXPECT_EQ(body["top_logprobs"], 2);
  EXPECT_EQ(body["thinking"]["type"], "enabled");
  EXPECT_EQ(body["reasoning_effort"], "max");
}

TEST(ChatForm, ThinkingIsTurnedOff) {
  llm::ChatRequest request{.model = "m", .messages = {{.content = "hi"}}};
  request.effort = llm::Effort::kOff;
  EXPECT_EQ(body_of(request)["thinking"]["type"], "disabled");
  EXPECT_FALSE(body_of(request).contains("reasoning_effort"));
}

TEST(ChatForm, RefusesWhatTheDialectCannotSay) {
  llm::ChatRequest request{.model = "m", .messages = {{.content = "hi"}}};
  request.constraint = llm::SpanConstraint{.passages = {"a"}};
  EXPECT_EQ(request_body(request, "m").error().code, Code::kUnimplemented);
}

TEST(ChunkReader, ReadsAnAnswer) {
  ChunkReader reader;
  EXPECT_TRUE(
      reader.feed(R"({"choices":[{"delta":{"role":"assistant","content":""}}],"usage":null})")
          ->empty());
  const auto thought = reader.feed(
      R"({"choices":[{"index":0,"delta":{"reasoning_content":"so","content":null},"finish_reason":null}]})");
  EXPECT_EQ(thought->front(), llm::Delta(llm::ReasoningDelta{"so"}));
  const auto text = reader.feed(
      R"({"choices":[{"delta":{"content":"Yes"},"logprobs":{"content":[{"token":"Yes","logprob":-0.5,"top_logprobs":[{"token":"No","logprob":-2}]}]}}]})");
  const auto& piece = std::get<llm::TextDelta>(text->front());
  EXPECT_EQ(piece.text, "Yes");
  ASSERT_EQ(piece.logprobs.size(), 1U);
  EXPECT_EQ(piece.logprobs[0].top[0].first, "No");
  const auto call = reader.feed(
      R"({"choices":[{"delta":{"tool_calls":[{"index":1,"id":"c","function":{"name":"f","arguments":"{}"}}]}}]})");
  EXPECT_EQ(call->front(),
            llm::Delta(llm::ToolCallDelta{.index = 1, .id = "c", .name = "f", .arguments = "{}"}));
  EXPECT_EQ(reader.finish().error().code, Code::kUnavailable) << "it has not ended";
  EXPECT_TRUE(reader.feed(R"({"choices":[{"delta":{},"finish_reason":"tool_calls"}]})")->empty());
  EXPECT_TRUE(
      reader
          .feed(
              R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_cache_hit_tokens":3,"completion_tokens_details":{"reasoning_tokens":2}}})")
          ->empty());
  const auto finish = reader.finish();
  ASSERT_TRUE(finish);
  EXPECT_EQ(finish->reason, llm::FinishReason::kToolCalls);
  EXPECT_EQ(finish->usage, (llm::Usage{9, 3, 4, 2}));
}

TEST(ChunkReader, ForeignNonsenseIsAnError) {
  for (const std::string_view data :
       {"", "[1]", "{", R"({"choices":[{"delta":{"content":7}}]})",
        R"({"choices":[{"delta":{"tool_calls":{}}}]})",
        R"({"choices":[{"delta":{"tool_calls":[{"index":9999}]}}]})",
        R"({"choices":[{"finish_reason":[]}]})", R"({"usage":{"prompt_tokens":-1}})"}) {
    ChunkReader reader;
    const auto read = reader.feed(data);
    ASSERT_FALSE(read) << data;
    EXPECT_EQ(read.error().code, Code::kDataLoss) << data;
  }
  ChunkReader reader;
  const auto failed = reader.feed(R"({"error":{"message":"over\nloaded","code":503}})");
  EXPECT_EQ(failed.error().code, Code::kUnavailable);
  EXPECT_THAT(failed.error().message, HasSubstr("over loaded"));
}

TEST(ChunkReader, BoundsTheAnswer) {
  ChunkReader reader;
  const std::string chunk = base::to_text(
      {{"choices", {{{"delta", {{"content", std::string(std::size_t{1} << 20, 'x')}}}}}}});
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(reader.feed(chunk));
  EXPECT_EQ(reader.feed(chunk).error().code, Code::kResourceExhausted);
}

TEST(ChatForm, RefusalsSayWhoMendsThem) {
  const auto refused = [](int status) {
    return refusal(status, R"({"error":{"message":"because"}})");
  };
  EXPECT_EQ(refused(401).code, Code::kUnavailable) << "the caller's own key is fine";
  EXPECT_EQ(refused(402).code, Code::kUnavailable);
  EXPECT_EQ(refused(404).code, Code::kNotFound);
  EXPECT_EQ(refused(422).code, Code::kInvalidArgument);
  EXPECT_EQ(refused(429).code, Code::kResourceExhausted);
  EXPECT_EQ(refused(500).code, Code::kUnavailable);
  EXPECT_THAT(refused(429).message, HasSubstr("HTTP 429): because"));
  EXPECT_THAT(refusal(502, "<html>").message, HasSubstr("gave no reason"));
  EXPECT_LT(refusal(500, base::to_text({{"message", std::string(9000, 'x')}})).message.size(),
            500U);
}

}  // namespace
}  // namespace seine::remote
