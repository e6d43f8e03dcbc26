// One to eight rows of activations times interleaved weights (interleave.h): each block is decoded
// in registers and multiplied at once, so that the memory is asked for the next bytes all the time.
// By way of a panel, which suits more rows, it pauses while a panel is multiplied: one row of Q4_0
// then takes 1.15 times as long. The bits are those of the panels' kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "engine/kernels/cpu/pair_lanes.h"
#include "engine/kernels/cpu/panel.h"
#include "engine/kernels/cpu/unpack_int8.h"
#include "engine/kernels/interleave.h"
#include "engine/kernels/table.h"

namespace seine::engine {

// How far before its use an interleaved byte is fetched where few rows stream through: into L2 by
// some pages, as the processor's own prefetching ends at each, and then into L1, without which one
// row gets 0.89 of what a plain read gets, with it 0.96 (bench/engine/RESULTS.md).
inline constexpr std::int64_t kFarAhead = 16384;
inline constexpr std::int64_t kNearAhead = 3072;

struct Int8Kind {
  int bias_shift = -1;  // codes are stored plus 1 << bias_shift; -1: as they are
  bool min = false;
  bool split = false;  // a scale per 16 inputs
  bool wide = false;   // codes of eight bits
};

// Scales and minima of a block.
template <typename V, int kInputs, Int8Kind kKind>
struct BlockScales {
  static constexpr int kScaled = kKind.split ? 16 : kBlock;  // inputs of a scale

  void scale(int i, typename V::F value) { scales[i] = value; }
  void min(int i, typename V::F value) { mins[i] = value; }

  typename V::F scales[kInputs / kScaled];
  typename V::F mins[kInputs / kBlock];
};

// What the integer sums begin with, as codes are stored with a bias.
template <typename V, Int8Kind kKind>
typename V::I biased_start(const std::int32_t* minus_sum) {
  constexpr int kShift = kKind.wide ? V::kWideShift : kKind.bias_shift;
  if constexpr (kShift < 0) {
    return V::zero();
  } else {
    return V::template shift_left32<kShift>(V::broadcast_word(minus_sum));
  }
}

// Sums of R rows over the codes of a block: adds to `sums`, block of 32 by block of 32.
template <typename V, int kInputs, Int8Kind kKind, int R>
struct RowSums {
  using I = typename V::I;
  using F = typename V::F;
  using Scales = BlockScales<V, kInputs, kKind>;
  static constexpr int kEach = kBlock / Scales::kScaled;  // sums of 32 inputs

  // `chunks`: the rows' activations; `first`: which of their blocks of 32 the block begins with.
  RowSums(const PackedChunk* const* chunks, int first, const Scales& of, F* to)
      : chunk(chunks), block(first), scales(of), sums(to) {}

  static I start(const PackedChunk& c, int j, int half) {
    if constexpr (!kKind.split) {
      return biased_start<V, kKind>(&c.minus_sum[j]);
    } else {
      const I first = biased_start<V, kKind>(&c.minus_half[j]);
      return half == 0 ? first : V::sub32(biased_start<V, kKind>(&c.minus_sum[j]), first);
    }
  }

  [[gnu::always_inline]] void begin(int b, int count) {
#pragma clang loop unroll(full)
    for (int i = kEach * b; i < kEach * (b + count); ++i) {
#pragma clang loop unroll(full)
      for (int r = 0; r < R; ++r) dot[r][i] = start(*chunk[r], block + i / kEach, i % kEach);
    }
  }
  [[gnu::always_inline]] void codes(int k, I value) {
#pragma clang loop unroll(full)
    for (int r = 0; r < R; ++r) {
      I& sum = dot[r][4 * k / Scales::kScaled];
      sum = V::template dot<kKind.wide>(sum, value,
                                        V::broadcast_word(chunk[r]->q + kBlock * block + 4 * k));
    }
  }
  [[gnu::always_inline]] void end(int b, int count) {
#pragma clang loop unroll(full)
    for (int i = b; i < b + count; ++i) {
#pragma clang loop unroll(full)
      for (int r = 0; r < R; ++r) {
        const PackedChunk& c = *chunk[r];
        F part = V::mul(V::to_float(dot[r][kEach * i]), scales.scales[kEach * i]);
        if constexpr (kKind.split)
          part = V::fma(V::to_float(dot[r][2 * i + 1]), scales.scales[2 * i + 1], part);
        sums[r] = V::fma(part, V::broadcast_from(&c.scale[block + i]), sums[r]);
        if constexpr (kKind.min)
          sums[r] = V::fma(scales.mins[i], V::broadcast_from(&c.sum[block + i]), sums[r]);
      }
    }
  }

