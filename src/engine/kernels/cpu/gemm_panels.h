// Products through panels (panel.h), for any instruction set V: the inner kernels and the blocking
// around them.
//
// The inner kernel holds R rows x kPanels panels of sums in registers (4 x 3 with 32 registers of
// 16 lanes): per 32 inputs 96 vpdpbusd, 24 loads of codes, 32 broadcasts and 24 multiplies on the
// ports of the vpdpbusd, so at most 80 % of the machine's rate, 73 % where a minimum is added.
// 6 x 2 has the same counts, but the compiler keeps sums in memory then: alone in L1 0.66 for 0.81
// on Zen 5.
// Around it: up to 32 rows pass all inputs of a tile's outputs before the next (weights are read
// once, in order); more rows pass kRowsMax at a time, and the sums of up to 256 outputs wait in
// L2 between the stretches of inputs, so that a decoded panel serves all rows from L1.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kernels/cpu/few_rows.h"
#include "engine/kernels/cpu/panel.h"
#include "engine/kernels/cpu/unpack_float.h"
#include "engine/kernels/cpu/unpack_int8.h"
#include "engine/kernels/interleave.h"
#include "engine/kernels/table.h"

namespace seine::engine {

inline constexpr std::int64_t kFewRows = 32;
inline constexpr std::int64_t kRowsMax = 256;
// What to fetch while `bytes` at `at` of each row of panel p are decoded: the outputs after these
// panels lie in one piece, and all stretches and panels together fetch it from front to back.
template <int kPanels>
const std::byte* piece_of_next(const MatrixView& w, std::int64_t n, int p, std::int64_t at,
                               std::int64_t bytes) {
  const std::int64_t before = kPanels * at + p * bytes;
  return w.data + (n + (kPanels - p) * kPanelOutputs) * w.row_bytes + kPanelOutputs * before;
}

// Where the block of `block` bytes at `at` of the outputs n.. lies in the interleaved copy.
template <typename V>
const std::byte* interleaved_panel(const MatrixView& w, std::int64_t n, std::int64_t at,
                                   std::int64_t block) {
  if (n >= w.rows) n = (w.rows - 1) / kPanelOutputs * kPanelOutputs;  // a whole panel past the end
  const std::int64_t half = n / kPanelOutputs % 2;
  return w.interleaved + n / kInterleavedOutputs * kInterleavedOutputs * w.row_bytes +
         kInterleavedOutputs * at + half * kPanelOutputs * block;
}

// Where 16 outputs lie, or where there are fewer left, a copy that repeats the last.
template <std::int64_t kBytes>
struct TailRows {
  std::byte copy[kPanelOutputs][kBytes];

  template <int kPanels>
  PanelRows rows_of(const MatrixView& w, std::int64_t n, int p, std::int64_t last, std::int64_t at,
                    std::int64_t bytes) {
    const std::byte* next = piece_of_next<kPanels>(w, n, p, at, bytes);
    if (n >= last) n = last - 1;  // a whole panel past the end
    const std::byte* from = w.data + n * w.row_bytes + at;
    if (n + kPanelOutputs <= last) return {from, w.row_bytes, next};
    for (int i = 0; i < kPanelOutputs; ++i) {
      __builtin_memcpy(copy[i], from, static_cast<std::size_t>(bytes));
      if (n + i + 1 < last) from += w.row_bytes;
    }
    return {copy[0], kBytes, next};
  }
};

// The sums of some rows by kPanels * 16 outputs: where they wait between two stretches of inputs,
// or, whole and done, where they go (`y` not null). The inner kernel knows no third way: masks and
// additions for the outputs at the edge, even where they are never taken, cost it an eighth on Zen
// 5.
template <typename V, int kPanels>
struct Sums {
  float* waiting;  // (rows, kPanels * 16)
  bool is_fresh;   // the first stretch: nothing waits yet
  float* y;        // (rows, y_stride)
  std::int64_t y_stride;

