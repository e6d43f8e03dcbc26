// Row order of rotary heads. Hugging Face pairs row i of a head with row i + d/2 ("half split"),
// GGUF files of the llama family pair 2i with 2i + 1 ("interleaved"). Pure functions.
#pragma once

#include <cstdint>

namespace seine::engine {

// Which half-split row holds what interleaved order puts at `row`; heads of `head` rows each.
constexpr std::uint64_t half_split_row(std::uint64_t row, std::uint64_t head) {
  const std::uint64_t in_head = row % head;
  return row - in_head + in_head / 2 + in_head % 2 * (head / 2);
}

// The reverse.
constexpr std::uint64_t interleaved_row(std::uint64_t row, std::uint64_t head) {
  const std::uint64_t in_head = row % head;
  return row - in_head + in_head % (head / 2) * 2 + in_head / (head / 2);
}

}  // namespace seine::engine
