#include "gateway/openai/chat_request.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace seine::gateway::openai {
namespace {

base::Result<ChatCall> parse(std::string_view text) {
  return parse_chat(*base::parse_json(text));
}

TEST(ChatRequest, ReadsWhatClientsSend) {
  const auto chat = parse(R"({
    "model": "m", "stream": true, "stream_options": {"include_usage": true}, "n": 2,
    "messages": [
      {"role": "developer", "content": "Be brief."},
      {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "there"}], "name": "ann"},
      {"role": "assistant", "content": null, "reasoning_content": "hm",
       "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
      {"role": "tool", "tool_call_id": "c1", "content": "42"}],
    "tools": [{"type": "function", "function": {"name": "f", "description": "d", "strict": true,
               "parameters": {"type": "object"}}}],
    "tool_choice": {"type": "function", "function": {"name": "f"}}, "parallel_tool_calls": false,
    "temperature": 0.5, "top_p": 0.9, "seed": -1, "presence_penalty": 1, "logit_bias": {"5": -100},
    "stop": ["a", "b"], "stop_token_ids": [3, 100000], "max_tokens": 7, "max_completion_tokens": 9, "logprobs": true, "top_logprobs": 3,
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
    "metadata": {"a": "b"}, "unknown_member": [1, 2]})");
  ASSERT_TRUE(chat) << chat.error().to_string();
  EXPECT_TRUE(chat->stream);
  EXPECT_TRUE(chat->include_usage);
  EXPECT_EQ(chat->call.answers, 2u);
  const llm::ChatRequest& request = chat->call.request;
  ASSERT_EQ(request.messages.size(), 4u);
  EXPECT_EQ(request.messages[0].role, llm::Role::kSystem);
  EXPECT_EQ(request.messages[1].content, "Hi\nthere");
  EXPECT_EQ(request.messages[2].reasoning, "hm");
  EXPECT_EQ(request.messages[2].tool_calls[0], (llm::ToolCall{"c1", "f", "{}"}));
  EXPECT_EQ(request.messages[3].tool_call_id, "c1");
  EXPECT_TRUE(request.tools[0].strict);
  EXPECT_EQ(request.tool_choice.mode, llm::ToolChoice::Mode::kNamed);
  EXPECT_FALSE(request.parallel_tool_calls);
  EXPECT_EQ(request.sampling.seed, UINT64_MAX);
  EXPECT_EQ(request.sampling.logit_bias.at(5), -100);
  EXPECT_EQ(request.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(request.stop_tokens, (std::vector<std::int32_t>{3, 100'000}));
  EXPECT_EQ(request.max_tokens, 9u);
  EXPECT_EQ(request.top_logprobs, 3u);
  EXPECT_EQ(std::get<llm::JsonSchemaConstraint>(request.constraint).schema, R"({"type":"object"})");
}

TEST(ChatRequest, HoldsAnAnswerToAPattern) {
  const auto chat = parse(R"({"model":"m","messages":[{"role":"user","content":"x"}],
    "response_format":{"type":"regex","pattern":"yes|no"}})");
  ASSERT_TRUE(chat) << chat.error().to_string();
  EXPECT_EQ(std::get<llm::RegexConstraint>(chat->call.request.constraint).pattern, "yes|no");
}

TEST(ChatRequest, KeepsToTheAllowedTools) {
  const auto with = [](std::string_view allowed) {
    return parse(std::string(R"({"model":"m","messages":[{"role":"user","content":"x"}],
      "tools":[{"type":"function","function":{"name":"f"}},{"type":"web_search"},
               {"type":"function","function":{"name":"g"}}],
      "tool_choice":{"type":"allowed_tools","allowed_tools":)") +
                 std::string(allowed) + "}}");
  };
  const auto one =
      with(R"({"mode":"required","tools":[{"type":"function","function":{"name":"g"}}]})");
  ASSERT_TRUE(one) << one.error().to_string();
  ASSERT_EQ(one->call.request.tools.size(), 1u);
  EXPECT_EQ(one->call.request.tools[0].name, "g");
  EXPECT_EQ(one->call.request.tool_choice.mode, llm::ToolChoice::Mode::kRequired);
  EXPECT_FALSE(one->call.web);
  const auto web = with(R"({"mode":"auto","tools":[{"type":"web_search"}]})");
  ASSERT_TRUE(web) << web.error().to_string();
  EXPECT_TRUE(web->call.request.tools.empty());
  EXPECT_TRUE(web->call.web);
  const auto unknown = with(R"({"tools":[{"type":"function","function":{"name":"h"}}]})");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().field, "tool_choice.allowed_tools.tools[0]");
}

TEST(ChatRequest, SpeaksDeepSeek) {
  const auto effort = [](std::string_view members) {
    const auto chat =
        parse(std::string(R"({"model":"m","messages":[{"role":"user","content":"x"}],)") +
              std::string(members) + "}");
    EXPECT_TRUE(chat) << chat.error().to_string();
    return chat ? chat->call.request.effort : std::nullopt;
  };
  using llm::Effort;
  EXPECT_EQ(effort(R"("user":"u")"), std::nullopt);
  EXPECT_EQ(effort(R"("thinking":{"type":"disabled"})"), Effort::kOff);
  EXPECT_EQ(effort(R"("thinking":{"type":"enabled"})"), Effort::kHigh);
  EXPECT_EQ(effort(R"("thinking":{"type":"enabled"},"reasoning_effort":"low")"), Effort::kLow);
  EXPECT_EQ(effort(R"("thinking":{"type":"disabled"},"reasoning_effort":"max")"), Effort::kOff);
  EXPECT_EQ(effort(R"("reasoning_effort":"minimal")"), Effort::kLow);
  EXPECT_EQ(effort(R"("reasoning_effort":"medium")"), Effort::kHigh);
  EXPECT_EQ(effort(R"("reasoning_effort":"xhigh")"), Effort::kHigh);
  EXPECT_EQ(effort(R"("reasoning_effort":"ultra")"), Effort::kMax);
  EXPECT_EQ(effort(R"("reasoning_effort":"none")"), Effort::kOff);
  const auto prefix = parse(
      R"({"model":"m","messages":[{"role":"user","content":"x"},{"role":"assistant","content":"{","prefix":true}]})");
  ASSERT_TRUE(prefix);
  EXPECT_TRUE(prefix->call.request.messages[1].prefix);
}

TEST(ChatRequest, ErrorsNameTheMember) {
  const struct {
    std::string_view body;
    std::string_view field;
  } cases[] = {
      {R"({"messages":[{"role":"user","content":"x"}]})", "model"},
      {R"({"model":1,"messages":[{"role":"user","content":"x"}]})", "model"},
      {R"({"model":"m"})", "messages"},
      {R"({"model":"m","messages":[]})", "messages"},
      {R"({"model":"m","messages":"x"})", "messages"},
      {R"({"model":"m","messages":[5]})", "messages[0]"},
      {R"({"model":"m","messages":[{"role":"king","content":"x"}]})", "messages[0].role"},
      {R"({"model":"m","messages":[{"role":"user"}]})", "messages[0].content"},
      {R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{}}]}]})",
       "messages[0].content[0].type"},
      {R"({"model":"m","messages":[{"role":"assistant","content":"a","prefix":true},{"role":"user","content":"x"}]})",
       "messages[0].prefix"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"temperature":3})",
       "temperature"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"temperature":"hot"})",
       "temperature"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"n":9})", "n"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":0})", "max_tokens"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"top_logprobs":2})",
       "top_logprobs"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function"}]})",
       "tools[0].function"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"a b"}}]})",
       "tools[0].function.name"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema"}})",
       "response_format.json_schema.schema"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"response_format":{"type":"regex"}})",
       "response_format.pattern"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"response_format":{"type":"yaml"}})",
       "response_format.type"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"stop":[1]})", "stop[0]"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"stop_token_ids":[1,-1]})",
       "stop_token_ids[1]"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"logit_bias":{"a":1}})",
       "logit_bias.a"},
      {R"({"model":"m","messages":[{"role":"user","content":"x"}],"thinking":{"type":"maybe"}})",
       "thinking.type"},
  };
  for (const auto& [body, field] : cases) {
    const auto chat = parse(body);
    ASSERT_FALSE(chat) << body;
    EXPECT_EQ(chat.error().field, field) << chat.error().to_string();
    EXPECT_EQ(chat.error().code, base::Code::kInvalidArgument);
  }
}

TEST(ChatRequest, NullMeansAbsent) {
  const auto chat = parse(
      R"({"model":"m","messages":[{"role":"user","content":"x","name":null}],"stop":null,"temperature":null,
          "max_tokens":null,"n":null,"tools":null,"response_format":null,"stream":null})");
  ASSERT_TRUE(chat) << chat.error().to_string();
  EXPECT_EQ(chat->call.answers, 1u);
}

}  // namespace
}  // namespace seine::gateway::openai
