#include "server/one_engine.h"

#include <gtest/gtest.h>

namespace seine::server {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

TEST(LoadNote, TellsBytesOfALargeModelEachTenthOnce) {
  const Terminal terminal(base::Language::kEnglish, ColorMode::kNever, true);
  LoadNote note(terminal);
  EXPECT_EQ(note.line("read", kGiB / 100, kGiB), "");
  EXPECT_EQ(note.line("read", kGiB / 2, kGiB), "seine: 512.0 MiB of 1.0 GiB of the model read");
  EXPECT_EQ(note.line("read", kGiB / 2 + 1, kGiB), "");
  EXPECT_NE(note.line("read", kGiB, kGiB), "");
  // The next phase begins anew.
  EXPECT_EQ(note.line("prepare", kGiB / 4, kGiB),
            "seine: 256.0 MiB of 1.0 GiB of the weights prepared");
  const Terminal chinese(base::Language::kChinese, ColorMode::kNever, true);
  EXPECT_EQ(LoadNote(chinese).line("read", kGiB, kGiB), "seine: 正在读取模型：1.0 GiB，共 1.0 GiB");
}

TEST(LoadNote, SaysNothingOfASmallOne) {
  const Terminal terminal(base::Language::kEnglish, ColorMode::kNever, true);
  LoadNote note(terminal);
  for (std::uint64_t done = 0; done <= LoadNote::kBytesMin - 1; done += 1 << 20)
    EXPECT_EQ(note.line("read", done, LoadNote::kBytesMin - 1), "");
  EXPECT_EQ(note.line("prepare", 0, 1), "");
}

}  // namespace
}  // namespace seine::server