  float* place(std::int64_t row, int p) const {
    return waiting + (row * kPanels + p) * kPanelOutputs;
  }
  typename V::F begin(std::int64_t row, int p) const {
    return is_fresh ? V::zero_f() : V::load_f(place(row, p));
  }
  // sum[r][p]: of row `row` + r.
  template <int R>
  void end(std::int64_t row, const typename V::F (&sum)[R][kPanels]) const {
    if (y == nullptr) {
      for (int r = 0; r < R; ++r) {
        for (int p = 0; p < kPanels; ++p) V::store_f(place(row + r, p), sum[r][p]);
      }
    } else {
      for (int r = 0; r < R; ++r) {
        float* to = y + (row + r) * y_stride;
        for (int p = 0; p < kPanels; ++p) V::store_unaligned(to + kPanelOutputs * p, sum[r][p]);
      }
    }
  }
  // The waiting sums of `rows` rows to `outputs` outputs at `to`.
  void write(std::int64_t rows, std::int64_t outputs, float* to, bool accumulate) const {
    for (std::int64_t m = 0; m < rows; ++m, to += y_stride) {
      for (int p = 0; p < kPanels; ++p) {
        write_outputs<V>(V::load_f(place(m, p)), to + kPanelOutputs * p,
                         outputs - kPanelOutputs * p, accumulate);
      }
    }
  }
};

// Rows [row0, row0 + rows) through a path's kernels of 1 to kRows rows, in shares of nearly equal
// height: 6 rows are 3 + 3, not 4 + 2.
template <typename V, typename Path>
void multiply_in_shares(const typename Path::Panel* panels, const ActivationView& x,
                        std::int64_t row0, std::int64_t rows, std::int64_t k0, std::int64_t count,
                        const Sums<V, Path::kPanels>& sums) {
  const std::int64_t shares = (rows + Path::kRows - 1) / Path::kRows;
  for (std::int64_t s = 0; s < shares; ++s) {
    const std::int64_t begin = rows * s / shares;
    const std::int64_t height = rows * (s + 1) / shares - begin;
    switch (height) {
      case 1:
        Path::template multiply<1>(panels, x, row0, begin, k0, count, sums);
        break;
      case 2:
        Path::template multiply<2>(panels, x, row0, begin, k0, count, sums);
        break;
      case 3:
        if constexpr (Path::kRows >= 3)
          Path::template multiply<3>(panels, x, row0, begin, k0, count, sums);
        break;
      case 4:
        if constexpr (Path::kRows >= 4)
          Path::template multiply<4>(panels, x, row0, begin, k0, count, sums);
        break;
      case 5:
        if constexpr (Path::kRows >= 5)
          Path::template multiply<5>(panels, x, row0, begin, k0, count, sums);
        break;
      default:
        if constexpr (Path::kRows >= 6)
          Path::template multiply<6>(panels, x, row0, begin, k0, count, sums);
    }
  }
}

template <typename V, typename Block, int kInputs, Int8Kind kKind>
struct Int8Path {
  using I = typename V::I;
  using F = typename V::F;
  using Panel = Int8Panel;
  static constexpr std::int64_t kK = kInt8K;  // a PackedChunk
  static constexpr TileShape kTile = kKind.split ? V::kInt8SplitTile : V::kInt8Tile;
  static constexpr int kRows = kTile.rows;
  static constexpr int kPanels = kTile.panels;
  using Few = FewRows<V, Block, kInputs, kKind>;

  static std::int64_t offset(std::int64_t k) {
    return k / kInputs * static_cast<std::int64_t>(sizeof(Block));
  }

  [[gnu::noinline]] static void unpack(const MatrixView& w, std::int64_t n, int p,
                                       std::int64_t last, std::int64_t k0, std::int64_t count,
                                       std::int64_t ahead, Panel& panel) {
    const std::int64_t at = offset(k0);
    const std::int64_t bytes = offset(count);
    if (w.interleaved != nullptr && n % kPanelOutputs == 0) {
      const InterleavedBlocks<V> blocks{interleaved_panel<V>(w, n, at, sizeof(Block)), ahead};
      return UnpackInt8<V>::template run<Block, kInputs>(blocks, count, panel);
    }
    TailRows<kK / kInputs* static_cast<std::int64_t>(sizeof(Block))> tail;
    const PanelRows rows = tail.template rows_of<kPanels>(w, n, p, last, at, bytes);
    UnpackInt8<V>::template run<Block, kInputs>(StoredBlocks<V>(rows), count, panel);
  }

