#include "llm/stream.h"

#include <gtest/gtest.h>

#include <thread>

namespace seine::llm {
namespace {

using State = DeltaStream::State;

TEST(DeltaStream, DeliversInOrderAndEndsOnce) {
  DeltaStream stream;
  EXPECT_EQ(stream.try_next().state, State::kWaiting);
  stream.push(ReasoningDelta{"hm"});
  stream.push(TextDelta{"hi"});
  stream.push(Finish{FinishReason::kLength, {.completion_tokens = 2}});
  stream.push(TextDelta{"late"});
  EXPECT_EQ(*stream.try_next().delta, Delta(ReasoningDelta{"hm"}));
  EXPECT_EQ(*stream.try_next().delta, Delta(TextDelta{"hi"}));
  EXPECT_EQ(std::get<Finish>(*stream.try_next().delta).usage.completion_tokens, 2u);
  const DeltaStream::Next end = stream.try_next();
  EXPECT_EQ(end.state, State::kEnded);
  EXPECT_FALSE(end.error);
}

TEST(DeltaStream, ErrorsComeAfterWhatWasSent) {
  DeltaStream stream;
  stream.push(TextDelta{"part"});
  stream.fail({base::Code::kUnavailable, "gone"});
  EXPECT_EQ(stream.try_next().state, State::kPiece);
  EXPECT_EQ(stream.try_next().error->message, "gone");
}

TEST(DeltaStream, ASlowReaderCostsItsOwnTextOnly) {
  DeltaStream stream;
  std::string sent;
  for (int i = 0; i < 10'000; ++i) {
    stream.push(TextDelta{std::to_string(i)});
    sent += std::to_string(i);
  }
  stream.push(ToolCallDelta{0, "c1", "f", "{"});
  stream.push(ToolCallDelta{0, "", "", "}"});
  stream.push(Finish{});
  std::string received;
  std::size_t pieces = 0;
  ToolCallDelta call;
  while (true) {
    const DeltaStream::Next next = stream.try_next();
    if (next.state != State::kPiece) break;
    ++pieces;
    if (const auto* text = std::get_if<TextDelta>(&*next.delta)) received += text->text;
    if (const auto* piece = std::get_if<ToolCallDelta>(&*next.delta)) call = *piece;
  }
  EXPECT_EQ(received, sent);
  EXPECT_LE(pieces, DeltaStream::kPiecesMax + 2);
  EXPECT_EQ(call, (ToolCallDelta{0, "c1", "f", "{}"}));
}

TEST(DeltaStream, NotifiesOnceAndAtOnceWhenThereIsNews) {
  DeltaStream stream;
  int calls = 0;
  stream.notify_once([&calls] { ++calls; });
  EXPECT_EQ(calls, 0);
  stream.push(TextDelta{"a"});
  stream.push(TextDelta{"b"});
  EXPECT_EQ(calls, 1);
  stream.notify_once([&calls] { ++calls; });
  EXPECT_EQ(calls, 2);
}

TEST(DeltaStream, DroppingTheReaderCancels) {
  auto stream = std::make_shared<DeltaStream>();
  const std::stop_token stop = stream->stop_token();
  {
    StreamReader reader(stream);
    StreamReader moved = std::move(reader);
    EXPECT_FALSE(stop.stop_requested());
  }
  EXPECT_TRUE(stop.stop_requested());
  EXPECT_EQ(stream->try_next().error->code, base::Code::kCancelled);
}

TEST(DeltaStream, BlocksUntilNewsOrDeadline) {
  DeltaStream stream;
  EXPECT_EQ(stream.next(base::Deadline::at(std::chrono::steady_clock::now())).state,
            State::kWaiting);
  std::jthread producer([&stream] { stream.push(Finish{}); });
  EXPECT_EQ(stream.next(base::Deadline::never()).state, State::kPiece);
}

}  // namespace
}  // namespace seine::llm
