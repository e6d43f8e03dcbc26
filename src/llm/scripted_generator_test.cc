#include "llm/scripted_generator.h"

#include <gtest/gtest.h>

namespace seine::llm {
namespace {

using namespace std::chrono_literals;

ChatRequest ask(std::string text) {
  return {.model = "scripted", .messages = {{Role::kUser, std::move(text)}}};
}

std::string read_all(StreamReader& reader, std::optional<base::Error>* error = nullptr) {
  std::string text;
  while (true) {
    const DeltaStream::Next next = reader->next(base::Deadline::never());
    if (next.state == DeltaStream::State::kEnded) {
      if (error != nullptr) *error = next.error;
      return text;
    }
    if (const auto* piece = std::get_if<TextDelta>(&*next.delta)) text += piece->text;
  }
}

TEST(ScriptedGenerator, PlaysItsScriptToEveryReader) {
  ScriptedGenerator generator(script_of("the quick brown fox", 1ms));
  std::vector<StreamReader> readers;
  for (int i = 0; i < 50; ++i)
    readers.push_back(*generator.generate(ask("go"), base::Deadline::never()));
  for (StreamReader& reader : readers) EXPECT_EQ(read_all(reader), "the quick brown fox");
  EXPECT_EQ(generator.counts().finished, 50u);
  EXPECT_EQ(generator.requests().back().messages[0].content, "go");
}

TEST(ScriptedGenerator, FailsWhereTheScriptSays) {
  ScriptedGenerator generator(
      {Delta(TextDelta{"half"}), base::Error{base::Code::kInternal, "boom"}});
  StreamReader reader = *generator.generate(ask("go"), base::Deadline::never());
  std::optional<base::Error> error;
  EXPECT_EQ(read_all(reader, &error), "half");
  EXPECT_EQ(error->message, "boom");
}

TEST(ScriptedGenerator, NoticesThatTheReaderHasGone) {
  ScriptedGenerator generator({base::Duration(1h), Delta(TextDelta{"never"})});
  {
    const StreamReader reader = *generator.generate(ask("go"), base::Deadline::never());
  }
  EXPECT_TRUE(generator.wait_for([](const auto& counts) { return counts.cancelled == 1; },
                                 base::Deadline::never()));
  EXPECT_EQ(generator.counts().active, 0u);
}

TEST(ScriptedGenerator, EndsAtTheDeadline) {
  ScriptedGenerator generator({base::Duration(1h)});
  StreamReader reader =
      *generator.generate(ask("go"), base::Deadline::at(std::chrono::steady_clock::now()));
  std::optional<base::Error> error;
  read_all(reader, &error);
  EXPECT_EQ(error->code, base::Code::kDeadlineExceeded);
}

TEST(ScriptedGenerator, RefusesUnknownModelsAndTooManyStreams) {
  ScriptedGenerator generator({base::Duration(1h)}, {.streams_max = 1});
  ChatRequest wrong = ask("go");
  wrong.model = "other";
  EXPECT_EQ(generator.generate(wrong, base::Deadline::never()).error().code, base::Code::kNotFound);
  const auto first = generator.generate(ask("go"), base::Deadline::never());
  EXPECT_EQ(generator.generate(ask("go"), base::Deadline::never()).error().message,
            "1 answers are running, the limit is 1");
}

TEST(ScriptedGenerator, ShuttingDownEndsRunningStreams) {
  auto generator = std::make_unique<ScriptedGenerator>(Script{base::Duration(1h)});
  StreamReader reader = *generator->generate(ask("go"), base::Deadline::never());
  generator.reset();
  std::optional<base::Error> error;
  read_all(reader, &error);
  EXPECT_EQ(error->code, base::Code::kUnavailable);
}

}  // namespace
}  // namespace seine::llm
