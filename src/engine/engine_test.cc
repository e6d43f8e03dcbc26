// The engine on the model that ships with Seine: what a person gets.
#include "engine/engine.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "engine/generate/local_generator.h"

namespace seine::engine {
namespace {

using base::Code;

const std::filesystem::path kModel =
    std::filesystem::path(SEINE_SOURCE_DIR) / "models/seine-mini/model.gguf";

struct Answer {
  std::string text;
  std::optional<base::Error> error;
  llm::Usage usage;
  std::vector<llm::TokenLogprob> logprobs;
};

Answer wait(llm::StreamReader& stream) {
  Answer out;
  while (true) {
    llm::DeltaStream::Next next = stream->next(base::Deadline::never());
    if (next.error) out.error = std::move(next.error);
    if (!next.delta) return out;
    if (auto* text = std::get_if<llm::TextDelta>(&*next.delta)) {
      out.text += text->text;
      out.logprobs = std::move(text->logprobs);
    } else if (const auto* finish = std::get_if<llm::Finish>(&*next.delta)) {
      out.usage = finish->usage;
    }
  }
}

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kModel)) GTEST_SKIP() << "skipped: no shipped model";
  }
  std::shared_ptr<LocalGenerator> make(SchedulerSettings scheduler = {}) {
    auto engine = Engine::load(
        kModel, {.id = "seine-mini", .kv_tokens = 8192, .threads = 2, .scheduler = scheduler},
        {clock_, random_, metrics_}, {}, {});
    if (!engine) {
      ADD_FAILURE() << engine.error().message;
      return nullptr;
    }
    return LocalGenerator::of(*std::move(engine)).value();
  }
  static llm::ChatRequest ask(std::string question, std::vector<std::string> passages) {
    llm::ChatRequest request;
    request.messages = {{.role = llm::Role::kUser, .content = std::move(question)}};
    request.constraint = llm::SpanConstraint{std::move(passages)};
    request.sampling.seed = 3;
    return request;
  }
  static llm::ChatRequest chat(std::string text, std::uint32_t tokens) {
    llm::ChatRequest request;
    request.messages = {{.role = llm::Role::kUser, .content = std::move(text)}};
    request.sampling.temperature = 0;
    request.max_tokens = tokens;
    return request;
  }

  base::SystemClock clock_;
  base::SystemRandom random_;
  base::Metrics metrics_;
};

const std::vector<std::string> kRivers = {
    "Loire: The Loire is the longest river in France, with a length of 1,006 kilometres.",
    "Seine: The Seine is a river in northern France. It is 777 kilometres long and rises at Dijon.",
    "Cats: Cats sleep for most of the day."};

TEST_F(EngineTest, AnswersAreLiteralAndCited) {
  const auto generator = make();
  ASSERT_TRUE(generator);
  EXPECT_TRUE(generator->models()[0].cites_spans);
  auto stream = generator->generate(ask("How many kilometres long is the Seine?", kRivers),
                                    base::Deadline::never());
  ASSERT_TRUE(stream) << stream.error().message;
  const Answer answer = wait(*stream);
  ASSERT_FALSE(answer.error);
  const std::size_t mark = answer.text.rfind(" [");
  ASSERT_NE(mark, std::string::npos) << answer.text;
  const auto cited = static_cast<std::size_t>(answer.text[mark + 2] - '1');
  ASSERT_LT(cited, kRivers.size());
  EXPECT_NE(kRivers[cited].find(answer.text.substr(0, mark)), std::string::npos) << answer.text;
  EXPECT_EQ(answer.usage.completion_tokens, answer.logprobs.size());
  EXPECT_GT(answer.usage.prompt_tokens, 60U);
}

TEST_F(EngineTest, OutputIsTheSameAloneTogetherAndInChunks) {
  std::vector<std::string> alone;
  const std::vector<std::string> questions = {"What is the capital of France?", "谁写了这本书？",
                                              "Where does the river rise?"};
  {
    const auto generator = make({.draft_tokens_max = 0, .prefix_cache = false});
    ASSERT_TRUE(generator);
    for (const std::string& question : questions) {
      auto stream = generator->generate(chat(question, 12), base::Deadline::never());
      ASSERT_TRUE(stream);
      alone.push_back(wait(*stream).text);
    }
  }
  const auto generator = make({.chunk_tokens = 3});
  ASSERT_TRUE(generator);
  for (int round = 0; round < 2; ++round) {  // the second time from the prefix cache
    std::vector<llm::StreamReader> streams;
    for (const std::string& question : questions) {
      auto stream = generator->generate(chat(question, 12), base::Deadline::never());
      ASSERT_TRUE(stream);
      streams.push_back(*std::move(stream));
    }
    for (std::size_t i = 0; i < streams.size(); ++i) {
      const Answer answer = wait(streams[i]);
      EXPECT_EQ(answer.text, alone[i]);
      if (round == 1) {
        EXPECT_GT(answer.usage.cached_tokens, 0U);
      }
    }
  }
}

TEST_F(EngineTest, RefusesWithTheNumbers) {
  const auto generator = make();
  ASSERT_TRUE(generator);
  const auto refused = [&](llm::ChatRequest request) {
    const auto stream = generator->generate(std::move(request), base::Deadline::never());
    return stream ? base::Error{} : stream.error();
  };
  EXPECT_EQ(refused(chat("x", 4'000)).code, Code::kInvalidArgument);
  EXPECT_EQ(refused(ask("x", {})).message, "0 passages, there must be 1 to 64");
  llm::ChatRequest other = chat("x", 1);
  other.model = "nobody";
  EXPECT_EQ(refused(other).code, Code::kNotFound);
  std::string long_question;
  for (int i = 0; i < 3'000; ++i) long_question += "word ";
  EXPECT_EQ(refused(ask(long_question, {"text"})).code, Code::kInvalidArgument);
}

TEST_F(EngineTest, CountsThePromptThatItWouldRead) {
  const auto generator = make();
  ASSERT_TRUE(generator);
  llm::ChatRequest request = chat("How many kilometres long is the Seine?", 4);
  request.messages.insert(request.messages.begin(),
                          {.role = llm::Role::kSystem, .content = kRivers[1]});
  const auto counted = generator->count_tokens(request);
  ASSERT_TRUE(counted) << counted.error().message;
  auto stream = generator->generate(request, base::Deadline::never());
  ASSERT_TRUE(stream);
  EXPECT_EQ(wait(*stream).usage.prompt_tokens, *counted);
  request.messages.clear();
  EXPECT_EQ(generator->count_tokens(request).error().field, "messages");
}

TEST_F(EngineTest, DeadlinesEndStreamsAndSoDoesTheEngine) {
  auto generator = make();
  ASSERT_TRUE(generator);
  auto late = generator->generate(chat("a", 50), base::Deadline::at(clock_.now()));
  ASSERT_TRUE(late);
  EXPECT_EQ(wait(*late).error->code, Code::kDeadlineExceeded);
}

}  // namespace
}  // namespace seine::engine