  // Rows [row0 + row, row0 + row + R) times inputs [k0, k0 + count).
  template <int R>
  [[gnu::noinline]] static void multiply(const Panel* panels, const ActivationView& x,
                                         std::int64_t row0, std::int64_t row, std::int64_t k0,
                                         std::int64_t count, const Sums<V, kPanels>& sums) {
    constexpr int P = kPanels;
    const PackedChunk* chunk =
        reinterpret_cast<const PackedChunk*>(x.packed) + k0 / 256 * x.rows + row0 + row;
    F sum[R][P];
    for (int r = 0; r < R; ++r) {
      for (int p = 0; p < P; ++p) sum[r][p] = sums.begin(row + r, p);
    }
    const auto blocks = static_cast<int>(count / kBlock);
    for (int b = 0; b < blocks; ++b) {
      F part[R][P];
      I dot[R][P];
      for (int half = 0; half < (kKind.split ? 2 : 1); ++half) {
        for (int r = 0; r < R; ++r) {
          const PackedChunk& c = chunk[r];
          const I from = RowSums<V, kInputs, kKind, 1>::start(c, b, half);
          for (int p = 0; p < P; ++p) dot[r][p] = from;
        }
#pragma clang loop unroll(full)
        for (int g = 0; g < (kKind.split ? 4 : 8); ++g) {
          const int k = 8 * b + 4 * half + g;
          I w[P];
          for (int p = 0; p < P; ++p) w[p] = V::load(panels[p].q[k]);
          for (int r = 0; r < R; ++r) {
            const I codes = V::broadcast_word(chunk[r].q + 32 * b + 16 * half + 4 * g);
            for (int p = 0; p < P; ++p)
              dot[r][p] = V::template dot<kKind.wide>(dot[r][p], w[p], codes);
          }
        }
        for (int p = 0; p < P; ++p) {
          const F scale = V::load_f(panels[p].scale[kKind.split ? 2 * b + half : b]);
          for (int r = 0; r < R; ++r) {
            const F value = V::to_float(dot[r][p]);
            part[r][p] = half == 0 ? V::mul(value, scale) : V::fma(value, scale, part[r][p]);
          }
        }
      }
      for (int r = 0; r < R; ++r) {
        const F scale = V::broadcast_from(&chunk[r].scale[b]);
        for (int p = 0; p < P; ++p) sum[r][p] = V::fma(part[r][p], scale, sum[r][p]);
      }
      if constexpr (kKind.min) {
        for (int r = 0; r < R; ++r) {
          const F total = V::broadcast_from(&chunk[r].sum[b]);
          for (int p = 0; p < P; ++p)
            sum[r][p] = V::fma(V::load_f(panels[p].min[b]), total, sum[r][p]);
        }
      }
    }
    sums.end(row, sum);
  }

  static void multiply_all(const Panel* panels, const ActivationView& x, std::int64_t row0,
                           std::int64_t rows, std::int64_t k0, std::int64_t count,
                           const Sums<V, kPanels>& sums) {
    multiply_in_shares<V, Int8Path>(panels, x, row0, rows, k0, count, sums);
  }
};

// Plain floats with f32 activations: routers decide with these which experts run.
template <typename V>
struct FloatPath {
  using F = typename V::F;
  using Panel = FloatPanel;
  static constexpr std::int64_t kK = kFloatK;
  static constexpr int kRows = V::kFloatTile.rows;
  static constexpr int kPanels = V::kFloatTile.panels;

  [[gnu::noinline]] static void unpack(const MatrixView& w, std::int64_t n, int p,
                                       std::int64_t last, std::int64_t k0, std::int64_t count,
                                       std::int64_t, Panel& panel) {
    const std::int64_t width = UnpackFloat<V>::width(w.type);
    TailRows<kK * 4> tail;
    const PanelRows rows = tail.template rows_of<kPanels>(w, n, p, last, k0 * width, count * width);
    UnpackFloat<V>::run(w, rows, n, last, k0, count, panel);
  }

