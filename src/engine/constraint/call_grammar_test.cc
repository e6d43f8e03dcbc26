// Whatever a grammar of calls lets through is read back by the parser of the model's form as calls
// of the tools that were given, with arguments that match.
#include "engine/constraint/call_grammar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/random.h"
#include "engine/constraint/compiler.h"
#include "engine/constraint/grammar_machine.h"
#include "engine/parse/output_parser.h"

namespace seine::engine {
namespace {

using base::Json;

constexpr std::string_view kSchema = R"({"type": "object", "properties": {
  "city": {"enum": ["Paris", "Lyon </b"]}, "days": {"type": "integer", "minimum": 1, "maximum": 9},
  "units": {"enum": ["C", "F"]}, "exact": {"type": "boolean"}},
  "required": ["city", "days", "units"], "additionalProperties": false})";

std::vector<llm::Tool> weather_tools() {
  return {
      {.name = "weather", .description = "", .parameters = std::string(kSchema), .strict = true},
      {.name = "now",
       .description = "",
       .parameters = R"({"type": "object", "properties": {}})",
       .strict = true}};
}

// Bytes, and the signs as tokens or not at all; id 1 ends.
std::shared_ptr<const Tokenizer> tokenizer(bool has_signs) {
  std::vector<std::string> tokens = {"<s>", "<end>"};
  std::vector<std::int64_t> kinds = {3, 3};
  for (const std::string_view sign : CallSigns::kAll) {
    if (!has_signs) break;
    tokens.emplace_back(sign);
    kinds.push_back(tokens.size() % 2 == 0 ? 3 : 4);  // control, and defined by the user
  }
  for (int byte = 0; byte < 256; ++byte) {
    tokens.push_back(fmt::format("<0x{:02X}>", byte));
    kinds.push_back(6);
  }
  const std::vector<double> scores(tokens.size(), 0);
  Metadata metadata;
  metadata.set("tokenizer.ggml.model", MetadataValue::of_string("llama"));
  metadata.set("tokenizer.ggml.tokens", MetadataValue::of_strings(tokens));
  metadata.set("tokenizer.ggml.token_type", MetadataValue::of_i32s(kinds));
  metadata.set("tokenizer.ggml.scores", MetadataValue::of_f32s(scores));
  metadata.set("tokenizer.ggml.bos_token_id", MetadataValue::of_u32(0));
  metadata.set("tokenizer.ggml.eos_token_id", MetadataValue::of_u32(1));
  metadata.set("tokenizer.ggml.add_space_prefix", MetadataValue::of_bool(false));
  return Tokenizer::of_gguf(metadata).value();
}

struct Read {
  std::string text;
  std::string reasoning;
  std::vector<llm::ToolCall> calls;
};

Read read(std::string_view text, const CallRules& rules) {
  OutputParser parser({.thinking = rules.thinking, .tools = true, .format = rules.format});
  std::vector<llm::Delta> deltas;
  parser.push(text, deltas);
  parser.finish(deltas);
  Read out;
  for (const llm::Delta& delta : deltas) {
    if (const auto* piece = std::get_if<llm::TextDelta>(&delta)) out.text += piece->text;
    if (const auto* piece = std::get_if<llm::ReasoningDelta>(&delta)) out.reasoning += piece->text;
    if (const auto* call = std::get_if<llm::ToolCallDelta>(&delta)) {
      if (call->index == out.calls.size())
        out.calls.push_back({.id = "", .name = call->name, .arguments = ""});
      out.calls.back().arguments += call->arguments;
    }
  }
  return out;
}

void expect_right(const llm::ToolCall& call) {
  const auto arguments = base::parse_json(call.arguments);
  ASSERT_TRUE(arguments) << call.name << " " << call.arguments;
  ASSERT_TRUE(arguments->is_object());
  if (call.name == "now") return;
  ASSERT_EQ(call.name, "weather");
  EXPECT_TRUE((*arguments)["city"] == "Paris" || (*arguments)["city"] == "Lyon </b")
      << call.arguments;
  EXPECT_TRUE((*arguments)["units"] == "C" || (*arguments)["units"] == "F");
  EXPECT_GE((*arguments)["days"].get<int>(), 1);
  EXPECT_LE((*arguments)["days"].get<int>(), 9);
  if (arguments->contains("exact")) {
    EXPECT_TRUE((*arguments)["exact"].is_boolean());
  }
}

constexpr ToolFormat kFormats[] = {ToolFormat::kDeepSeekR1, ToolFormat::kDeepSeekV31,
                                   ToolFormat::kDsml, ToolFormat::kHermes};

