#include "engine/parse/output_parser.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/random.h"
#include "base/utf8.h"

namespace seine::engine {
namespace {

struct Call {
  std::string name;
  std::string arguments;
  bool operator==(const Call&) const = default;
};

// What the deltas join to.
struct Joined {
  std::string reasoning;
  std::string text;
  std::vector<Call> calls;
  bool operator==(const Joined&) const = default;
};

void PrintTo(const Joined& joined, std::ostream* out) {
  *out << "reasoning " << joined.reasoning << "|text " << joined.text;
  for (const Call& call : joined.calls) *out << "|" << call.name << " " << call.arguments;
}

Joined join(const std::vector<llm::Delta>& deltas) {
  Joined out;
  for (const llm::Delta& delta : deltas) {
    if (const auto* text = std::get_if<llm::TextDelta>(&delta)) {
      EXPECT_TRUE(base::is_valid_utf8(text->text));
      out.text += text->text;
    } else if (const auto* reasoning = std::get_if<llm::ReasoningDelta>(&delta)) {
      EXPECT_TRUE(base::is_valid_utf8(reasoning->text));
      out.reasoning += reasoning->text;
    } else if (const auto* call = std::get_if<llm::ToolCallDelta>(&delta)) {
      if (!call->id.empty()) {
        EXPECT_EQ(call->index, out.calls.size());
        EXPECT_EQ(call->id, fmt::format("call_{}", call->index));
        out.calls.push_back({call->name, ""});
      }
      EXPECT_EQ(call->index + 1, out.calls.size());
      out.calls.back().arguments += call->arguments;
    }
  }
  return out;
}

Joined parse(std::string_view text, const OutputOptions& options,
             const std::vector<std::size_t>& cuts = {}) {
  OutputParser parser(options);
  std::vector<llm::Delta> deltas;
  std::size_t from = 0;
  for (const std::size_t cut : cuts) {
    parser.push(text.substr(from, cut - from), deltas);
    from = cut;
  }
  parser.push(text.substr(from), deltas);
  parser.finish(deltas);
  EXPECT_EQ(parser.called(), !join(deltas).calls.empty());
  return join(deltas);
}

OutputOptions with(ToolFormat format, bool thinking = false) {
  return {.thinking = thinking, .tools = true, .format = format};
}

TEST(OutputParser, FoldsThinkingOut) {
  const OutputOptions open{.thinking = true};
  EXPECT_EQ(parse("\nhm, 2 < 3\n</think>\n\nYes.", open), (Joined{"hm, 2 < 3", "Yes.", {}}));
  EXPECT_EQ(parse("cut off in thou", open), (Joined{"cut off in thou", "", {}}));
  EXPECT_EQ(parse("<think>\nown\n</think>\n\nYes.", {}), (Joined{"own", "Yes.", {}}));
  EXPECT_EQ(parse("</think>Yes.", {}), (Joined{"", "Yes.", {}}));
  EXPECT_EQ(parse("I say <think> aloud\n", {}), (Joined{"", "I say <think> aloud\n", {}}));
  EXPECT_EQ(parse("  indented", {}), (Joined{"", "  indented", {}}));
}

TEST(OutputParser, DeepSeekR1) {
  const OutputOptions options = with(ToolFormat::kDeepSeekR1, true);
  EXPECT_EQ(
      parse("need it</think>\n\nOne moment.\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function"
            "<｜tool▁sep｜>get_weather\n```json\n{\"city\": \"上海 ```\"}\n```<｜tool▁call▁end｜>\n"
            "<｜tool▁call▁begin｜>function<｜tool▁sep｜>b\n```json\n{}\n```<｜tool▁call▁end｜>"
            "<｜tool▁calls▁end｜>",
            options),
      (Joined{
          "need it", "One moment.", {{"get_weather", "{\"city\": \"上海 ```\"}"}, {"b", "{}"}}}));
}

TEST(OutputParser, DeepSeekV31) {
  const OutputOptions options = with(ToolFormat::kDeepSeekV31);
  EXPECT_EQ(
      parse("<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"a\": [1, {\"b\": \"}\"}]}"
            "<｜tool▁call▁end｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>{}<｜tool▁call▁end｜>"
            "<｜tool▁calls▁end｜>",
            options),
      (Joined{"", "", {{"f", "{\"a\": [1, {\"b\": \"}\"}]}"}, {"function", "{}"}}}));
}

TEST(OutputParser, DeepSeekAsItDrifts) {
  const OutputOptions options = with(ToolFormat::kDeepSeekR1, true);
  const Joined expected{"a", "", {{"f", "{\"x\":1}"}}};
  for (const std::string_view text : {
           // no sign around the calls; no fence; no end; other bars; the call inside the thinking
           "a</"
           "think><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{\"x\":1}\n```<"
           "｜tool▁call▁end｜>",
           "a</think><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n{\"x\":1}"
           "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
           "a</think><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"x\":1}",
           "a</think><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f\n```\n{\"x\":1}\n```",
           "a</"
           "think><|tool_calls_begin|><|tool_call_begin|>f<|tool_sep|>{\"x\":1}<|tool_call_end|>",
           "a\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"x\":1}<"
           "｜tool▁call▁end｜>"
           "<｜tool▁calls▁end｜>",
       }) {
    EXPECT_EQ(parse(text, options), expected) << text;
  }
  EXPECT_EQ(parse("a</think><｜tool▁call▁begin｜>f<｜tool▁sep｜><｜tool▁call▁end｜>", options),
            (Joined{"a", "", {{"f", "{}"}}}))
      << "no arguments at all";
  EXPECT_EQ(parse("a</think><｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"x\":1}<｜tool▁call▁end｜>"
                  "<｜tool▁calls▁end｜>\nafterwards",
                  options),
            (Joined{"a", "afterwards", {{"f", "{\"x\":1}"}}}));
}

TEST(OutputParser, Dsml) {
  const OutputOptions options = with(ToolFormat::kDsml, true);
  const Joined out = parse(
      "t</think>Looking.\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n"
      "<｜DSML｜parameter name=\"q\" string=\"true\">say \"hi\"\n上海</｜DSML｜parameter>\n"
      "<｜DSML｜parameter name=\"n\" string=\"false\">[1, 2]</｜DSML｜parameter>\n"
      "<｜DSML｜parameter name=\"bad\" string=\"false\">oops</｜DSML｜parameter>\n"
      "</｜DSML｜invoke>\n<｜DSML｜invoke "
      "name=\"g\">\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
      options);
  EXPECT_EQ(out.text, "Looking.");
  ASSERT_EQ(out.calls.size(), 2U);
  EXPECT_EQ(out.calls[0].arguments, R"({"q": "say \"hi\"\n上海", "n": [1, 2], "bad": "oops"})");
  EXPECT_EQ(out.calls[1], (Call{"g", "{}"}));
}

TEST(OutputParser, Hermes) {
  const OutputOptions options = with(ToolFormat::kHermes);
  EXPECT_EQ(
      parse(
          "Let me look.\n<tool_call>\n{\"name\": \"f\", \"arguments\": {\"q\": \"</tool_call>\"}}\n"
          "</tool_call>\n<tool_call>\n{\"arguments\": {}, \"name\": \"g\"}\n</tool_call>",
          options),
      (Joined{"", "Let me look.", {{"f", "{\"q\": \"</tool_call>\"}"}, {"g", "{}"}}}));
  EXPECT_EQ(
      parse("<tool_call>{\"name\": \"f\", \"arguments\": \"{\\\"a\\\": 1}\"}</tool_call>", options),
      (Joined{"", "", {{"f", "{\"a\": 1}"}}}))
      << "JSON inside JSON";
  EXPECT_EQ(parse("<tool_call>{\"name\": \"f\"}", options), (Joined{"", "", {{"f", "{}"}}}));
  EXPECT_EQ(parse("the sign <tool_call> starts a call", options),
            (Joined{"", "the sign <tool_call> starts a call", {}}));
  EXPECT_EQ(parse("<tool_call>\n{\"no\": 1}\n</tool_call> end", options),
            (Joined{"", "<tool_call>\n{\"no\": 1}\n</tool_call>end", {}}))
      << "what names nothing is text";
}

TEST(OutputParser, WithoutToolsSignsAreText) {
  const std::string text = "<tool_call>{\"name\": \"f\"}</tool_call>";
  EXPECT_EQ(parse(text, {}), (Joined{"", text, {}}));
}

constexpr std::pair<ToolFormat, const char*> kOutputs[] = {
    {ToolFormat::kDeepSeekR1,
     "想一想 \n</think>\n\n好 <｜ no "
     "\n<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n"
     "```json\n{\"c\": "
     "\"é\\\"}\"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>g<｜tool▁sep｜>{\"a\":[]}"
     "<｜tool▁call▁end｜><｜tool▁calls▁end｜>\n 完 "},
    {ToolFormat::kDsml,
     "a</think>b <｜D \n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"f\">\n<｜DSML｜parameter "
     "name=\"q\" "
     "string=\"true\">é \"\\ <｜DS</｜DSML｜parameter>\n<｜DSML｜parameter name=\"n\" "
     "string=\"false\"> 5"
     "</｜DSML｜parameter></｜DSML｜invoke>\n</｜DSML｜function_calls>\nc"},
    {ToolFormat::kHermes,
     "t <tool_call> t\n</think>\n<tool_call> x <tool_c\n<tool_call>\n{\"name\": \"f\", "
     "\"arguments\": "
     "{\"q\": \"中\\n}\"}}\n</tool_call>\n<tool_call>{\"arguments\": {\"a\": 1}, \"name\": "
     "\"g\"}</tool_call>"
     "\n<tool_call>{\"x\"</tool_call>"},
};

TEST(OutputParser, AnyCutGivesTheSame) {
  base::SeededRandom random(4);
  for (const auto& [format, output] : kOutputs) {
    const std::string_view text = output;
    const OutputOptions options = with(format, true);
    const Joined whole = parse(text, options);
    EXPECT_GE(whole.calls.size(), 1U);
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      ASSERT_EQ(parse(text, options, {cut}), whole) << "cut at " << cut;
    }
    for (int round = 0; round < 300; ++round) {
      std::vector<std::size_t> cuts;
      for (std::size_t at = 0; at < text.size(); at += 1 + random.below(9)) cuts.push_back(at);
      ASSERT_EQ(parse(text, options, cuts), whole);
    }
    // Also where the model was cut off, at every place.
    for (std::size_t end = 0; end < text.size(); ++end) {
      const std::string_view part = text.substr(0, end);
      const Joined once = parse(part, options);
      std::vector<std::size_t> every;
      for (std::size_t at = 0; at < end; ++at) every.push_back(at);
      ASSERT_EQ(parse(part, options, every), once) << "ends at " << end;
    }
  }
}

// Arguments arrive while they are written, not at the end.
TEST(OutputParser, ArgumentsStream) {
  OutputParser parser(with(ToolFormat::kDeepSeekV31));
  std::vector<llm::Delta> deltas;
  parser.push("<｜tool▁call▁begin｜>f<｜tool▁sep｜>{\"text\": \"long", deltas);
  EXPECT_EQ(join(deltas).calls.at(0).arguments, "{\"text\": \"long");
  OutputParser hermes(with(ToolFormat::kHermes));
  deltas.clear();
  hermes.push("<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"b", deltas);
  EXPECT_EQ(join(deltas).calls.at(0).arguments, "{\"a\": \"b");
}

}  // namespace
}  // namespace seine::engine
