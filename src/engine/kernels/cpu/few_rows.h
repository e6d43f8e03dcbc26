// One to eight rows of activations times interleaved weights (interleave.h): each block is decoded
// in registers and multiplied at once, so that the memory is asked for the next bytes all the time.
// By way of a panel, which suits more rows, it pauses while a panel is multiplied: one row of Q4_0
// then takes 1.15 times as long. The bits are those of the panels' kernels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kernels/cpu/panel.h"
#include "engine/kernels/cpu/unpack_int8.h"
#include "engine/kernels/interleave.h"
#include "engine/kernels/table.h"

namespace seine::engine {

// How far before its use an interleaved byte is fetched into L2 where few rows stream through: a
// page, as the processor's own prefetching ends at each.
inline constexpr std::int64_t kAhead = 4096;

struct Int8Kind {
  int bias_shift = -1;  // codes are stored plus 1 << bias_shift; -1: as they are
  bool min = false;
  bool split = false;  // a scale per 16 inputs
  bool wide = false;   // codes of eight bits
};

// Sums of R rows over the codes of a block of 16 outputs; `at`: where the rows' codes for it begin.
template <typename V, int kInputs, Int8Kind kKind, int R>
struct RowSums {
  using I = typename V::I;
  using F = typename V::F;
  static constexpr int kShift = kKind.wide ? V::kWideShift : kKind.bias_shift;
  static constexpr int kScaled = kKind.split ? 16 : kBlock;  // inputs of a scale
  static constexpr int kScales = kInputs / kScaled;

  // What the integers begin with, as codes are stored with a bias.
  static I start(const std::int32_t* minus_sum) {
    if constexpr (kShift < 0) {
      return V::zero();
    } else {
      return V::template shift_left32<kShift>(V::broadcast_word(minus_sum));
    }
  }

  // `first`: of the chunks' blocks of 32.
  RowSums(const PackedChunk* const* of_rows, std::int64_t at, int first) : block(first) {
#pragma clang loop unroll(full)
    for (int r = 0; r < R; ++r) chunk[r] = of_rows[r] + at;
#pragma clang loop unroll(full)
    for (int r = 0; r < R; ++r) {
      const PackedChunk& c = *chunk[r];
#pragma clang loop unroll(full)
      for (int i = 0; i < kScales; ++i) {
        const int j = block + i * kScaled / kBlock;
        if constexpr (!kKind.split) {
          dot[r][i] = start(&c.minus_sum[j]);
        } else if (i % 2 == 0) {
          dot[r][i] = start(&c.minus_half[j]);
        } else {
          dot[r][i] = V::sub32(start(&c.minus_sum[j]), start(&c.minus_half[j]));
        }
      }
    }
  }

  void scale(int i, F value) { scales[i] = value; }
  void min(int i, F value) { mins[i] = value; }
  void codes(int k, I value) {
    const int i = 4 * k / kScaled;
#pragma clang loop unroll(full)
    for (int r = 0; r < R; ++r) {
      const std::int8_t* q = chunk[r]->q + kBlock * block + 4 * k;
      dot[r][i] = V::template dot<kKind.wide>(dot[r][i], value, V::broadcast_word(q));
    }
  }

  void add_to(F* sums) const {
#pragma clang loop unroll(full)
    for (int i = 0; i < kInputs / kBlock; ++i) {
#pragma clang loop unroll(full)
      for (int r = 0; r < R; ++r) {
        const PackedChunk& c = *chunk[r];
        constexpr int kEach = kBlock / kScaled;
        F part = V::mul(V::to_float(dot[r][kEach * i]), scales[kEach * i]);
        if constexpr (kKind.split)
          part = V::fma(V::to_float(dot[r][2 * i + 1]), scales[2 * i + 1], part);
        sums[r] = V::fma(part, V::broadcast_from(&c.scale[block + i]), sums[r]);
        if constexpr (kKind.min)
          sums[r] = V::fma(mins[i], V::broadcast_from(&c.sum[block + i]), sums[r]);
      }
    }
  }

