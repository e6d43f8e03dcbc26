#include "engine/generate/text_decoder.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "base/text.h"

namespace seine::engine {
namespace {

// Every byte is a token, the last one ends generation.
std::shared_ptr<const Tokenizer> bytes_tokenizer() {
  std::string ranks;
  for (int i = 0; i < 256; ++i)
    ranks += base::base64(std::string(1, static_cast<char>(i))) + " " + std::to_string(i) + "\n";
  return Tokenizer::of_tiktoken(ranks, "gpt-2", false).value();
}

struct Outcome {
  std::string text;
  std::string reasoning;
  std::vector<llm::TokenLogprob> logprobs;
  std::optional<llm::Finish> finish;
  std::optional<base::Error> error;
};

// Feeds a decoder as the scheduler would, from a model that wants to say `script`.
class TextDecoderTest : public testing::Test {
 protected:
  TextDecoder::Parts parts(std::uint32_t tokens_max) {
    return {.stream = stream_,
            .tokenizer = tokenizer_.get(),
            .sampler = Sampler({.temperature = 0}, std::nullopt, 1),
            .constraint = nullptr,
            .sink = plain_text_sink(),
            .stops = {},
            .tokens_max = tokens_max};
  }

  // `drafts` guesses a step are right, as far as the script goes; one more is wrong.
  Outcome run(TextDecoder::Parts parts, std::string_view script, std::size_t drafts = 0) {
    TextDecoder decoder(std::move(parts));
    const std::size_t vocabulary = tokenizer_->size();
    std::size_t at = 0;
    TaskStats stats{.prompt_tokens = 5};
    for (bool done = false; !done && at < script.size();) {
      std::vector<TokenId> guesses;
      for (std::size_t i = 0; i < drafts && at + i < script.size(); ++i)
        guesses.push_back(static_cast<unsigned char>(script[at + i]));
      if (drafts > 0) guesses.push_back('~');
      std::vector<float> logits((guesses.size() + 1) * vocabulary, 0.0F);
      for (std::size_t row = 0; row <= guesses.size() && at + row < script.size(); ++row)
        logits[row * vocabulary + static_cast<unsigned char>(script[at + row])] = 9;
      const LaneLogits lane{.logits = logits, .drafts = guesses};
      const Decision decision = decoder.decide({&lane, 1});
      for (const Continuation& next : decision.lanes) at += next.tokens.size();
      done = decision.done;
      if (!done) decoder.after();
    }
    decoder.after();
    decoder.finish(std::nullopt, stats);
    return drain();
  }

  Outcome drain() {
    Outcome out;
    while (true) {
      llm::DeltaStream::Next next = stream_->try_next();
      if (next.error) out.error = next.error;
      if (!next.delta) return out;
      if (auto* text = std::get_if<llm::TextDelta>(&*next.delta)) {
        out.text += text->text;
        for (auto& logprob : text->logprobs) out.logprobs.push_back(logprob);
      } else if (auto* thought = std::get_if<llm::ReasoningDelta>(&*next.delta)) {
        out.reasoning += thought->text;
      } else if (auto* finish = std::get_if<llm::Finish>(&*next.delta)) {
        out.finish = *finish;
      }
    }
  }

