#include "engine/spans/span_reader.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/formats/metadata.h"

namespace seine::engine {
namespace {

// Ids 0 and 1 are the controls, 2 to 4 are words.
std::shared_ptr<const Tokenizer> words() {
  Metadata metadata;
  metadata.set("tokenizer.ggml.model", MetadataValue::of_string("llama"));
  metadata.set("tokenizer.ggml.tokens",
               MetadataValue::of_strings({"<s>", "</s>", " red", "green", "blue"}));
  metadata.set("tokenizer.ggml.token_type", MetadataValue::of_i32s({3, 3, 1, 1, 1}));
  metadata.set("tokenizer.ggml.scores", MetadataValue::of_f32s(std::vector<double>(5)));
  return Tokenizer::of_gguf(metadata).value();
}

SpanPart part(std::size_t passage, TokenId word, double total, double refusal) {
  return {.passages = {passage},
          .outcome = {.refusal = refusal,
                      .candidates = {{.tokens = {word}, .logprobs = {total, 0}, .total = total}}}};
}

TEST(ChooseSpan, ThePassageThatSeemsToHoldAnAnswerGoesBeforeTheLikelierSpan) {
  const auto tokenizer = words();
  const SpanReading reading{.parts = {part(0, 3, -1.0, 0.6), part(1, 2, -1.8, 0.05)}, .usage = {}};
  const SpanQuestion question{.question = "Which colour?", .passages = {"green", "it is red"}};
  const auto answer = choose_span(reading, question, *tokenizer, {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text, "red");
  EXPECT_EQ(answer->passage, 1U);
  EXPECT_DOUBLE_EQ(answer->refusal, 0.05);
  ASSERT_EQ(answer->logprobs.size(), 2U);
  EXPECT_EQ(answer->logprobs.back().token, "[2]");
}

TEST(ChooseSpan, APriorMovesTheChoice) {
  const auto tokenizer = words();
  const SpanReading reading{.parts = {part(0, 3, -1.0, 0.1), part(1, 4, -1.2, 0.1)}, .usage = {}};
  SpanQuestion question{.question = "Which colour?", .passages = {"green", "blue"}};
  EXPECT_EQ(choose_span(reading, question, *tokenizer, {})->text, "green");
  question.priors = {0, 0.5};
  EXPECT_EQ(choose_span(reading, question, *tokenizer, {})->text, "blue");
}

TEST(ChooseSpan, RefusesWhereEvenTheBestPassageSeemsToHoldNoAnswer) {
  const auto tokenizer = words();
  const SpanReading reading{.parts = {part(0, 3, -0.5, 0.5), part(1, 4, -0.5, 0.9)}, .usage = {}};
  SpanQuestion question{.question = "Which colour?", .passages = {"green", "blue"}};
  const SpanSettings strict{.refusal_max = 0.4, .refusal_max_zh = 0.6};
  EXPECT_FALSE(choose_span(reading, question, *tokenizer, strict));
  question.question = "什么颜色？";
  EXPECT_TRUE(choose_span(reading, question, *tokenizer, strict));
}

TEST(ChooseSpan, CertaintyIsNoInfinity) {
  const auto tokenizer = words();
  const SpanReading reading{.parts = {part(0, 3, -0.5, 0), part(1, 4, -0.1, 0)}, .usage = {}};
  const SpanQuestion question{.question = "?", .passages = {"green", "blue"}};
  const auto answer = choose_span(reading, question, *tokenizer, {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->text, "blue");
  EXPECT_TRUE(std::isfinite(answer->score));
  EXPECT_FALSE(choose_span({}, question, *tokenizer, {}));
}

}  // namespace
}  // namespace seine::engine
