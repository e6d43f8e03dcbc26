#include "gateway/grpc/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <seine/v1/generation.pb.h>

#include <limits>

namespace seine::gateway::grpc {
namespace {

using base::Code;
using ::testing::ElementsAre;

v1::GenerateRequest question() {
  v1::GenerateRequest request;
  request.set_model("m");
  v1::Message& message = *request.add_messages();
  message.set_role("user");
  message.set_content("hi");
  return request;
}

base::Result<Call> parse(const v1::GenerateRequest& request) {
  return parse_generate(request.SerializeAsString());
}

base::Error fault(const v1::GenerateRequest& request) {
  const auto call = parse(request);
  EXPECT_FALSE(call);
  return call ? base::Error{} : call.error();
}

// The events in a stream's bytes.
std::vector<v1::GenerateEvent> events(std::string_view bytes) {
  std::vector<v1::GenerateEvent> list;
  while (bytes.size() >= 5) {
    const std::size_t size =
        static_cast<unsigned char>(bytes[3]) * 256U + static_cast<unsigned char>(bytes[4]);
    const auto message = only_message(bytes.substr(0, 5 + size));
    EXPECT_TRUE(message);
    if (!message) break;
    EXPECT_TRUE(list.emplace_back().ParseFromString(std::string(*message)));
    bytes.remove_prefix(5 + size);
  }
  EXPECT_TRUE(bytes.empty());
  return list;
}

TEST(GrpcMessages, RequestsSayWhatChatCompletionsSay) {
  v1::GenerateRequest request = question();
  v1::Message& called = *request.add_messages();
  called.set_role("assistant");
  v1::ToolCall& call = *called.add_tool_calls();
  call.set_id("c1");
  call.set_name("weather");
  call.set_arguments("{}");
  v1::Message& result = *request.add_messages();
  result.set_role("tool");
  result.set_tool_call_id("c1");
  result.set_content("sunny");
  v1::Tool& tool = *request.add_tools();
  tool.set_name("weather");
  tool.set_parameters(R"({"type":"object","properties":{"b":{},"a":{}}})");
  tool.set_strict(true);
  request.mutable_tool_choice()->set_name("weather");
  request.set_parallel_tool_calls(false);
  request.mutable_response_format()->set_type("json_schema");
  request.mutable_response_format()->set_schema(R"({"type":"object"})");
  request.add_stop("\n\n");
  request.add_stop_token_ids(7);
  request.set_max_completion_tokens(50);
  request.set_n(2);
  request.set_seed(-7);
  request.set_temperature(0);
  request.set_top_k(40);
  (*request.mutable_logit_bias())[5] = -100;
  request.set_logprobs(true);
  request.set_top_logprobs(3);
  request.set_reasoning_effort("high");

  const auto parsed = parse(request);
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  const llm::ChatRequest& chat = parsed->request;
  EXPECT_EQ(chat.model, "m");
  ASSERT_EQ(chat.messages.size(), 3U);
  EXPECT_EQ(chat.messages[1].tool_calls, (std::vector<llm::ToolCall>{{"c1", "weather", "{}"}}));
  EXPECT_EQ(chat.messages[2].role, llm::Role::kTool);
  EXPECT_EQ(chat.messages[2].tool_call_id, "c1");
  ASSERT_EQ(chat.tools.size(), 1U);
  EXPECT_TRUE(chat.tools[0].strict);
  // Members keep the order of the schema, which decoding follows.
  EXPECT_EQ(chat.tools[0].parameters, R"({"type":"object","properties":{"b":{},"a":{}}})");
  EXPECT_EQ(chat.tool_choice.name, "weather");
  EXPECT_FALSE(chat.parallel_tool_calls);
  EXPECT_TRUE(std::holds_alternative<llm::JsonSchemaConstraint>(chat.constraint));
  EXPECT_THAT(chat.stop, ElementsAre("\n\n"));
  EXPECT_THAT(chat.stop_tokens, ElementsAre(7));
  EXPECT_EQ(chat.max_tokens, 50U);
  EXPECT_EQ(parsed->answers, 2U);
  EXPECT_EQ(chat.sampling.seed, static_cast<std::uint64_t>(-7));
  EXPECT_EQ(chat.sampling.temperature, 0);
  EXPECT_EQ(chat.sampling.top_k, 40U);
  EXPECT_EQ(chat.sampling.logit_bias.at(5), -100);
  EXPECT_EQ(chat.top_logprobs, 3U);
  EXPECT_EQ(chat.effort, llm::Effort::kHigh);
  EXPECT_FALSE(parsed->web);
}

TEST(GrpcMessages, HoldsAnAnswerToAPattern) {
  v1::GenerateRequest request = question();
  request.mutable_response_format()->set_type("regex");
  request.mutable_response_format()->set_pattern("[a-z]+");
  const auto parsed = parse(request);
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  EXPECT_EQ(std::get<llm::RegexConstraint>(parsed->request.constraint).pattern, "[a-z]+");
}

TEST(GrpcMessages, AsksTheWeb) {
  v1::GenerateRequest request = question();
  v1::WebSearchOptions& options = *request.mutable_web_search_options();
  options.set_search_context_size("high");
  options.set_country("FR");
  options.add_allowed_domains("example.org");
  const auto parsed = parse(request);
  ASSERT_TRUE(parsed) << parsed.error().to_string();
  EXPECT_EQ(parsed->web, (WebAsk{SearchContext::kHigh, {"example.org"}, "FR"}));
}

TEST(GrpcMessages, ErrorsNameTheFieldsOfTheProtoFile) {
  EXPECT_EQ(parse_generate("\xff\xff").error().code, Code::kInvalidArgument);
  v1::GenerateRequest request = question();
  request.mutable_messages(0)->set_role("king");
  EXPECT_EQ(fault(request).field, "messages[0].role");
  request = question();
  request.add_tools()->set_name("a b");
  EXPECT_EQ(fault(request).field, "tools[0].name");
  request.mutable_tools(0)->set_parameters("[]");
  EXPECT_EQ(fault(request).field, "tools[0].parameters");
  request = question();
  request.mutable_response_format()->set_type("json_schema");
  EXPECT_EQ(fault(request).field, "response_format.schema");
  request = question();
  request.mutable_web_search_options()->set_country("France");
  EXPECT_EQ(fault(request).field, "web_search_options.country");
  request = question();
  request.set_temperature(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(fault(request).field, "temperature");
  request.clear_temperature();
  request.clear_messages();
  EXPECT_EQ(fault(request).field, "messages");
}

TEST(GrpcMessages, WritesAnswersAsEvents) {
  GenerateEvents form({.id = "gen_1", .created_s = 5, .model = "m"}, 1);
  std::string out;
  form.begin(out);
  form.piece(out, 0, llm::ReasoningDelta{"hm"});
  form.piece(out, 0, llm::TextDelta{"yes", {{"\xe6", -0.5, {{"no", -2}}}}});
  form.piece(out, 0, llm::ToolCallDelta{.index = 1, .id = "c", .name = "f", .arguments = "{"});
  form.piece(out, 0,
             llm::Finish{llm::FinishReason::kLength,
                         {.prompt_tokens = 9, .cached_tokens = 4, .completion_tokens = 2}});
  form.end(out);
  const auto list = events(out);
  ASSERT_EQ(list.size(), 6U);
  EXPECT_EQ(list[0].started().id(), "gen_1");
  EXPECT_EQ(list[0].started().created(), 5);
  EXPECT_EQ(list[1].delta().reasoning_content(), "hm");
  EXPECT_EQ(list[2].delta().content(), "yes");
  EXPECT_EQ(list[2].delta().logprobs(0).token(), "\xe6");
  EXPECT_EQ(list[2].delta().logprobs(0).top_logprobs(0).logprob(), -2);
  EXPECT_EQ(list[3].delta().tool_calls(0).index(), 1U);
  EXPECT_EQ(list[3].delta().tool_calls(0).arguments(), "{");
  EXPECT_EQ(list[4].finish().finish_reason(), "length");
  EXPECT_EQ(list[5].usage().total_tokens(), 11U);
  EXPECT_EQ(list[5].usage().cached_tokens(), 4U);
  EXPECT_EQ(form.trailers().get("grpc-status"), "0");
}

TEST(GrpcMessages, CarriesTheWebAnswersStepsSourcesAndCitations) {
  GenerateEvents form({.id = "gen_1", .model = "m"}, 1);
  WebExtras extras;
  extras.citations.push_back({.start = 2, .end = 5, .url = "https://a.example/", .title = "A"});
  extras.seine = R"({"run_id":"run_1","chat_id":null,"by":"extractive","state":"done","text":"x",
    "steps":[{"id":1,"kind":"search","state":"done","title":"t","detail":{"q":1},"reason":null,"elapsed_ms":12}],
    "sources":[{"id":3,"url":"https://a.example/","title":"A","site":"a","state":"cited","reason":null,
                "published":null,"fetched_at":null,"age_s":0,"from":null,"snapshot":"abc","verdict":"ok"}],
    "citations":[{"marker":1,"start":2,"end":5,"source_id":3,"quote":"q","span":{"start":7,"end":8},"support":"yes"}],
    "timings":{"first_token_ms":1},"error":null})";
  std::string out;
  form.extras(out, extras);
  const auto list = events(out);
  ASSERT_EQ(list.size(), 1U);
  const v1::WebAnswer& answer = list[0].web_answer();
  EXPECT_EQ(answer.annotations(0).url(), "https://a.example/");
  EXPECT_EQ(answer.run_id(), "run_1");
  EXPECT_EQ(answer.steps(0).elapsed_ms(), 12);
  EXPECT_EQ(answer.sources(0).id(), 3U);
  EXPECT_EQ(answer.sources(0).snapshot(), "abc");
  EXPECT_EQ(answer.citations(0).span().end(), 8U);
  EXPECT_EQ(answer.citations(0).source_id(), 3U);
}

TEST(GrpcMessages, AFailureHalfWayIsTheStatus) {
  GenerateEvents form({.id = "gen_1", .model = "m"}, 1);
  std::string out;
  form.failure(out, {Code::kInternal, "broke"});
  EXPECT_TRUE(out.empty());
  EXPECT_EQ(form.trailers().get("grpc-status"), "13");
  EXPECT_EQ(form.trailers().get("grpc-message"), "broke");
}

}  // namespace
}  // namespace seine::gateway::grpc
