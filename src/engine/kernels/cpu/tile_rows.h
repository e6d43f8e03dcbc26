// Five rows of activations or more times interleaved weights (interleave.h) on the tiles of AMX, in
// groups of up to eight. By vpdpbusd (few_rows.h) eight rows are bound by the two vector ports;
// here those only decode and scale. The bits are the same, as sums of 32 products are exact.
//
// A tile takes 16 cycles to be stored, however few its rows, in which nothing else begins: two
// blocks of 32 inputs therefore fill the 16 rows of one, the activations of the second below those
// of the first and beside them in the tile they are multiplied from, with zeros in the other two
// quarters.
//
// A piece is 256 inputs of 16 outputs. While one is decoded into scratch that stays in L1, the one
// before is multiplied and scaled, 64 inputs at a time between each other: the processor looks 512
// operations ahead, so what shall overlap must stand close together.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "engine/kernels/cpu/amx.h"
#include "engine/kernels/cpu/few_rows.h"
#include "engine/kernels/cpu/lanes_avx512.h"
#include "engine/kernels/cpu/panel.h"
#include "engine/kernels/cpu/unpack_int8.h"
#include "engine/kernels/table.h"

namespace seine::engine {
namespace {

// Rows of a group: with fewer vpdpbusd waits for memory too.
inline constexpr int kFewestOnTiles = 5;
inline constexpr int kMostOnTiles = 8;

// 256 activations of up to eight rows, as PackedChunk (panel.h) has them. Of a pair of blocks, row
// r of `q` holds in quarters of 16 the first 16 inputs of the first block, zeros, its other inputs,
// zeros; row 8 + r the second block where that has zeros: halves are tiles of their own where 16
// inputs share a scale.
struct alignas(64) PairChunk {
  std::int8_t q[4][2 * kMostOnTiles][64];
  float scale[8][kMostOnTiles];
  float sum[8][kMostOnTiles];
};
static_assert(sizeof(PairChunk) == 4608);

// Rows [first, last) of `chunks`, in which those of all `rows` rows over the same inputs lie side
// by side.
inline void pair_chunks(const PackedChunk* chunks, std::int64_t rows, std::int64_t first,
                        std::int64_t last, std::int64_t count, PairChunk* out) {
  for (std::int64_t c = 0; c < count; ++c, chunks += rows) {
    PairChunk& to = out[c];
    __builtin_memset(&to, 0, sizeof(to));
    for (std::int64_t r = 0; r < last - first; ++r) {
      const PackedChunk& from = chunks[first + r];
      for (int b = 0; b < 8; ++b) {
        std::int8_t* row = to.q[b / 2][b % 2 * kMostOnTiles + r] + b % 2 * 16;
        __builtin_memcpy(row, from.q + kBlock * b, 16);
        __builtin_memcpy(row + 32, from.q + kBlock * b + 16, 16);
        to.scale[b][r] = from.scale[b];
        to.sum[b][r] = from.sum[b];
      }
    }
  }
}

// Tiles 0 to 3: sums. 4, 5: activations of a pair, 6, 7: its weights, or half of each.
inline void configure_pair_tiles(bool split) {
  TileConfig config = whole_tiles();
  if (split) {
    config.column_bytes[4] = config.column_bytes[5] = 32;
    config.rows[6] = config.rows[7] = 8;
  }
  _tile_loadconfig(&config);
}

template <int kSum>
[[gnu::always_inline]] inline void multiply_tile(const std::int8_t* q, const std::uint8_t* w) {
  _tile_zero(kSum);
  _tile_loadd(4 + kSum % 2, q, 64);
  _tile_loadd(6 + kSum % 2, w, 64);
  _tile_dpbssd(kSum, 4 + kSum % 2, 6 + kSum % 2);
}
// Sum tile `sum`, known when this is compiled.
[[gnu::always_inline]] inline void multiply_tile(int sum, const std::int8_t* q,
                                                 const std::uint8_t* w) {
  if (sum == 0) multiply_tile<0>(q, w);
  if (sum == 1) multiply_tile<1>(q, w);
  if (sum == 2) multiply_tile<2>(q, w);
  if (sum == 3) multiply_tile<3>(q, w);
}
[[gnu::always_inline]] inline void store_tile(int sum, std::int32_t* to) {
  if (sum == 0) _tile_stored(0, to, 64);
  if (sum == 1) _tile_stored(1, to, 64);
  if (sum == 2) _tile_stored(2, to, 64);
  if (sum == 3) _tile_stored(3, to, 64);
}

// Where the results of 16 outputs go.
struct TileResult {
  float* y = nullptr;
  std::int64_t stride = 0;
  std::int64_t outputs = 0;  // those there are, if fewer than 16
  bool accumulate = false;

