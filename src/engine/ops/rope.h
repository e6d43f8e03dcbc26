// Rotary position embedding: the table of angles of one model (plain, linear, llama3 or YaRN
// scaling) and the turning of query and key heads. Built once at load, read-only afterwards.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "engine/formats/model_file.h"

namespace seine::engine {

// Which two values of a head turn together.
enum class RopePairs : std::uint8_t {
  kInterleaved,  // 2i and 2i + 1
  kHalfSplit,    // i and i + dim/2
};

struct RopeScaling {
  enum class Kind : std::uint8_t { kNone, kLinear, kYarn };
  Kind kind = Kind::kNone;
  double factor = 1;
  double original_context = 0;
  double beta_fast = 32;
  double beta_slow = 1;
  double magnitude = 1;  // multiplies cos and sin (YaRN)
};

class Rope {
 public:
  // dim: values of a head that turn, even. divisors: empty or dim/2 factors that divide the
  // frequencies (GGUF's rope_freqs, llama3 scaling).
  Rope(std::int32_t dim, double theta, const RopeScaling& scaling,
       std::span<const float> divisors = {});

  std::int32_t dim() const { return dim_; }
  std::span<const float> frequencies() const { return frequencies_; }  // (dim/2)

  // cos_sin: (dim) = dim/2 cosines, dim/2 sines at a position.
  void angles(std::int32_t position, float* cos_sin) const;

 private:
  std::int32_t dim_;
  float magnitude_;
  std::vector<float> frequencies_;
};

// Turns the first `dim` values of x in place.
void rotate(float* x, const float* cos_sin, std::int32_t dim, RopePairs pairs);

// Frequencies as the metadata of `architecture` describe them ("A.rope.*", rope_freqs.weight).
// YaRN's magnitude is the general form, 0.1 ln(factor) + 1; MLA models set their own.
base::Result<RopeScaling> read_rope_scaling(const ModelFile& file);
base::Result<Rope> read_rope(const ModelFile& file, std::int32_t dim, const RopeScaling& scaling);

}  // namespace seine::engine
