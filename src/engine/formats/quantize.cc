#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/assert.h"
#include "engine/formats/blocks.h"
#include "engine/formats/codec.h"
#include "engine/formats/half.h"
#include "engine/formats/quantize_k.h"
#include "engine/formats/scale_search.h"

namespace seine::engine {
namespace {

// Codes are levels: integers of a range, or indices of a table.
template <int kLeast, int kMost>
struct IntegerLevels {
  static int nearest(float value) { return quantum(value, kLeast, kMost); }
  static float level(int code) { return static_cast<float>(code); }
};
struct Iq4Levels {
  static int nearest(float value) { return nearest_iq4(value); }
  static float level(int code) { return static_cast<float>(kIq4Table[code]); }
};

void fill_steps(CodeStep* steps, std::uint16_t d, float offset) {
  steps[0] = steps[1] = {f16_to_f32(d), offset};
}

void fit(const float* x, const float*, BlockQ8_0& block, CodeStep* steps) {
  // At eight bits the largest magnitude over 127 is within 1 % of the best scale: no search.
  float peak = 0.0f;
  for (int j = 0; j < 32; ++j) peak = std::max(peak, std::fabs(x[j]));
  block.d = half_scale(peak / 127.0f);
  fill_steps(steps, block.d, 0);
}
void pack(const int* q, BlockQ8_0& block) {
  for (int j = 0; j < 32; ++j) block.q[j] = static_cast<std::int8_t>(q[j]);
}

// Nibbles q[0..31] in the order of the 32-blocks; bits above the fourth go to `high`.
void pack_nibbles(const int* q, int bias, std::uint8_t* out, std::uint8_t* high) {
  const auto code = [&](int j) { return q[j] + bias; };
  for (int j = 0; j < 16; ++j)
    out[j] = static_cast<std::uint8_t>((code(j) & 15) | ((code(j + 16) & 15) << 4));
  for (int j = 0; high != nullptr && j < 32; ++j)
    high[j / 8] = static_cast<std::uint8_t>(high[j / 8] | ((code(j) >> 4 & 1) << (j % 8)));
}

void fit(const float* x, const float* weight, BlockQ4_0& block, CodeStep* steps) {
  block.d = half_scale(search_symmetric(x, weight, 32, -8, 7));
  fill_steps(steps, block.d, 0);
}
void pack(const int* q, BlockQ4_0& block) {
  pack_nibbles(q, 8, block.q, nullptr);
}

void fit(const float* x, const float* weight, BlockQ5_0& block, CodeStep* steps) {
  block.d = half_scale(search_symmetric(x, weight, 32, -16, 15));
  fill_steps(steps, block.d, 0);
}
void pack(const int* q, BlockQ5_0& block) {
  pack_nibbles(q, 16, block.q, block.high);
}

template <typename Block>
void fit_affine(const float* x, const float* weight, int most, Block& block, CodeStep* steps) {
  const ScaleAndMin found = search_affine(x, weight, 32, most, false);
  block.d = half_scale(found.scale);
  block.m = half_scale(-found.min);
  fill_steps(steps, block.d, f16_to_f32(block.m));
}
void fit(const float* x, const float* weight, BlockQ4_1& block, CodeStep* steps) {
  fit_affine(x, weight, 15, block, steps);
}
void pack(const int* q, BlockQ4_1& block) {
  pack_nibbles(q, 0, block.q, nullptr);
}
void fit(const float* x, const float* weight, BlockQ5_1& block, CodeStep* steps) {
  fit_affine(x, weight, 31, block, steps);
}
void pack(const int* q, BlockQ5_1& block) {
  pack_nibbles(q, 0, block.q, block.high);
}

void fit(const float* x, const float* weight, BlockIQ4_NL& block, CodeStep* steps) {
  block.d = half_scale(search_iq4(x, weight, 32));
  fill_steps(steps, block.d, 0);
}
void pack(const int* q, BlockIQ4_NL& block) {
  pack_nibbles(q, 0, block.q, nullptr);
}

// Of one stretch of some rows.
struct Stretch {
  std::array<std::array<float, kStretch>, kRowsTogether> x;
  std::array<std::array<CodeStep, kStretch / 16>, kRowsTogether> steps;
  std::array<std::array<int, kStretch>, kRowsTogether> codes;
};

// Codes of each weight by itself.
template <typename Levels>
void round_each(std::size_t rows, std::size_t count, Stretch& of) {
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t j = 0; j < count; ++j) {
      const CodeStep& step = of.steps[r][j / 16];
      of.codes[r][j] = Levels::nearest((of.x[r][j] - step.offset) * inverse(step.step));
    }
  }
}

// Codes of one weight after another; each that comes later takes up its share of the error. Rows
// side by side, as what is taken up is the same in all.
template <typename Levels>
void choose(std::size_t rows, const ErrorFeedback& feedback, Stretch& of) {
  const std::size_t count = feedback.order.size();
  std::array<std::array<float, kStretch>, kRowsTogether> left;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t k = 0; k < count; ++k) left[r][k] = of.x[r][feedback.order[k]];
  }
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t j = feedback.order[k];
    const float* const pull = feedback.pull.data() + k * count;
    for (std::size_t r = 0; r < rows; ++r) {
      const CodeStep& step = of.steps[r][j / 16];
      float* const row = left[r].data();
      const int code = Levels::nearest((row[k] - step.offset) * inverse(step.step));
      const float miss = row[k] - (step.step * Levels::level(code) + step.offset);
      const float error = std::isfinite(miss) ? miss : 0.0f;
      of.codes[r][j] = code;
      for (std::size_t m = k + 1; m < count; ++m) row[m] -= error * pull[m];
    }
  }
}