  void write(std::int64_t row, __m512 value) const {
    write_outputs<Lanes512<true>>(value, y + row * stride, outputs, accumulate);
  }
};

// A decoded piece that waits to be multiplied.
struct TilePiece {
  const Int8Panel* panel;
  const PairChunk* chunk;
  int blocks;                    // of 32 inputs; none: nothing waits
  float (*sums)[kPanelOutputs];  // of the rows, over the inputs before
  bool is_first;                 // there are none before
  const TileResult* result;      // null where more inputs follow
};

// The products of a piece, pair of blocks by pair.
template <Int8Kind kKind, int R>
struct PairSums {
  using V = Lanes512<true>;
  using F = V::F;
  static constexpr int kTiles = kKind.split ? 2 : 1;  // of a pair
  static constexpr int kInFlight = 2 / kTiles;        // pairs multiplied before one is scaled
  static constexpr int kPairs = 4;

  // Apart from the sums, which shall stay in registers.
  struct alignas(64) Ints {
    std::int32_t of[kTiles][2][kMostOnTiles][kPanelOutputs];
  };

  [[gnu::always_inline]] PairSums(const TilePiece& of, Ints& scratch)
      : panel(of.panel), chunk(of.chunk), blocks(of.blocks), ints(scratch) {
#pragma clang loop unroll(full)
    for (int r = 0; r < R; ++r) sum[r] = of.is_first ? V::zero_f() : V::load_f(of.sums[r]);
  }

  // Multiplies pair p and scales the one kInFlight before.
  [[gnu::always_inline]] void pair(int p) {
    const int done = p - kInFlight;
    const bool ends = done >= 0 && 2 * done < blocks;
    if (ends) {
#pragma clang loop unroll(full)
      for (int i = 0; i < kTiles; ++i) store_tile((kTiles * done + i) % 4, ints.of[i][0][0]);
    }
    if (2 * p < blocks) {
#pragma clang loop unroll(full)
      for (int i = 0; i < kTiles; ++i)
        multiply_tile((kTiles * p + i) % 4, chunk->q[p][0] + 32 * i, panel->q[16 * p + 8 * i]);
    }
    if (ends) {
      scale(2 * done, 0);
      if (2 * done + 1 < blocks) scale(2 * done + 1, 1);
    }
  }
  [[gnu::always_inline]] void end(const TilePiece& of) {
#pragma clang loop unroll(full)
    for (int p = kPairs; p < kPairs + kInFlight; ++p) pair(p);
    if (of.result == nullptr) {
#pragma clang loop unroll(full)
      for (int r = 0; r < R; ++r) V::store_f(of.sums[r], sum[r]);
    } else {
#pragma clang loop unroll(full)
      for (int r = 0; r < R; ++r) of.result->write(r, sum[r]);
    }
  }

 private:
  // Block b, the first or second of its pair: the operations and their order of RowSums
  // (few_rows.h).
  [[gnu::always_inline]] void scale(int b, int second) {
    const F factor = V::load_f(panel->scale[kTiles * b]);
#pragma clang loop unroll(full)
    for (int r = 0; r < R; ++r) {
      F part = V::mul(V::to_float(V::load(ints.of[0][second][r])), factor);
      if constexpr (kKind.split) {
        const F other = V::load_f(panel->scale[2 * b + 1]);
        part = V::fma(V::to_float(V::load(ints.of[1][second][r])), other, part);
      }
      sum[r] = V::fma(part, V::broadcast_from(&chunk->scale[b][r]), sum[r]);
      if constexpr (kKind.min)
        sum[r] = V::fma(V::load_f(panel->min[b]), V::broadcast_from(&chunk->sum[b][r]), sum[r]);
    }
  }

  const Int8Panel* const panel;
  const PairChunk* const chunk;
  const int blocks;
  Ints& ints;
  F sum[R];
};

// Decodes into a panel, its codes in the order of PairChunk's, and lets the piece before go on.
template <typename Before>
struct PairCodes {
  using V = Lanes512<true>;

