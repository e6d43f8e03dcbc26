// Calls of tools from tiny models with random weights, in the forms of DeepSeek and of Qwen: who
// must call calls, and only with arguments that match.
#include <gtest/gtest.h>

#include "base/json.h"
#include "engine/constraint/call_grammar.h"
#include "engine/formats/test_dir.h"
#include "engine/generate/local_generator.h"
#include "engine/model/tiny_file.h"

namespace seine::engine {
namespace {

using Mode = llm::ToolChoice::Mode;

struct Form {
  const char* family;
  const SynthShape& shape;
  bool has_signs;  // the vocabulary has tokens for the form's signs
};

struct Said {
  std::string text;
  std::vector<llm::ToolCall> calls;
  std::optional<llm::Finish> finish;
  std::optional<base::Error> error;
};

class ToolCalls : public testing::TestWithParam<Form> {
 protected:
  void SetUp() override {
    const Form& form = GetParam();
    SynthShape shape = form.shape;
    shape.context = 2048;
    Metadata metadata = synth_metadata(shape);
    metadata.set("tokenizer.chat_template",
                 MetadataValue::of_string(*ChatTemplate::builtin(form.family)));
    if (form.has_signs) {
      auto tokens = metadata.strings("tokenizer.ggml.tokens").value();
      std::vector<std::string> texts(tokens.begin(), tokens.end());
      std::vector<std::int64_t> kinds(texts.size(), 1);
      kinds.back() = 3;
      for (std::size_t i = 0; i < CallSigns::kAll.size(); ++i) {
        texts[300 + i] = CallSigns::kAll[i];
        kinds[300 + i] = 3;
      }
      metadata.set("tokenizer.ggml.tokens", MetadataValue::of_strings(std::move(texts)));
      metadata.set("tokenizer.ggml.token_type", MetadataValue::of_i32s(std::move(kinds)));
    }
    const auto path = directory_.path() / "tiny.gguf";
    tiny::write_gguf(shape, path, metadata);
    auto engine = Engine::load(path, {.id = "tiny", .kv_tokens = 4096, .threads = 2},
                               {clock_, random_, metrics_}, {}, {});
    ASSERT_TRUE(engine) << engine.error().message;
    generator_ = LocalGenerator::of(*std::move(engine)).value();
  }

  static llm::ChatRequest request(std::uint64_t seed) {
    llm::ChatRequest out;
    out.messages = {{.role = llm::Role::kUser, .content = "Is it warm?"}};
    out.tools = {{.name = "weather",
                  .description = "The weather of a city",
                  .parameters = R"({"type": "object", "properties": {
                    "city": {"enum": ["Paris", "Lyon"]},
                    "days": {"type": "integer", "minimum": 1, "maximum": 9}},
                    "required": ["city", "days"], "additionalProperties": false})",
                  .strict = true},
                 {.name = "time",
                  .description = "",
                  .parameters = R"({"type": "object", "properties": {}})",
                  .strict = true}};
    out.tool_choice = {Mode::kRequired, {}};
    out.sampling.seed = seed;
    out.sampling.temperature = 1;
    out.effort = llm::Effort::kOff;
    out.max_tokens = 800;
    return out;
  }

  Said ask(llm::ChatRequest request) {
    Said out;
    auto stream = generator_->generate(std::move(request), base::Deadline::never());
    if (!stream) {
      out.error = stream.error();
      return out;
    }
    while (true) {
      llm::DeltaStream::Next next = (*stream)->next(base::Deadline::never());
      if (next.error) out.error = next.error;
      if (!next.delta) return out;
      if (const auto* text = std::get_if<llm::TextDelta>(&*next.delta)) out.text += text->text;
      if (const auto* call = std::get_if<llm::ToolCallDelta>(&*next.delta)) {
        if (call->index == out.calls.size())
          out.calls.push_back({.id = call->id, .name = call->name, .arguments = ""});
        out.calls.back().arguments += call->arguments;
      }
      if (const auto* finish = std::get_if<llm::Finish>(&*next.delta)) out.finish = *finish;
    }
  }

  TestDir directory_;
  base::SystemClock clock_;
  base::SystemRandom random_;
  base::Metrics metrics_;
  std::shared_ptr<LocalGenerator> generator_;
};

