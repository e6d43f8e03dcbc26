// Panels of 8-bit codes (panel.h) times tiles of activations on AMX: the path of gemm_panels.h for
// many rows. Sums over the 32 inputs of a scale are exact integers and floats are added in the
// order of the other rows of the table, so a result has the bits that vpdpbusd gives, whatever the
// number of rows.
//
// Per 32 inputs, 16 rows and 16 outputs: a TDPBSSD of 16 cycles (8,192 products), and per row a
// conversion, a product with the outputs' scales and one with the row's: 24 cycles of the two
// vector ports, so at most 341 products a cycle, where 512-bit vpdpbusd does 128 at its best.
#pragma once

#include <immintrin.h>

#include "engine/kernels/cpu/amx.h"
#include "engine/kernels/cpu/gemm_panels.h"
#include "engine/kernels/cpu/lanes_avx512.h"
#include "engine/kernels/cpu/tile_rows.h"

namespace seine::engine {
namespace {

using TileLanes = Lanes512<true>;

constexpr std::int64_t kTileRows = 16;

// 256 activations of 16 rows; rows that are missing are zeros. The codes of 32 inputs are a tile.
struct alignas(64) TileChunk {
  std::int8_t q[8][kTileRows][kBlock];
  float scale[8][kTileRows];
  float sum[8][kTileRows];
};
static_assert(sizeof(TileChunk) == 5120);
static_assert(kTileRows == kPackRows);

// Tiles 0 and 1: sums. 2: activations, 3: weights of 32 inputs; 4, 5: of 16.
inline void configure_int8_tiles() {
  TileConfig config;
  constexpr std::uint8_t kRows[6] = {16, 16, 16, 8, 16, 4};
  constexpr std::uint16_t kBytes[6] = {64, 64, 32, 64, 16, 64};
  for (int i = 0; i < 6; ++i) {
    config.rows[i] = kRows[i];
    config.column_bytes[i] = kBytes[i];
  }
  _tile_loadconfig(&config);
}

inline void pack_tile_chunks(const float* x, std::int64_t stride, std::int64_t rows,
                             std::int64_t columns, std::int64_t first, std::int64_t last,
                             std::byte* out) {
  const std::int64_t chunks = (columns + 255) / 256;
  PackedChunk one;
  for (std::int64_t tile = first; tile < last; ++tile) {
    for (std::int64_t c = 0; c < chunks; ++c) {
      TileChunk& to = reinterpret_cast<TileChunk*>(out)[tile * chunks + c];
      for (std::int64_t m = 0; m < kTileRows; ++m) {
        const std::int64_t row = tile * kTileRows + m;
        if (row >= rows) {
          one = PackedChunk{};
        } else {
          for (int j = 0; j < 8; ++j)
            quantize_block<TileLanes>(x + row * stride, columns, 256 * c + kBlock * j, one, j);
        }
        for (int j = 0; j < 8; ++j) {
          __builtin_memcpy(to.q[j][m], one.q + kBlock * j, kBlock);
          to.scale[j][m] = one.scale[j];
          to.sum[j][m] = one.sum[j];
        }
      }
    }
  }
}

template <typename V, typename Block, int kInputs, Int8Kind kKind>
struct Int8TilePath {
  using Panel = Int8Panel;
  using F = typename V::F;
  using Few = RowsOnTiles<Block, kInputs, kKind>;
  static constexpr std::int64_t kK = kInt8K;
  static constexpr int kPanels = Int8Path<V, Block, kInputs, kKind>::kPanels;

  static void unpack(const MatrixView& w, std::int64_t n, int p, std::int64_t last, std::int64_t k0,
                     std::int64_t count, std::int64_t ahead, Panel& panel) {
    Int8Path<V, Block, kInputs, kKind>::unpack(w, n, p, last, k0, count, ahead, panel);
  }