  void begin(int, int) {}
  [[gnu::always_inline]] void end(int b, int count) {
#pragma clang loop unroll(full)
    for (int i = 0; i < count; ++i) {
      if ((b + i) % 2 == 1) before.pair((b + i) / 2);
    }
  }
  void scale(int i, V::F value) { V::store_f(panel.scale[i], value); }
  void min(int i, V::F value) { V::store_f(panel.min[i], value); }
  [[gnu::always_inline]] void codes(int k, V::I value) {
    const int block = k / 8;
    V::store(panel.q[block / 2 * 16 + k % 8 / 4 * 8 + block % 2 * 4 + k % 4], value);
  }

  Int8Panel& panel;
  Before& before;
};

template <typename Block, int kInputs, Int8Kind kKind>
struct RowsOnTiles {
  using V = Lanes512<true>;
  static constexpr std::int64_t kBlockBytes = kPanelOutputs * std::int64_t{sizeof(Block)};

  // `rows` rows of `columns` inputs, kFewestOnTiles to kMostOnTiles, on configured tiles; `first`
  // is a multiple of 32.
  template <int R = kFewestOnTiles>
  static void run(const MatrixView& w, std::int64_t first, std::int64_t last,
                  const PairChunk* chunks, std::int64_t rows, float* y, std::int64_t y_stride,
                  bool accumulate) {
    if constexpr (R < kMostOnTiles) {
      if (rows > R) return run<R + 1>(w, first, last, chunks, rows, y, y_stride, accumulate);
    }
    multiply<R>(w, first, last, chunks, y, y_stride, accumulate);
  }

  // Decodes `blocks` blocks of 32 inputs at `at`, none after the last piece, while `before` is
  // multiplied.
  template <int R>
  [[gnu::noinline]] static void piece(const std::byte* at, int blocks, Int8Panel& panel,
                                      const TilePiece& before) {
    using Before = PairSums<kKind, R>;
    typename Before::Ints ints;
    Before sums(before, ints);
    PairCodes<Before> codes{panel, sums};
    constexpr int kStep = kInputs / kBlock;
#pragma clang loop unroll(full)
    for (int b = 0; b < 8; b += kStep) {
      if (b < blocks) {
        FetchedBlock<V, true> from{at + 2 * kBlockBytes * (b / kStep)};
        UnpackInt8<V>::scales(static_cast<const Block*>(nullptr), from, b, codes);
        UnpackInt8<V>::codes(static_cast<const Block*>(nullptr), from, b, codes);
      } else {
        codes.end(b, kStep);
      }
    }
    sums.end(before);
  }

  template <int R>
  [[gnu::noinline]] static void multiply(const MatrixView& w, std::int64_t first, std::int64_t last,
                                         const PairChunk* chunks, float* y, std::int64_t y_stride,
                                         bool accumulate) {
    Int8Panel panels[2];
    alignas(64) float sums[2][R][kPanelOutputs];
    TileResult results[2];
    TilePiece before{.panel = panels,
                     .chunk = chunks,
                     .blocks = 0,
                     .sums = sums[0],
                     .is_first = true,
                     .result = results};
    int turn = 0;
    const std::byte* at = w.interleaved + first * w.row_bytes;
    for (std::int64_t n = first; n < last; n += kInterleavedOutputs) {
      for (std::int64_t k = 0; k < w.columns; k += kInt8K) {
        const std::int64_t left = w.columns - k;
        const auto blocks = static_cast<int>((left < kInt8K ? left : kInt8K) / kBlock);
        for (int half = 0; half < 2; ++half, turn = 1 - turn) {
          piece<R>(at + (2 * (k / kInputs) + half) * kBlockBytes, blocks, panels[turn], before);
          const std::int64_t output = n + half * kPanelOutputs;
          results[half] = {y + output, y_stride, last - output, accumulate};
          before = {.panel = &panels[turn],
                    .chunk = chunks + k / kInt8K,
                    .blocks = blocks,
                    .sums = sums[half],
                    .is_first = k == 0,
                    .result = left <= kInt8K ? &results[half] : nullptr};
        }
      }
      at += kInterleavedOutputs * w.row_bytes;
    }
    piece<R>(at, 0, panels[turn], before);
  }
};

}  // namespace
}  // namespace seine::engine
