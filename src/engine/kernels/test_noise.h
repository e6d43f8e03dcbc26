// For tests: numbers evenly spread over [-scale, scale], the same for a seed.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"

namespace seine::engine {

inline std::vector<float> test_noise(std::int64_t count, std::uint64_t seed, double scale = 1) {
  base::SeededRandom random(seed);
  std::vector<float> out(static_cast<std::size_t>(count));
  for (float& value : out) value = static_cast<float>(scale * (2 * random.uniform() - 1));
  return out;
}

}  // namespace seine::engine