// What an error in each weight of a block costs; of one that nothing was ever multiplied with,
// which still has to hold its weights, all alike.
template <std::size_t kElements>
std::array<float, kElements> weights_of(const ErrorFeedback* feedback, std::size_t first) {
  std::array<float, kElements> out;
  out.fill(1.0f);
  if (feedback == nullptr) return out;
  const auto given = feedback->importance.begin() + static_cast<std::ptrdiff_t>(first);
  if (std::any_of(given, given + kElements, [](float value) { return value > 0; }))
    std::copy_n(given, kElements, out.begin());
  return out;
}

template <typename Block, std::size_t kElements, typename Levels>
void encode_rows(const float* in, std::size_t rows, std::span<const ErrorFeedback> feedback,
                 std::byte* out, std::size_t elements) {
  const std::size_t row_bytes = elements / kElements * sizeof(Block);
  Stretch some;
  std::array<std::array<Block, kStretch / kElements>, kRowsTogether> blocks;
  for (std::size_t first = 0; first < elements; first += kStretch) {
    const std::size_t count = std::min(kStretch, elements - first);
    const ErrorFeedback* const known = feedback.empty() ? nullptr : &feedback[first / kStretch];
    std::memset(static_cast<void*>(blocks.data()), 0, rows * sizeof blocks[0]);
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t j = 0; j < count; ++j) {
        const float value = in[r * elements + first + j];
        some.x[r][j] = std::isfinite(value) ? value : 0.0f;
      }
    }
    for (std::size_t j = 0; j < count; j += kElements) {
      const auto weight = weights_of<kElements>(known, j);  // of all rows
      for (std::size_t r = 0; r < rows; ++r) {
        fit(some.x[r].data() + j, weight.data(), blocks[r][j / kElements],
            some.steps[r].data() + j / 16);
      }
    }
    if (known != nullptr) {
      choose<Levels>(rows, *known, some);
    } else {
      round_each<Levels>(rows, count, some);
    }
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t j = 0; j < count; j += kElements)
        pack(some.codes[r].data() + j, blocks[r][j / kElements]);
      std::memcpy(out + r * row_bytes + first / kElements * sizeof(Block), blocks[r].data(),
                  count / kElements * sizeof(Block));
    }
  }
}

template <typename T, typename Convert>
void encode_each(const float* in, std::byte* out, std::size_t elements, Convert convert) {
  for (std::size_t i = 0; i < elements; ++i) {
    const T value = convert(in[i]);
    std::memcpy(out + i * sizeof(T), &value, sizeof value);
  }
}

}  // namespace

void quantize_row(DType type, const float* in, std::byte* out, std::size_t elements) {
  quantize_rows(type, in, 1, {}, out, elements);
}

void quantize_rows(DType type, const float* in, std::size_t rows,
                   std::span<const ErrorFeedback> feedback, std::byte* out, std::size_t elements) {
  SEINE_ASSERT(elements % dtype_info(type).block == 0, "a row is whole blocks");
  SEINE_ASSERT(rows <= kRowsTogether, "no more rows than there is room for");
  switch (type) {
    case DType::kF32:
      std::memcpy(out, in, rows * elements * sizeof(float));
      return;
    case DType::kF16:
      return encode_each<std::uint16_t>(in, out, rows * elements, f32_to_f16);
    case DType::kBF16:
      return encode_each<std::uint16_t>(in, out, rows * elements, f32_to_bf16);
    case DType::kF8E4M3:
      return encode_each<std::uint8_t>(in, out, rows * elements, f32_to_e4m3);
    case DType::kQ8_0:
      return encode_rows<BlockQ8_0, 32, IntegerLevels<-127, 127>>(in, rows, feedback, out,
                                                                  elements);
    case DType::kQ4_0:
      return encode_rows<BlockQ4_0, 32, IntegerLevels<-8, 7>>(in, rows, feedback, out, elements);
    case DType::kQ4_1:
      return encode_rows<BlockQ4_1, 32, IntegerLevels<0, 15>>(in, rows, feedback, out, elements);
    case DType::kQ5_0:
      return encode_rows<BlockQ5_0, 32, IntegerLevels<-16, 15>>(in, rows, feedback, out, elements);
    case DType::kQ5_1:
      return encode_rows<BlockQ5_1, 32, IntegerLevels<0, 31>>(in, rows, feedback, out, elements);
    case DType::kQ4_K:
      return encode_rows<BlockQ4_K, 256, IntegerLevels<0, 15>>(in, rows, feedback, out, elements);
    case DType::kQ5_K:
      return encode_rows<BlockQ5_K, 256, IntegerLevels<0, 31>>(in, rows, feedback, out, elements);
    case DType::kQ6_K:
      return encode_rows<BlockQ6_K, 256, IntegerLevels<-32, 31>>(in, rows, feedback, out, elements);
    case DType::kIQ4_NL:
      return encode_rows<BlockIQ4_NL, 32, Iq4Levels>(in, rows, feedback, out, elements);
    case DType::kIQ4_XS:
      return encode_rows<BlockIQ4_XS, 256, Iq4Levels>(in, rows, feedback, out, elements);
    default:
      SEINE_ASSERT(false, "the type is not encodable");
  }
}

}  // namespace seine::engine