// A random answer under the rules; nothing when it did not end within the steps.
std::optional<std::string> walk(Constraint& constraint, const Tokenizer& vocabulary,
                                base::Random& random) {
  std::string out;
  for (int step = 0; step < 3000; ++step) {
    std::vector<TokenId> allowed;
    std::vector<TokenId> signs;
    constraint.mask().for_each([&](TokenId id) {
      allowed.push_back(id);
      if (vocabulary.bytes(id).size() > 1) signs.push_back(id);
    });
    if (allowed.empty()) {
      ADD_FAILURE() << "nothing may follow " << out;
      return std::nullopt;
    }
    const auto& from = !signs.empty() && random.below(8) == 0 ? signs : allowed;
    TokenId id = from[random.below(from.size())];
    // Signs that begin with a plain one would be met too seldom.
    const auto open = std::ranges::find(allowed, std::string_view("<"),
                                        [&](TokenId one) { return vocabulary.bytes(one); });
    if (open != allowed.end() && random.below(6) == 0) id = *open;
    EXPECT_TRUE(constraint.accept(id));
    if (constraint.ended()) return out;
    out += vocabulary.bytes(id);
  }
  return std::nullopt;
}

TEST(CallGrammar, WhatItLetsThroughIsReadAsTheCallsThatWereAskedFor) {
  base::SeededRandom random(11);
  for (const bool has_signs : {false, true}) {
    const auto vocabulary = tokenizer(has_signs);
    ConstraintCompiler compiler(vocabulary);
    for (const ToolFormat format : kFormats) {
      std::set<std::size_t> counts;
      for (int i = 0; i < 40; ++i) {
        const CallRules rules{
            .format = format, .tools = weather_tools(), .required = true, .several = i % 2 == 0};
        auto constraint = compiler.compile_calls(rules);
        ASSERT_TRUE(constraint) << constraint.error().message;
        const auto text = walk(**constraint, *vocabulary, random);
        if (!text) continue;
        const Read got = read(*text, rules);
        EXPECT_EQ(got.text, "") << *text;
        EXPECT_GE(got.calls.size(), 1U) << *text;
        counts.insert(got.calls.size());
        if (!rules.several) {
          EXPECT_EQ(got.calls.size(), 1U) << *text;
        }
        for (const llm::ToolCall& call : got.calls) {
          SCOPED_TRACE(*text);
          expect_right(call);
        }
      }
      EXPECT_GE(counts.size(), 2U) << static_cast<int>(format);  // one, and several
    }
  }
}

TEST(CallGrammar, TextBeforeACallSpellsNoSignAndCallsAreStillStrict) {
  base::SeededRandom random(5);
  const auto vocabulary = tokenizer(true);
  ConstraintCompiler compiler(vocabulary);
  for (const ToolFormat format : kFormats) {
    int called = 0;
    int silent = 0;
    for (int i = 0; i < 60; ++i) {
      const CallRules rules{.format = format,
                            .tools = weather_tools(),
                            .required = false,
                            .several = true,
                            .thinking = i % 3 == 0};
      auto constraint = compiler.compile_calls(rules);
      ASSERT_TRUE(constraint) << constraint.error().message;
      const auto text = walk(**constraint, *vocabulary, random);
      if (!text) continue;
      const Read got = read(*text, rules);
      ++(got.calls.empty() ? silent : called);
      for (const llm::ToolCall& call : got.calls) {
        SCOPED_TRACE(*text);
        expect_right(call);
      }
    }
    EXPECT_GT(called, 0) << static_cast<int>(format);
    EXPECT_GT(silent, 0) << static_cast<int>(format);
  }
}

// The forms as models write them, and what is none of them.
class Forms : public testing::Test {
 protected:
  bool matches(ToolFormat format, std::string_view text, bool required = true,
               bool several = true) {
    const CallSigns none(*tokenizer(false));
    const CallRules rules{
        .format = format, .tools = weather_tools(), .required = required, .several = several};
    auto grammar = call_grammar(rules, none);
    if (!grammar) {
      ADD_FAILURE() << grammar.error().message;
      return false;
    }
    const auto vocabulary = tokenizer(false);
    auto trie = std::make_shared<const TokenTrie>(TokenTrie::of(*vocabulary));
    GrammarMachine machine(*grammar, std::move(trie), {1});
    return machine.matches(text);
  }
};

constexpr std::string_view kArguments = R"({"city": "Paris", "days": 3, "units": "C"})";