  template <int R>
  [[gnu::noinline]] static void multiply(const Panel* panels, const ActivationView& x,
                                         std::int64_t row0, std::int64_t row, std::int64_t k0,
                                         std::int64_t count, const Sums<V, kPanels>& sums) {
    constexpr int P = kPanels;
    const float* from = x.f32 + (row0 + row) * x.stride + k0;
    F sum[R][P];
    for (int r = 0; r < R; ++r) {
      for (int p = 0; p < P; ++p) sum[r][p] = sums.begin(row + r, p);
    }
    for (std::int64_t k = 0; k < count; ++k) {
      F w[P];
      for (int p = 0; p < P; ++p) w[p] = V::load_f(panels[p].w[k]);
      for (int r = 0; r < R; ++r) {
        const F value = V::broadcast_from(from + r * x.stride + k);
        for (int p = 0; p < P; ++p) sum[r][p] = V::fma(w[p], value, sum[r][p]);
      }
    }
    sums.end(row, sum);
  }

  static void multiply_all(const Panel* panels, const ActivationView& x, std::int64_t row0,
                           std::int64_t rows, std::int64_t k0, std::int64_t count,
                           const Sums<V, kPanels>& sums) {
    multiply_in_shares<V, FloatPath>(panels, x, row0, rows, k0, count, sums);
  }
};

template <typename V, typename Path>
struct Blocking {
  static constexpr std::int64_t kOutputs = Path::kPanels * kPanelOutputs;
  static constexpr std::int64_t kOutputsMax = 256 / kOutputs * kOutputs;
  static constexpr std::size_t kPanelBytes = Path::kPanels * sizeof(typename Path::Panel);
  static_assert(kPanelBytes + kRowsMax * kOutputsMax * sizeof(float) <= kGemmScratchBytes);