void expect_matches(const llm::ToolCall& call) {
  const auto json = base::parse_json(call.arguments);
  ASSERT_TRUE(json) << call.name << ": " << call.arguments;
  if (call.name == "time") {
    EXPECT_TRUE(json->empty());
    return;
  }
  ASSERT_EQ(call.name, "weather");
  EXPECT_EQ(json->size(), 2U);
  EXPECT_TRUE((*json)["city"] == "Paris" || (*json)["city"] == "Lyon") << call.arguments;
  EXPECT_GE((*json)["days"].get<int>(), 1);
  EXPECT_LE((*json)["days"].get<int>(), 9);
}

TEST_P(ToolCalls, WhoMustCallCalls) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    llm::ChatRequest wanted = request(seed);
    wanted.parallel_tool_calls = seed % 2 == 0;
    const Said said = ask(wanted);
    ASSERT_FALSE(said.error) << said.error->message;
    EXPECT_EQ(said.text, "");
    ASSERT_GE(said.calls.size(), 1U);
    const bool is_whole = said.finish->reason == llm::FinishReason::kToolCalls;
    if (!wanted.parallel_tool_calls) {
      EXPECT_TRUE(is_whole);
      EXPECT_EQ(said.calls.size(), 1U);
    }
    // The last of many may have been cut by the length.
    for (std::size_t i = 0; i + (is_whole ? 0 : 1) < said.calls.size(); ++i)
      expect_matches(said.calls[i]);
  }
}

TEST_P(ToolCalls, OneThatIsNamedIsTheOnlyOneCalled) {
  llm::ChatRequest wanted = request(7);
  wanted.tool_choice = {Mode::kNamed, "time"};
  wanted.parallel_tool_calls = false;
  const Said said = ask(wanted);
  ASSERT_FALSE(said.error) << said.error->message;
  ASSERT_EQ(said.calls.size(), 1U);
  EXPECT_EQ(said.calls[0].name, "time");
  EXPECT_EQ(said.finish->reason, llm::FinishReason::kToolCalls);
  wanted.tool_choice.name = "nobody";
  EXPECT_EQ(ask(wanted).error->field, "tool_choice");
}

TEST_P(ToolCalls, AFormOfTheAnswerLeavesCallsPossible) {
  int answers = 0;
  int calls = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    llm::ChatRequest wanted = request(seed);
    wanted.tool_choice = {};
    wanted.parallel_tool_calls = false;
    wanted.constraint = llm::RegexConstraint{"yes|no"};
    const Said said = ask(wanted);
    ASSERT_FALSE(said.error) << said.error->message;
    if (said.calls.empty()) {
      EXPECT_TRUE(said.text == "yes" || said.text == "no") << said.text;
      ++answers;
    } else {
      expect_matches(said.calls[0]);
      ++calls;
    }
  }
  EXPECT_EQ(answers + calls, 12);
}

TEST_P(ToolCalls, ASchemaThatCannotBeKeptIsRefused) {
  llm::ChatRequest wanted = request(1);
  wanted.tools[0].parameters = R"({"type": "object", "patternProperties": {}})";
  const Said said = ask(wanted);
  ASSERT_TRUE(said.error);
  EXPECT_NE(said.error->message.find("weather"), std::string::npos);
  EXPECT_NE(said.error->message.find("patternProperties"), std::string::npos);
}

TEST_P(ToolCalls, APatternThatCannotBeReadIsNamed) {
  llm::ChatRequest wanted = request(1);
  wanted.tools.clear();
  wanted.tool_choice = {};
  wanted.constraint = llm::RegexConstraint{"yes|(no"};
  const Said said = ask(wanted);
  ASSERT_TRUE(said.error);
  EXPECT_EQ(said.error->field, "response_format.pattern");
}

INSTANTIATE_TEST_SUITE_P(Forms, ToolCalls,
                         testing::Values(Form{"deepseek-r1", tiny::kDeepSeek, true},
                                         Form{"deepseek-v3.1", tiny::kDeepSeek, false},
                                         Form{"deepseek-v3.1", tiny::kDeepSeek, true},
                                         Form{"deepseek-v3.2", tiny::kDeepSeek, true},
                                         Form{"chatml", tiny::kQwen, false},
                                         Form{"chatml", tiny::kQwen, true}),
                         [](const auto& each) {
                           std::string name = each.param.family;
                           for (char& c : name)
                             c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           return name + (each.param.has_signs ? "_tokens" : "_text");
                         });

}  // namespace
}  // namespace seine::engine
