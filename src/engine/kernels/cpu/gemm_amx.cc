// The row for AMX: tiles of bytes where there are five rows or more, the vpdpbusd of AVX-512 where
// there are fewer, with the same bits. Prompts have kernels of their own (gemm_prompt_amx.cc).
#include "engine/kernels/cpu/gemm_panels.h"
#include "engine/kernels/cpu/int8_tiles.h"
#include "engine/kernels/cpu/lanes_avx512.h"
#include "engine/kernels/cpu/rows.h"
#include "engine/kernels/cpu/tile_rows.h"

namespace seine::engine {
namespace {

using Few = PanelKernels<Lanes512<false>>;
using Many = PanelKernels<TileLanes, Int8TilePath>;

// A panel is worth tiles from here on: one of a single row costs as much as one of sixteen.
constexpr std::int64_t kFewest = 13;

bool has_pairs(std::int64_t rows) {
  return rows >= kFewestOnTiles && rows <= kMostOnTiles;
}

std::size_t pair_bytes(std::int64_t columns) {
  return static_cast<std::size_t>((columns + 255) / 256) * sizeof(PairChunk);
}

std::size_t form_bytes(std::int64_t rows, std::int64_t columns) {
  if (rows < kFewest)
    return Few::packed_bytes(rows, columns) + (has_pairs(rows) ? pair_bytes(columns) : 0);
  const std::int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  return static_cast<std::size_t>(tiles * ((columns + 255) / 256)) * sizeof(TileChunk);
}

// Room for fewer rows as well, whose form may be the larger.
std::size_t packed_bytes(std::int64_t rows, std::int64_t columns) {
  const std::size_t all = form_bytes(rows, columns);
  const std::size_t pairs = form_bytes(rows < kMostOnTiles ? rows : kMostOnTiles, columns);
  return all > pairs ? all : pairs;
}

// The form that Few reads: after that of tile_rows.h.
ActivationView without_pairs(ActivationView x) {
  if (has_pairs(x.rows)) x.packed += pair_bytes(x.columns);
  return x;
}

void pack(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns,
          std::int64_t first, std::int64_t last, std::byte* out) {
  if (rows >= kFewest) return pack_tile_chunks(x, stride, rows, columns, first, last, out);
  if (!has_pairs(rows)) return Few::pack(x, stride, rows, columns, first, last, out);
  std::byte* plain = out + pair_bytes(columns);
  Few::pack(x, stride, rows, columns, first, last, plain);
  pair_chunks(reinterpret_cast<const PackedChunk*>(plain), rows, (columns + 255) / 256,
              reinterpret_cast<PairChunk*>(out));
}

void gemm(const MatrixView& w, std::int64_t first, std::int64_t last, const ActivationView& x,
          float* y, std::int64_t y_stride, bool accumulate, std::byte* scratch) {
  const bool many = x.rows >= kFewest;
  if (!Few::wants_packed(w.type))
    return Few::gemm(w, first, last, x, y, y_stride, accumulate, scratch);
  if (!many && !can_use_tiles(w, first, x))
    return Few::gemm(w, first, last, without_pairs(x), y, y_stride, accumulate, scratch);
  if (many) configure_int8_tiles();
  Many::gemm(w, first, last, x, y, y_stride, accumulate, scratch);
  _tile_release();
}

}  // namespace

const Kernels kAmxKernels = {"amx", Few::wants_packed, packed_bytes, pack, gemm,
                             true,  &kAmxPromptKernels};

}  // namespace seine::engine
