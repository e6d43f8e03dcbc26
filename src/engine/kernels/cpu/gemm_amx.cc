// The row for AMX: tiles of bytes where there are many rows, the vpdpbusd of AVX-512 where there
// are few, with the same bits. Prompts have kernels of their own (gemm_prompt_amx.cc).
#include "engine/kernels/cpu/gemm_panels.h"
#include "engine/kernels/cpu/int8_tiles.h"
#include "engine/kernels/cpu/lanes_avx512.h"
#include "engine/kernels/cpu/rows.h"

namespace seine::engine {
namespace {

using Few = PanelKernels<Lanes512<false>>;
using Many = PanelKernels<TileLanes, Int8TilePath>;

// A tile of one row costs as much as one of sixteen: from here on tiles are the faster.
constexpr std::int64_t kFewest = 13;

std::size_t packed_bytes(std::int64_t rows, std::int64_t columns) {
  if (rows < kFewest) return Few::packed_bytes(rows, columns);
  const std::int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  return static_cast<std::size_t>(tiles * ((columns + 255) / 256)) * sizeof(TileChunk);
}

void pack(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns,
          std::int64_t first, std::int64_t last, std::byte* out) {
  if (rows < kFewest) return Few::pack(x, stride, rows, columns, first, last, out);
  pack_tile_chunks(x, stride, rows, columns, first, last, out);
}

void gemm(const MatrixView& w, std::int64_t first, std::int64_t last, const ActivationView& x,
          float* y, std::int64_t y_stride, bool accumulate, std::byte* scratch) {
  if (x.rows < kFewest || !Few::wants_packed(w.type))
    return Few::gemm(w, first, last, x, y, y_stride, accumulate, scratch);
  configure_int8_tiles();
  Many::gemm(w, first, last, x, y, y_stride, accumulate, scratch);
  _tile_release();
}

}  // namespace

const Kernels kAmxKernels = {"amx", Few::wants_packed, packed_bytes, pack, gemm,
                             true,  &kAmxPromptKernels};

}  // namespace seine::engine