  const PackedChunk* chunk[R];
  int block;
  I dot[R][kScales];
  F scales[kScales];
  F mins[kInputs / kBlock];
};

template <typename V, typename Block, int kInputs, Int8Kind kKind>
struct FewRows {
  using F = typename V::F;
  // Blocks of 256 have eight sums a row: with more than four rows those do not stay in registers,
  // and eight rows of Q4_K take 1.5 times as long as through panels.
  static constexpr std::int64_t kRows = kInputs == kBlock || V::kFewRows < 4 ? V::kFewRows : 4;

  static bool can(const MatrixView& w, std::int64_t first, const ActivationView& x) {
    return w.interleaved != nullptr && x.rows <= kRows && first % kInterleavedOutputs == 0;
  }

  static void write(F value, float* y, std::int64_t outputs, bool accumulate) {
    const int some = outputs < kPanelOutputs ? static_cast<int>(outputs) : kPanelOutputs;
    if (accumulate) value = V::add(value, V::load_some(y, some));
    V::store_some(y, value, some);
  }

  template <int R>
  [[gnu::noinline]] static void multiply(const MatrixView& w, std::int64_t first, std::int64_t last,
                                         const ActivationView& x, float* y, std::int64_t y_stride,
                                         bool accumulate) {
    const auto* packed = reinterpret_cast<const PackedChunk*>(x.packed);
    const std::int64_t chunks = (x.columns + 255) / 256;
    const PackedChunk* of_rows[R];  // the last again where there are fewer than R
    for (int r = 0; r < R; ++r) of_rows[r] = packed + (r < x.rows ? r : x.rows - 1) * chunks;
    InterleavedBlocks<V> blocks{w.interleaved + first * w.row_bytes, kAhead};
    for (std::int64_t n = first; n < last; n += kInterleavedOutputs) {
      F sums[2][R];
      for (F(&half)[R] : sums) {
        for (F& sum : half) sum = V::zero_f();
      }
      for (std::int64_t k0 = 0; k0 < x.columns; k0 += kInterleavedInputs) {
        const std::int64_t left = x.columns - k0;
        const auto count = static_cast<int>(left < kInterleavedInputs ? left : kInterleavedInputs);
        for (F(&half)[R] : sums) {
          for (int k = 0; k < count; k += kInputs) {
            RowSums<V, kInputs, kKind, R> block(of_rows, k0 / 256, k / kBlock);
            UnpackInt8<V>::unpack(static_cast<const Block*>(nullptr), blocks, 0, block);
            blocks.next_block(sizeof(Block));
            block.add_to(half);
          }
        }
      }
      for (int half = 0; half < 2; ++half) {
        const std::int64_t at = n + half * kPanelOutputs;
        for (int r = 0; r < R && r < x.rows && at < last; ++r)
          write(sums[half][r], y + r * y_stride + at, last - at, accumulate);
      }
    }
  }

  static void run(const MatrixView& w, std::int64_t first, std::int64_t last,
                  const ActivationView& x, float* y, std::int64_t y_stride, bool accumulate) {
    switch (x.rows) {
      case 1:
        return multiply<1>(w, first, last, x, y, y_stride, accumulate);
      case 2:
        if constexpr (kRows >= 2) return multiply<2>(w, first, last, x, y, y_stride, accumulate);
        break;
      case 3:
        if constexpr (kRows >= 3) return multiply<3>(w, first, last, x, y, y_stride, accumulate);
        break;
      case 4:
        if constexpr (kRows >= 4) return multiply<4>(w, first, last, x, y, y_stride, accumulate);
        break;
      case 5:
      case 6:
        if constexpr (kRows >= 6) return multiply<6>(w, first, last, x, y, y_stride, accumulate);
        break;
      default:
        if constexpr (kRows >= 8) return multiply<8>(w, first, last, x, y, y_stride, accumulate);
    }
  }
};

}  // namespace seine::engine
