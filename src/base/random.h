// Randomness as a constructor argument. SystemRandom is the kernel's and fit for secrets;
// SeededRandom is fast, reproducible and never fit for secrets. SystemRandom is safe on any thread,
// SeededRandom belongs to one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace seine::base {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;

  std::uint64_t next_u64();
  // Uniform in [0, bound); bound > 0. Without modulo bias (Lemire 2019).
  std::uint64_t below(std::uint64_t bound);
  // Uniform in [0, 1), 53 bits.
  double uniform();
};

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override;
};

// xoshiro256** (Blackman and Vigna 2018), state expanded from the seed by splitmix64.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed);
  void fill(std::span<std::byte> out) override;

 private:
  std::uint64_t step();
  std::uint64_t state_[4];
};

}  // namespace seine::base