  // Integer sums of the tile of 32 (or 16) inputs that begin at codes `q` and weights `w`.
  static void dot(const std::int8_t* q, const std::uint8_t* w, std::int32_t* out) {
    if constexpr (kKind.split) {
      _tile_zero(0);
      _tile_zero(1);
      _tile_loadd(4, q, kBlock);
      _tile_loadd(5, w, 64);
      _tile_dpbssd(0, 4, 5);
      _tile_loadd(4, q + 16, kBlock);
      _tile_loadd(5, w + 256, 64);
      _tile_dpbssd(1, 4, 5);
      _tile_stored(0, out, 64);
      _tile_stored(1, out + 256, 64);
    } else {
      _tile_zero(0);
      _tile_loadd(2, q, kBlock);
      _tile_loadd(3, w, 64);
      _tile_dpbssd(0, 2, 3);
      _tile_stored(0, out, 64);
    }
  }

  // The tile of rows m.., of which R are multiplied and `live` exist, times panel p.
  template <int R>
  [[gnu::noinline]] static void multiply(const Panel& panel, int p, const TileChunk& chunk,
                                         std::int64_t m, std::int64_t live, std::int64_t count,
                                         const Sums<V, kPanels>& sums) {
    constexpr int kInts = kKind.split ? 512 : 256;
    alignas(64) std::int32_t ints[2][kInts];
    F sum[R];
    for (int r = 0; r < R; ++r) sum[r] = sums.begin(m + r, p);
    const auto blocks = static_cast<int>(count / kBlock);
    dot(chunk.q[0][0], panel.q[0], ints[0]);
    for (int b = 0; b < blocks; ++b) {
      // The next tile is multiplied while this one is scaled.
      if (b + 1 < blocks) dot(chunk.q[b + 1][0], panel.q[8 * (b + 1)], ints[(b + 1) % 2]);
      const std::int32_t* from = ints[b % 2];
      const F scale = V::load_f(panel.scale[kKind.split ? 2 * b : b]);
      for (int r = 0; r < R; ++r) {
        F part = V::mul(V::to_float(V::load(from + 16 * r)), scale);
        if constexpr (kKind.split) {
          const F second = V::to_float(V::load(from + 256 + 16 * r));
          part = V::fma(second, V::load_f(panel.scale[2 * b + 1]), part);
        }
        sum[r] = V::fma(part, V::broadcast_from(&chunk.scale[b][r]), sum[r]);
        if constexpr (kKind.min)
          sum[r] = V::fma(V::load_f(panel.min[b]), V::broadcast_from(&chunk.sum[b][r]), sum[r]);
      }
    }
    if (sums.y == nullptr) {
      for (int r = 0; r < R; ++r) V::store_f(sums.place(m + r, p), sum[r]);
    } else {
      for (int r = 0; r < R && r < live; ++r)
        V::store_unaligned(sums.y + (m + r) * sums.y_stride + kPanelOutputs * p, sum[r]);
    }
  }

  // Sums have room for a multiple of 16 rows.
  static void multiply_all(const Panel* panels, const ActivationView& x, std::int64_t row0,
                           std::int64_t rows, std::int64_t k0, std::int64_t count,
                           const Sums<V, kPanels>& sums) {
    const std::int64_t chunks = (x.columns + 255) / 256;
    const auto* tiles = reinterpret_cast<const TileChunk*>(x.packed);
    for (std::int64_t m = 0; m < rows; m += kTileRows) {
      const TileChunk& chunk = tiles[(row0 + m) / kTileRows * chunks + k0 / 256];
      const std::int64_t live = rows - m;
      for (int p = 0; p < kPanels; ++p) {
        if (live > 12) {
          multiply<16>(panels[p], p, chunk, m, live, count, sums);
        } else if (live > 8) {
          multiply<12>(panels[p], p, chunk, m, live, count, sums);
        } else if (live > 4) {
          multiply<8>(panels[p], p, chunk, m, live, count, sums);
        } else {
          multiply<4>(panels[p], p, chunk, m, live, count, sums);
        }
      }
    }
  }
};

}  // namespace
}  // namespace seine::engine