  const PackedChunk* const* chunk;
  int block;
  const Scales& scales;
  F* sums;
  I dot[R][kEach * kInputs / kBlock];
};

// A block of 16 interleaved outputs, or of both halves of 32. kFetch: whether memory is asked for
// what comes.
template <typename V, bool kFetch>
struct FetchedBlock {
  using I = typename V::I;
  using F = typename V::F;

  void dwords4(std::size_t offset, I* out) {
#pragma clang loop unroll(full)
    for (std::size_t line = 0; line < 4; ++line) out[line] = dwords(offset + 4 * line);
  }
  I dwords(std::size_t offset) { return V::load_unaligned(at(offset)); }
  F halves(std::size_t offset) { return V::sixteen_halves(at(offset)); }
  F last_halves(std::size_t offset) { return halves(offset); }

  const std::byte* at(std::size_t offset) const {
    const std::byte* from = first + kPanelOutputs * offset;
    if (kFetch) {
      V::prefetch(from + kFarAhead);
      V::prefetch_near(from + kNearAhead);
    }
    return from;
  }

  const std::byte* first;
};

template <typename V, bool kFetchA, bool kFetchB>
struct FetchedPair {
  using I = typename Pair<V>::I;
  using F = typename Pair<V>::F;

  void dwords4(std::size_t offset, I* out) {
#pragma clang loop unroll(full)
    for (std::size_t line = 0; line < 4; ++line) out[line] = dwords(offset + 4 * line);
  }
  I dwords(std::size_t offset) { return {a.dwords(offset), b.dwords(offset)}; }
  F halves(std::size_t offset) { return {a.halves(offset), b.halves(offset)}; }
  F last_halves(std::size_t offset) { return halves(offset); }

  FetchedBlock<V, kFetchA> a;
  FetchedBlock<V, kFetchB> b;
};

// Of 16 outputs those there are, if fewer.
template <typename V>
void write_outputs(typename V::F value, float* y, std::int64_t outputs, bool accumulate) {
  if (outputs <= 0) return;
  const int some = outputs < kPanelOutputs ? static_cast<int>(outputs) : kPanelOutputs;
  if (accumulate) value = V::add(value, V::load_some(y, some));
  V::store_some(y, value, some);
}

// The sums of 32 outputs: of both halves at once (kPairs), so that an activation is read once for
// them, or of one after the other, in the order of memory.
template <typename V, typename Block, int kInputs, Int8Kind kKind, bool kPairs>
struct FewRowsPass {
  static constexpr int kHalves = kPairs ? 1 : 2;  // steps of 32 outputs
  using W = std::conditional_t<kPairs, Pair<V>, V>;
  using F = typename W::F;
  static constexpr std::int64_t kBlockBytes = kPanelOutputs * std::int64_t{sizeof(Block)};
  static constexpr int kStretch = 256 / kInputs;  // blocks whose activations are one chunk
  static constexpr int kHeight = 4;               // rows whose sums stay in registers

  // The first group of rows asks for what comes, in pairs the last for the second half: the memory
  // is never idle for long.
  template <bool kIsFirst, bool kIsLast>
  static auto source(const std::byte* at) {
    if constexpr (kPairs) {
      return FetchedPair<V, kIsFirst, kIsLast>{{at}, {at + kBlockBytes}};
    } else {
      return FetchedBlock<V, kIsFirst>{at};
    }
  }

  // R rows over `blocks` blocks of 32 outputs.
  template <int R, bool kIsFirst, bool kIsLast>
  [[gnu::noinline]] static void group(const PackedChunk* const* chunk, const std::byte* at,
                                      int blocks, F (*to)[kHalves]) {
    F sums[kHalves][R];
#pragma clang loop unroll(full)
    for (int h = 0; h < kHalves; ++h) {
#pragma clang loop unroll(full)
      for (int r = 0; r < R; ++r) sums[h][r] = to[r][h];
    }
    for (int i = 0; i < blocks; ++i) {
#pragma clang loop unroll(full)
      for (int h = 0; h < kHalves; ++h, at += 2 * kBlockBytes / kHalves) {
        auto from = source<kIsFirst, kIsLast>(at);
        BlockScales<W, kInputs, kKind> scales;
        UnpackInt8<W>::scales(static_cast<const Block*>(nullptr), from, 0, scales);
        RowSums<W, kInputs, kKind, R> block(chunk, i, scales, sums[h]);
        UnpackInt8<W>::codes(static_cast<const Block*>(nullptr), from, 0, block);
      }
    }
#pragma clang loop unroll(full)
    for (int h = 0; h < kHalves; ++h) {
#pragma clang loop unroll(full)
      for (int r = 0; r < R; ++r) to[r][h] = sums[h][r];
    }
  }

