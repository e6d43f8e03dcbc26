#include "server/line_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string_view>
#include <thread>

namespace seine::server {
namespace {

struct Pipe {
  Pipe() { EXPECT_EQ(pipe(ends), 0); }
  ~Pipe() {
    close(ends[0]);
    finish();
  }
  void put(std::string_view text) {
    EXPECT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void finish() {
    if (ends[1] >= 0) close(ends[1]);
    ends[1] = -1;
  }
  int ends[2] = {-1, -1};
};

TEST(LineReader, LinesThenTheEnd) {
  Pipe pipe;
  auto reader = LineReader::on(pipe.ends[0]);
  ASSERT_TRUE(reader);
  pipe.put("one\r\n\nthr");
  pipe.put("ee");
  pipe.finish();
  EXPECT_EQ(reader->next()->text, "one");
  EXPECT_EQ(reader->next()->text, "");
  EXPECT_EQ(reader->next()->text, "three");
  EXPECT_EQ(reader->next()->end, LineReader::End::kInput);
  EXPECT_EQ(reader->next()->end, LineReader::End::kInput);
}

TEST(LineReader, AnotherThreadInterrupts) {
  Pipe pipe;
  auto reader = LineReader::on(pipe.ends[0]);
  ASSERT_TRUE(reader);
  pipe.put("half");
  std::jthread other([&] { reader->interrupt(); });
  EXPECT_EQ(reader->next()->end, LineReader::End::kInterrupt);
  pipe.put(" a line\n");
  EXPECT_EQ(reader->next()->text, "half a line");
}

TEST(LineReader, ALineWithoutEndIsRefused) {
  Pipe pipe;
  auto reader = LineReader::on(pipe.ends[0]);
  ASSERT_TRUE(reader);
  std::jthread writer([&] {
    const std::string text(LineReader::kLineBytesMax + 10'000, 'x');
    std::size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t n = write(pipe.ends[1], text.data() + sent, text.size() - sent);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
    }
  });
  const auto line = reader->next();
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, base::Code::kResourceExhausted);
  // What is left must not hold the writer up.
  for (std::size_t seen = 0; seen < 10'000;) {
    char rest[4096];
    const ssize_t n = read(pipe.ends[0], rest, sizeof rest);
    if (n <= 0) break;
    seen += static_cast<std::size_t>(n);
    if (n < static_cast<ssize_t>(sizeof rest)) break;
  }
}

}  // namespace
}  // namespace seine::server
