#include "net/detail/chunked.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace seine::net::detail {
namespace {

struct Decoded {
  std::string content;
  std::size_t consumed = 0;
  bool done = false;
  bool broken = false;
};

Decoded decode_chunks(std::string_view text, std::size_t cut) {
  Decoded out;
  ChunkDecoder decoder;
  std::string held;
  for (std::size_t at = 0; at < text.size() && !decoder.done(); at += cut) {
    held += text.substr(at, cut);
    for (;;) {
      const auto step = decoder.step(held);
      if (!step) {
        out.broken = true;
        return out;
      }
      out.content += step->data;
      out.consumed += step->consumed;
      held.erase(0, step->consumed);
      if (step->consumed == 0 || decoder.done()) break;
    }
  }
  out.done = decoder.done();
  return out;
}

TEST(ChunkDecoder, RoundTripAtEveryCut) {
  base::SeededRandom random(5);
  for (int round = 0; round < 200; ++round) {
    std::string content, coded;
    for (std::uint64_t n = random.below(4); n > 0; --n) {
      const std::string piece(1 + random.below(40), static_cast<char>('a' + n));
      append_chunk_size(coded, piece.size());
      coded.append(piece).append(kChunkEnd);
      content += piece;
    }
    coded += random.below(2) == 0 ? "0\r\n\r\n" : "0;x=y\r\nTrailer: z\r\n\r\n";
    const std::string all = coded + "next";
    const Decoded decoded = decode_chunks(all, 1 + random.below(all.size()));
    EXPECT_TRUE(decoded.done);
    EXPECT_EQ(decoded.content, content);
    EXPECT_EQ(decoded.consumed, coded.size());
  }
}

TEST(ChunkDecoder, BrokenCoding) {
  for (const char* text :
       {"\r\n", "g\r\n", "1\n", "1\r\nab\r\n", "1\r\na\n", " 1\r\na\r\n", "-1\r\n", "1 \r\na\r\n",
        "1234567890abcdef0\r\n", "0\r\nA: b\n\r\n", "0\r\n\rX", "1;a\nb\r\n", "0x1\r\n"}) {
    EXPECT_TRUE(decode_chunks(text, 1).broken) << text;
  }
  EXPECT_TRUE(decode_chunks("1;" + std::string(9000, 'x') + "\r\n", 100).broken);
  EXPECT_TRUE(decode_chunks("0\r\n" + std::string(9000, 'x') + "\r\n", 100).broken);
  EXPECT_FALSE(decode_chunks("1\r\na\r\n", 1).done);
}

}  // namespace
}  // namespace seine::net::detail