  // Rows [kFirst, R) of R, in groups of nearly equal height.
  template <int R, int kFirst = 0>
  [[gnu::always_inline]] static void groups(const PackedChunk* const* chunk, const std::byte* at,
                                            int blocks, F (*to)[kHalves]) {
    constexpr int kLeft = (R - kFirst + kHeight - 1) / kHeight;
    constexpr int kNow = (R - kFirst + kLeft - 1) / kLeft;
    group<kNow, kFirst == 0, kFirst + kNow == R>(chunk + kFirst, at, blocks, to + kFirst);
    if constexpr (kFirst + kNow < R) groups<R, kFirst + kNow>(chunk, at, blocks, to);
  }

  template <int R>
  [[gnu::noinline]] static void multiply(const MatrixView& w, std::int64_t first, std::int64_t last,
                                         const PackedChunk* packed, std::int64_t stride, float* y,
                                         std::int64_t y_stride, bool accumulate) {
    const std::int64_t row_blocks = w.columns / kInputs;
    const std::byte* at = w.interleaved + first * w.row_bytes;
    for (std::int64_t n = first; n < last; n += kInterleavedOutputs) {
      F sums[R][kHalves];
      for (F(&row)[kHalves] : sums) {
        for (F& sum : row) sum = W::zero_f();
      }
      for (std::int64_t b = 0; b < row_blocks; b += kStretch) {
        const auto blocks = static_cast<int>(row_blocks - b < kStretch ? row_blocks - b : kStretch);
        const PackedChunk* chunk[R];
        for (int r = 0; r < R; ++r) chunk[r] = packed + b / kStretch * stride + r;
        groups<R>(chunk, at + 2 * kBlockBytes * b, blocks, sums);
      }
      at += kInterleavedOutputs * w.row_bytes;
      for (int r = 0; r < R; ++r) {
        float* to = y + r * y_stride + n;
        if constexpr (kPairs) {
          write_outputs<V>(sums[r][0].a, to, last - n, accumulate);
          write_outputs<V>(sums[r][0].b, to + kPanelOutputs, last - n - kPanelOutputs, accumulate);
        } else {
          write_outputs<V>(sums[r][0], to, last - n, accumulate);
          write_outputs<V>(sums[r][1], to + kPanelOutputs, last - n - kPanelOutputs, accumulate);
        }
      }
    }
  }
};

template <typename V, typename Block, int kInputs, Int8Kind kKind>
struct FewRows {
  static constexpr bool kHasHigh = requires { &Block::high; };  // fifth or sixth bits
  // Groups of four rows decode a block each; where that costs more (blocks of 256 with such bits),
  // two take longer than a panel, decoded once.
  static constexpr std::int64_t kRows =
      V::kFewRows > 4 && kInputs != kBlock&& kHasHigh ? 4 : V::kFewRows;

  // Pairs pay as soon as activations are read more often than weights. Reading two places of memory
  // in turn costs one row of Q8_0 a quarter of its speed on Zen 5, and 256 inputs of one row, all
  // in flight, fill the registers.
  static constexpr bool pairs(int rows) {
    if (kInputs == kBlock) return rows > 1 || sizeof(Block) < kBlock;
    return rows >= 4 && !kHasHigh;
  }

  static bool can(const MatrixView& w, std::int64_t first, const ActivationView& x) {
    return w.interleaved != nullptr && x.rows <= kRows && first % kInterleavedOutputs == 0;
  }

  // `rows` rows of activations at `packed`, `stride` chunks from one stretch of inputs to the next.
  template <int R = 1>
  static void run(const MatrixView& w, std::int64_t first, std::int64_t last,
                  const PackedChunk* packed, std::int64_t stride, std::int64_t rows, float* y,
                  std::int64_t y_stride, bool accumulate) {
    if constexpr (R < kRows) {
      if (rows > R)
        return run<R + 1>(w, first, last, packed, stride, rows, y, y_stride, accumulate);
    }
    FewRowsPass<V, Block, kInputs, kKind, pairs(R)>::template multiply<R>(
        w, first, last, packed, stride, y, y_stride, accumulate);
  }
};

}  // namespace seine::engine
