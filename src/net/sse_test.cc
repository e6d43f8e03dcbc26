#include "net/sse.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace seine::net {
namespace {

std::vector<SseEvent> parse(std::string_view text, std::size_t cut) {
  SseParser parser;
  std::vector<SseEvent> events;
  for (std::size_t at = 0; at < text.size(); at += cut) {
    EXPECT_TRUE(parser.feed(text.substr(at, cut)));
    while (auto event = parser.next()) events.push_back(*event);
  }
  return events;
}

TEST(Sse, ExamplesOfTheStandardAtEveryCut) {
  const std::string text =
      "\xEF\xBB\xBF: test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
      "data:  third event\r\n\r\ndata\n\ndata\ndata\n\ndata: open";
  for (std::size_t cut = 1; cut <= text.size(); ++cut) {
    const auto events = parse(text, cut);
    ASSERT_EQ(events.size(), 5U) << cut;
    EXPECT_EQ(events[0], (SseEvent{.data = "first event", .id = "1"}));
    EXPECT_EQ(events[1], (SseEvent{.data = "second event"}));
    EXPECT_EQ(events[2].data, " third event");
    EXPECT_EQ(events[3].data, "");
    EXPECT_EQ(events[4].data, "\n");
  }
}

TEST(Sse, WhatIsWrittenIsRead) {
  base::SeededRandom random(3);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    std::vector<SseEvent> written;
    for (int i = 0; i < 3; ++i) {
      SseEvent event;
      for (std::uint64_t n = random.below(12); n > 0; --n)
        event.data += "ab\n: \xE4"[random.below(6)];
      if (random.below(2) == 0) event.event = "kind";
      event.id = std::to_string(i);
      append_sse(text, event);
      append_sse_comment(text, "keep\nalive");
      written.push_back(event);
    }
    EXPECT_EQ(parse(text, 1 + random.below(9)), written);
  }
}

TEST(Sse, FieldsCannotBeForged) {
  std::string text;
  append_sse(text, {.event = "a\nid: 9", .data = "x", .id = "1\r\ndata: y"});
  const auto events = parse(text, text.size());
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0], (SseEvent{.event = "aid: 9", .data = "x", .id = "1data: y"}));
}

TEST(Sse, CarriageReturnsAreLineEnds) {
  std::string text;
  append_sse_data(text, "a\rb\r\nc");
  EXPECT_EQ(text, "data: a\ndata: b\ndata: c\n\n");
}

TEST(Sse, AnEventIsBounded) {
  SseParser parser(100);
  EXPECT_TRUE(parser.feed("data: " + std::string(90, 'x')));
  const auto outcome = parser.feed(std::string(20, 'x'));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, base::Code::kResourceExhausted);
}

}  // namespace
}  // namespace seine::net