  static void run(const MatrixView& w, std::int64_t first, std::int64_t last,
                  const ActivationView& x, float* y, std::int64_t y_stride, bool accumulate,
                  std::byte* scratch) {
    if constexpr (requires { typename Path::Few; }) {
      if (Path::Few::can(w, first, x)) {
        return Path::Few::run(w, first, last, reinterpret_cast<const PackedChunk*>(x.packed),
                              x.rows, x.rows, y, y_stride, accumulate);
      }
    }
    auto* panels = reinterpret_cast<typename Path::Panel*>(scratch);
    auto* all_sums = reinterpret_cast<float*>(scratch + kPanelBytes);
    for (std::int64_t row0 = 0; row0 < x.rows; row0 += kRowsMax) {
      const std::int64_t rows = x.rows - row0 < kRowsMax ? x.rows - row0 : kRowsMax;
      const std::int64_t wide = rows <= kFewRows ? kOutputs : kOutputsMax;
      const std::int64_t ahead = rows <= kFewRows ? kFarAhead : kInterleavedOutputs * w.row_bytes;
      for (std::int64_t s = first; s < last; s += wide) {
        const std::int64_t s_end = s + wide < last ? s + wide : last;
        for (std::int64_t k0 = 0; k0 < x.columns; k0 += Path::kK) {
          const std::int64_t count = x.columns - k0 < Path::kK ? x.columns - k0 : Path::kK;
          const bool is_last = k0 + count == x.columns;
          Sums<V, Path::kPanels> sums{
              .waiting = all_sums, .is_fresh = k0 == 0, .y = nullptr, .y_stride = y_stride};
          for (std::int64_t n = s; n < s_end; n += kOutputs) {
            for (int p = 0; p < Path::kPanels; ++p)
              Path::unpack(w, n + p * kPanelOutputs, p, last, k0, count, ahead, panels[p]);
            float* to = y + row0 * y_stride + n;
            const bool is_whole = s_end - n >= kOutputs && !accumulate;
            sums.y = is_last && is_whole ? to : nullptr;
            Path::multiply_all(panels, x, row0, rows, k0, count, sums);
            if (is_last && !is_whole) sums.write(rows, s_end - n, to, accumulate);
            sums.waiting += rows * kOutputs;
          }
        }
      }
    }
  }
};

// Block j of a chunk: inputs [k, k + 32) of one row of `columns`, zeros past the end.
template <typename V>
void quantize_block(const float* row, std::int64_t columns, std::int64_t k, PackedChunk& out,
                    int j) {
  const float* from = row + k;
  alignas(64) float tail[kBlock] = {};
  if (k + kBlock > columns) {
    for (std::int64_t i = 0; k + i < columns; ++i) tail[i] = from[i];
    from = tail;
  }
  V::quantize(from, out, j);
}

// Calls run.operator()<Block, kInputs, kKind>() for a type whose products are of bytes; false for
// other types.
template <typename Run>
bool with_block(DType type, Run run) {
  constexpr Int8Kind kWithMin{.min = true};
  constexpr Int8Kind kWide{.wide = true};
  switch (type) {
    case DType::kQ4_0:
      run.template operator()<BlockQ4_0, 32, Int8Kind{.bias_shift = 3}>();
      return true;
    case DType::kQ4_1:
      run.template operator()<BlockQ4_1, 32, kWithMin>();
      return true;
    case DType::kQ5_0:
      run.template operator()<BlockQ5_0, 32, Int8Kind{.bias_shift = 4}>();
      return true;
    case DType::kQ5_1:
      run.template operator()<BlockQ5_1, 32, kWithMin>();
      return true;
    case DType::kQ8_0:
      run.template operator()<BlockQ8_0, 32, kWide>();
      return true;
    case DType::kQ4_K:
      run.template operator()<BlockQ4_K, 256, kWithMin>();
      return true;
    case DType::kQ5_K:
      run.template operator()<BlockQ5_K, 256, kWithMin>();
      return true;
    case DType::kQ6_K:
      run.template operator()<BlockQ6_K, 256, Int8Kind{.bias_shift = 5, .split = true}>();
      return true;
    case DType::kIQ4_NL:
      run.template operator()<BlockIQ4_NL, 32, kWide>();
      return true;
    case DType::kIQ4_XS:
      run.template operator()<BlockIQ4_XS, 256, kWide>();
      return true;
    default:
      return false;
  }
}

template <typename V>
struct PanelKernels {
  static bool wants_packed(DType type) {
    return type != DType::kF32 && type != DType::kF16 && type != DType::kBF16 &&
           type != DType::kF8E4M3;
  }

  static std::size_t packed_bytes(std::int64_t rows, std::int64_t columns) {
    return static_cast<std::size_t>(rows * ((columns + 255) / 256)) * sizeof(PackedChunk);
  }

  static void pack(const float* x, std::int64_t stride, std::int64_t rows, std::int64_t columns,
                   std::int64_t first, std::int64_t last, std::byte* out) {
    const std::int64_t chunks = (columns + 255) / 256;
    const std::int64_t end = last * kPackRows < rows ? last * kPackRows : rows;
    for (std::int64_t m = first * kPackRows; m < end; ++m) {
      PackedChunk* chunk = reinterpret_cast<PackedChunk*>(out) + m;
      for (std::int64_t k = 0; k < chunks * 256; k += kBlock)
        quantize_block<V>(x + m * stride, columns, k, chunk[k / 256 * rows],
                          static_cast<int>(k % 256 / kBlock));
    }
  }

  static void gemm(const MatrixView& w, std::int64_t first, std::int64_t last,
                   const ActivationView& x, float* y, std::int64_t y_stride, bool accumulate,
                   std::byte* scratch) {
    const auto multiply = [&]<typename Block, int kInputs, Int8Kind kKind>() {
      Blocking<V, Int8Path<V, Block, kInputs, kKind>>::run(w, first, last, x, y, y_stride,
                                                           accumulate, scratch);
    };
    if (!with_block(w.type, multiply))
      Blocking<V, FloatPath<V>>::run(w, first, last, x, y, y_stride, accumulate, scratch);
  }
};

}  // namespace seine::engine
