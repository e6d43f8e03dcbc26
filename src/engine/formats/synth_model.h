// Models of random weights in the shape of real ones, for measuring speed: every width, depth and
// tensor type as in the original, no sense in what they say. Written front to back with a pool of a
// few thousand encoded blocks in memory, whatever the size. What `seine model synth` runs. One
// thread; the progress callback is called on it and may cancel.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/random.h"
#include "engine/formats/quantize_model.h"

namespace seine::engine {

// "r1-qwen-1.5b", "v2-lite-32e" (DeepSeek-V2-Lite with half of its experts), and tiny ones.
std::span<const std::string_view> synth_shapes();

struct SynthOptions {
  Mixture mixture = Mixture::kQ4_0;
  // Whether the head takes the type of the bulk, as `llama-quantize --pure` does.
  bool pure = false;
  std::function<bool(std::uint64_t done, std::uint64_t total)> progress = {};  // false cancels
};

struct SynthReport {
  std::uint64_t weights = 0;
  std::uint64_t bytes = 0;  // of the tensors
};

// An unknown shape is an error that names the known ones. The file appears only when whole.
base::Result<SynthReport> synth_model(std::string_view shape, const std::filesystem::path& target,
                                      const SynthOptions& options, base::Random& random);

}  // namespace seine::engine