TEST_F(Forms, DeepSeekR1) {
  const auto f = ToolFormat::kDeepSeekR1;
  const std::string call = fmt::format(
      "<｜tool▁call▁begin｜>function<｜tool▁sep｜>weather\n```json\n{}\n```<｜tool▁call▁end｜>",
      kArguments);
  const std::string begin = "<｜tool▁calls▁begin｜>";
  const std::string end = "<｜tool▁calls▁end｜>";
  EXPECT_TRUE(matches(f, begin + call + end));
  EXPECT_TRUE(matches(f, "\n\n" + begin + call + "\n" + call + end));
  EXPECT_FALSE(matches(f, begin + call + "\n" + call + end, true, false));
  EXPECT_FALSE(matches(f, "It rains." + begin + call + end));
  EXPECT_TRUE(matches(f, "It rains." + begin + call + end, false));
  EXPECT_TRUE(matches(f, "It rains.", false));
  EXPECT_FALSE(matches(f, "It rains."));
  EXPECT_FALSE(matches(f, begin + end));
  EXPECT_FALSE(matches(f, "<|tool_calls_begin|>" + call + end, false));
}

TEST_F(Forms, DeepSeekV31) {
  const auto f = ToolFormat::kDeepSeekV31;
  EXPECT_TRUE(matches(f, fmt::format("<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather"
                                     "<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
                                     kArguments)));
  EXPECT_FALSE(matches(f,
                       "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{}"
                       "<｜tool▁call▁end｜><｜tool▁calls▁end｜>"));
  EXPECT_FALSE(matches(f, fmt::format("<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>storm"
                                      "<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
                                      kArguments)));
}

TEST_F(Forms, Hermes) {
  const auto f = ToolFormat::kHermes;
  const std::string call = fmt::format(
      "<tool_call>\n{{\"name\": \"weather\", \"arguments\": {}}}\n</tool_call>", kArguments);
  EXPECT_TRUE(matches(f, call));
  EXPECT_TRUE(matches(f, call + "\n" + call));
  EXPECT_FALSE(matches(f, call + "\n" + call, true, false));
  EXPECT_TRUE(matches(f, "Let me see.\n" + call, false));
  EXPECT_FALSE(matches(f, "<tool_call>\n{\"name\": \"weather\"}\n</tool_call>", false));
}

TEST_F(Forms, Dsml) {
  const auto f = ToolFormat::kDsml;
  const std::string parameters =
      "<｜DSML｜parameter name=\"city\" string=\"false\">\"Paris\"</｜DSML｜parameter>\n"
      "<｜DSML｜parameter name=\"days\" string=\"false\">3</｜DSML｜parameter>\n"
      "<｜DSML｜parameter name=\"units\" string=\"true\">C</｜DSML｜parameter>\n";
  const auto block = [](const std::string& inside) {
    return "<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"weather\">\n" + inside +
           "</｜DSML｜invoke>\n</｜DSML｜function_calls>";
  };
  EXPECT_TRUE(matches(f, "\n\n" + block(parameters)));
  EXPECT_FALSE(matches(f, block("")));
  EXPECT_FALSE(matches(f, "<｜DSML｜invoke name=\"weather\">", false));
}

TEST(CallRules, AreMadeOnlyWhereTheyAreNeeded) {
  using Mode = llm::ToolChoice::Mode;
  llm::ChatRequest request;
  const auto rules = [&] { return CallRules::of(request, ToolFormat::kHermes, false); };
  EXPECT_FALSE(rules().value());
  request.tools = {{.name = "a", .description = "", .parameters = "{}"}};
  EXPECT_FALSE(rules().value());
  request.parallel_tool_calls = false;
  EXPECT_FALSE(rules().value()->several);
  request.parallel_tool_calls = true;
  request.tools.push_back({.name = "b", .description = "", .parameters = "{}", .strict = true});
  EXPECT_FALSE(rules().value()->required);
  request.tool_choice = {Mode::kNone, {}};
  EXPECT_FALSE(rules().value());
  request.tool_choice = {Mode::kNamed, "a"};
  ASSERT_TRUE(rules().value());
  EXPECT_TRUE(rules().value()->required);
  EXPECT_EQ(rules().value()->tools.size(), 1U);
  request.tool_choice.name = "c";
  EXPECT_EQ(rules().error().field, "tool_choice");
  request.tool_choice = {Mode::kRequired, {}};
  request.tools.clear();
  EXPECT_EQ(rules().error().field, "tool_choice");
}

TEST(CallRules, ErrorsNameTheTool) {
  const CallSigns none(*tokenizer(false));
  CallRules rules{
      .format = ToolFormat::kHermes,
      .tools = {{.name = "a", .description = "", .parameters = R"({"not": {}})", .strict = true}}};
  const auto unknown = call_grammar(rules, none);
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("tool 'a'"), std::string::npos);
  EXPECT_NE(unknown.error().message.find("not"), std::string::npos);
  rules.tools[0].name = "a<b";
  EXPECT_EQ(call_grammar(rules, none).error().field, "tools");
}

}  // namespace
}  // namespace seine::engine