  std::shared_ptr<const Tokenizer> tokenizer_ = bytes_tokenizer();
  std::shared_ptr<llm::DeltaStream> stream_ = std::make_shared<llm::DeltaStream>();
};

TEST_F(TextDecoderTest, EndsAtItsLengthWithWholeCharacters) {
  const Outcome out = run(parts(4), "é€uro");
  EXPECT_EQ(out.text, "é\uFFFD");  // the second character was cut by the limit
  ASSERT_TRUE(out.finish);
  EXPECT_EQ(out.finish->reason, llm::FinishReason::kLength);
  EXPECT_EQ(out.finish->stop_text, "");
  EXPECT_EQ(out.finish->usage.completion_tokens, 4U);
  EXPECT_EQ(out.finish->usage.prompt_tokens, 5U);
}

TEST_F(TextDecoderTest, StopsAtAStopStringHoweverItWasGuessed) {
  for (const std::size_t drafts : {0, 1, 3, 9}) {
    stream_ = std::make_shared<llm::DeltaStream>();
    TextDecoder::Parts given = parts(100);
    given.stops = {"THE END", "END", "more"};
    const Outcome out = run(std::move(given), "one two END and more of it", drafts);
    EXPECT_EQ(out.text, "one two ") << drafts;
    ASSERT_TRUE(out.finish);
    EXPECT_EQ(out.finish->reason, llm::FinishReason::kStop);
    EXPECT_EQ(out.finish->stop_text, "END");
    EXPECT_EQ(out.finish->usage.completion_tokens, 11U);
  }
}

TEST_F(TextDecoderTest, StopsAtAStopTokenHoweverItWasGuessed) {
  for (const std::size_t drafts : {0, 1, 3, 9}) {
    stream_ = std::make_shared<llm::DeltaStream>();
    TextDecoder::Parts given = parts(100);
    given.stop_tokens = {'#', '.'};
    const Outcome out = run(std::move(given), "one two. three # four", drafts);
    EXPECT_EQ(out.text, "one two") << drafts;
    ASSERT_TRUE(out.finish);
    EXPECT_EQ(out.finish->reason, llm::FinishReason::kStop);
    EXPECT_EQ(out.finish->usage.completion_tokens, 7U);
  }
}

// One draw a token, whether or not it was guessed: a guess changes neither the text nor the
// distribution that it is drawn from.
TEST_F(TextDecoderTest, DrawsAreTheSameHoweverTheyAreGuessed) {
  constexpr std::string_view kScript = "the quick brown fox jumps over the lazy dog, and so on";
  std::set<std::string> texts;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const auto tell = [&](std::size_t drafts) {
      stream_ = std::make_shared<llm::DeltaStream>();
      TextDecoder::Parts given = parts(kScript.size());
      // A logit of 9 against 255 of 0 at temperature 2: a quarter of the draws is the script's.
      given.sampler = Sampler({.temperature = 2}, std::nullopt, seed);
      return run(std::move(given), kScript, drafts).text;
    };
    const std::string alone = tell(0);
    for (const std::size_t drafts : {1, 3, 9}) EXPECT_EQ(tell(drafts), alone) << seed;
    texts.insert(alone);
  }
  EXPECT_EQ(texts.size(), 40U);
}

TEST_F(TextDecoderTest, TellsLogprobsOfEachToken) {
  TextDecoder::Parts given = parts(3);
  given.sampler = Sampler({.temperature = 0}, 2, 1);
  given.wants_logprobs = true;
  const Outcome out = run(std::move(given), "abcdef");
  EXPECT_EQ(out.text, "abc");
  ASSERT_EQ(out.logprobs.size(), 3U);
  EXPECT_EQ(out.logprobs[1].token, "b");
  EXPECT_EQ(out.logprobs[1].top.size(), 2U);
  EXPECT_LT(out.logprobs[1].logprob, 0);
}

TEST_F(TextDecoderTest, FoldsThinkingOutAndCountsIt) {
  TextDecoder::Parts given = parts(100);
  given.sink = parsed_text_sink({.thinking = true});
  given.stops = {"#"};
  const Outcome out = run(std::move(given), "hm, so</think>yes#");
  EXPECT_EQ(out.reasoning, "hm, so");
  EXPECT_EQ(out.text, "yes");
  ASSERT_TRUE(out.finish);
  EXPECT_GE(out.finish->usage.reasoning_tokens, 6U);
  EXPECT_LT(out.finish->usage.reasoning_tokens, out.finish->usage.completion_tokens);
}

TEST_F(TextDecoderTest, AnErrorTakesTheEndsPlace) {
  TextDecoder decoder(parts(5));
  decoder.finish(base::Error{base::Code::kDeadlineExceeded, "late"}, {});
  const Outcome out = drain();
  ASSERT_TRUE(out.error);
  EXPECT_EQ(out.error->message, "late");
  EXPECT_FALSE(out.finish);
}

}  // namespace
}  // namespace seine::engine
