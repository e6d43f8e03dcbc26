#include "server/one_engine.h"

#include <gtest/gtest.h>

#include <chrono>

namespace seine::server {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

TEST(LoadNote, TellsBytesEachTenthOnce) {
  const Terminal terminal(base::Language::kEnglish, ColorMode::kNever, true);
  base::ManualClock clock;
  LoadNote note(terminal, clock);
  EXPECT_EQ(note.line("read", kGiB / 4, kGiB), "");  // nobody wonders yet
  clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(note.line("read", kGiB / 2, kGiB), "seine: 512.0 MiB of 1.0 GiB of the model read");
  EXPECT_EQ(note.line("read", kGiB / 2 + 1, kGiB), "");
  EXPECT_NE(note.line("read", kGiB, kGiB), "");
  // The next phase begins anew.
  EXPECT_EQ(note.line("prepare", 0, 1), "");
  EXPECT_EQ(note.line("prepare", 1, 1), "");
  EXPECT_EQ(note.line("prepare", 0, kGiB), "");
  EXPECT_EQ(note.line("prepare", kGiB / 4, kGiB),
            "seine: 256.0 MiB of 1.0 GiB of the weights prepared");
}

TEST(LoadNote, SpeaksChinese) {
  const Terminal terminal(base::Language::kChinese, ColorMode::kNever, true);
  base::ManualClock clock;
  LoadNote note(terminal, clock);
  clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(note.line("read", kGiB, kGiB), "seine: 正在读取模型：1.0 GiB，共 1.0 GiB");
}

}  // namespace
}  // namespace seine::server
