// The row for AMX: tiles of bytes where five rows or more meet interleaved weights, else the
// vpdpbusd of AVX-512, with the same bits. Prompts have kernels of their own (gemm_prompt_amx.cc).
#include "engine/kernels/cpu/gemm_panels.h"
#include "engine/kernels/cpu/lanes_avx512.h"
#include "engine/kernels/cpu/rows.h"
#include "engine/kernels/cpu/tile_rows.h"

namespace seine::engine {
namespace {

using V = Lanes512<false>;
using Plain = PanelKernels<V>;

// Rows from `first` on that are multiplied together, of `rows`.
std::int64_t group_rows(std::int64_t rows, std::int64_t first) {
  return rows - first < kMostOnTiles ? rows - first : kMostOnTiles;
}

std::int64_t chunks_of(std::int64_t columns) {
  return (columns + 255) / 256;
}

// Packed: as Plain reads it, then the groups that go on tiles, in the form of tile_rows.h.
std::size_t packed_bytes(std::int64_t rows, std::int64_t columns) {
  const std::int64_t groups = rows < kFewestOnTiles ? 0 : (rows + kMostOnTiles - 1) / kMostOnTiles;
  return Plain::packed_bytes(rows, columns) +
         static_cast<std::size_t>(groups * chunks_of(columns)) * sizeof(PairChunk);
}

void pack(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns,
          std::int64_t first, std::int64_t last, std::byte* out) {
  static_assert(kPackRows % kMostOnTiles == 0, "a group is packed at once");
  Plain::pack(x, stride, rows, columns, first, last, out);
  auto* pairs = reinterpret_cast<PairChunk*>(out + Plain::packed_bytes(rows, columns));
  const std::int64_t end = last * kPackRows < rows ? last * kPackRows : rows;
  for (std::int64_t m = first * kPackRows; m < end; m += kMostOnTiles) {
    const std::int64_t some = group_rows(rows, m);
    if (some < kFewestOnTiles) continue;
    pair_chunks(reinterpret_cast<const PackedChunk*>(out), rows, m, m + some, chunks_of(columns),
                pairs + m / kMostOnTiles * chunks_of(columns));
  }
}

void gemm(const MatrixView& w, std::int64_t first, std::int64_t last, const ActivationView& x,
          float* y, std::int64_t y_stride, bool accumulate, std::byte* scratch) {
  const auto multiply = [&]<typename Block, int kInputs, Int8Kind kKind>() {
    const auto* plain = reinterpret_cast<const PackedChunk*>(x.packed);
    const auto* pairs =
        reinterpret_cast<const PairChunk*>(x.packed + Plain::packed_bytes(x.rows, x.columns));
    // What every group but the first reads comes from L2.
    constexpr std::int64_t kNearBytes = 384 << 10;
    const std::int64_t near = kNearBytes / (kInterleavedOutputs * w.row_bytes);  // of 32 outputs
    const std::int64_t step =
        x.rows <= kMostOnTiles ? last - first : (near > 1 ? near : 1) * kInterleavedOutputs;
    configure_pair_tiles(kKind.split);
    for (std::int64_t n = first; n < last; n += step) {
      const std::int64_t end = n + step < last ? n + step : last;
      for (std::int64_t m = 0; m < x.rows; m += kMostOnTiles) {
        const std::int64_t rows = group_rows(x.rows, m);
        float* to = y + m * y_stride;
        if (rows >= kFewestOnTiles) {
          RowsOnTiles<Block, kInputs, kKind>::run(w, n, end,
                                                  pairs + m / kMostOnTiles * chunks_of(x.columns),
                                                  rows, to, y_stride, accumulate);
        } else {
          FewRows<V, Block, kInputs, kKind>::run(w, n, end, plain + m, x.rows, rows, to, y_stride,
                                                 accumulate);
        }
      }
    }
    _tile_release();
  };
  const bool grouped =
      x.rows >= kFewestOnTiles && w.interleaved != nullptr && first % kInterleavedOutputs == 0;
  if (!grouped || !with_block(w.type, multiply))
    Plain::gemm(w, first, last, x, y, y_stride, accumulate, scratch);
}

}  // namespace

const Kernels kAmxKernels = {"amx", Plain::wants_packed, packed_bytes, pack, gemm,
                             true,  &kAmxPromptKernels};

}  // namespace seine::engine
