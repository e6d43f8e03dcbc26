#include "base/log.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/json.h"

namespace seine::base {
namespace {

class Lines final : public LogOutput {
 public:
  void write(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

struct Fixture {
  explicit Fixture(LogFormat format, Level level = Level::kInfo)
      : sink(output, clock, level, format), log(sink) {}
  Lines output;
  ManualClock clock;
  LogSink sink;
  Logger log;
};

TEST(Log, TextLinesCarryBoundFields) {
  Fixture f(LogFormat::kText);
  const Logger request = f.log.with({{"request_id", "r1"}, {"trace_id", "t1"}});
  request.info("page read", {{"url", "http://a b/"}, {"bytes", 12u}, {"ok", true}, {"s", 0.25}});
  EXPECT_EQ(f.output.lines.at(0),
            "2026-01-01T01:00:00.000Z info  page read request_id=r1 trace_id=t1 url=\"http://a "
            "b/\" bytes=12 ok=true s=0.25\n");
}

TEST(Log, JsonLinesAreJson) {
  Fixture f(LogFormat::kJson);
  f.log.with({{"request_id", "r\"1"}})
      .warn("say \"hi\"\n", {{"n", -3}, {"text", std::string("中\x01")}});
  const Json line = *parse_json(f.output.lines.at(0));
  EXPECT_EQ(line["level"], "warn");
  EXPECT_EQ(line["message"], "say \"hi\"\n");
  EXPECT_EQ(line["request_id"], "r\"1");
  EXPECT_EQ(line["n"], -3);
  EXPECT_EQ(line["text"], "中\x01");
}

TEST(Log, InputCannotForgeALine) {
  Fixture f(LogFormat::kText);
  f.log.info("a\nb", {{"k", "v\n2026 error forged"}});
  EXPECT_EQ(f.output.lines.size(), 1u);
  EXPECT_EQ(f.output.lines[0].find('\n'), f.output.lines[0].size() - 1);
}

TEST(Log, LevelsFilterAndChangeWhileRunning) {
  Fixture f(LogFormat::kText, Level::kWarn);
  f.log.info("quiet");
  EXPECT_TRUE(f.output.lines.empty());
  f.sink.set_level(Level::kDebug);
  f.log.debug("loud");
  EXPECT_EQ(f.output.lines.size(), 1u);
  EXPECT_EQ(parse_level("warn"), Level::kWarn);
  EXPECT_FALSE(parse_level("loud"));
}

TEST(Log, LinesOfManyThreadsStayWhole) {
  Fixture f(LogFormat::kJson);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&f, t] {
        for (int i = 0; i < 200; ++i) f.log.info("line", {{"thread", t}, {"i", i}});
      });
    }
  }
  EXPECT_EQ(f.output.lines.size(), 800u);
  for (const std::string& line : f.output.lines) EXPECT_TRUE(parse_json(line)) << line;
}

}  // namespace
}  // namespace seine::base
