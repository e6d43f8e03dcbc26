// Plain floats of 16 outputs into a FloatPanel: F32, F16, BF16 and F8E4M3 with its 128 x 128
// scales. V as in unpack_int8.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/formats/dtype.h"
#include "engine/kernels/cpu/unpack_int8.h"
#include "engine/kernels/matrix.h"

namespace seine::engine {

template <typename V>
struct UnpackFloat {
  using I = typename V::I;
  using F = typename V::F;

  // A dword of each row: one F32, two halves or four bytes.
  static float* expand(DType type, I t, F scale, float* out) {
    switch (type) {
      case DType::kF32:
        V::store(out, t);
        return out + 16;
      case DType::kF16:
        V::store_f(out, V::low_halves(t));
        V::store_f(out + 16, V::high_halves(t));
        return out + 32;
      case DType::kBF16:
        V::store(out, V::template shift_left32<16>(t));
        V::store(out + 16, V::and_(t, V::dwords(static_cast<int>(0xFFFF0000u))));
        return out + 32;
      default:
        // The bits of an e4m3 in the place of a float's have their exponent 120 short.
        for (int i = 0; i < 4; ++i, out += 16) {
          const I byte = V::byte_of(t, i);
          const I sign = V::template shift_left32<24>(V::and_(byte, V::dwords(0x80)));
          const I rest = V::template shift_left32<20>(V::and_(byte, V::dwords(0x7F)));
          const F value = V::mul(V::as_float(V::or_(sign, rest)), V::broadcast(0x1p120f));
          V::store_f(out, V::mul(value, scale));
        }
        return out;
    }
  }

  static std::int64_t width(DType type) {
    return type == DType::kF32 ? 4 : type == DType::kF8E4M3 ? 1 : 2;
  }

  // Inputs [k0, k0 + count) of outputs n.. (those past `last` have no meaning); fetches from
  // `next`.
  static void run(const MatrixView& w, const PanelRows& rows, std::int64_t n, std::int64_t last,
                  std::int64_t k0, std::int64_t count, FloatPanel& panel) {
    const std::int64_t bytes = width(w.type);
    alignas(64) float scales[kPanelOutputs];
    for (int i = 0; i < kPanelOutputs; ++i) {
      scales[i] = 1;
      if (w.f8_scales != nullptr && n + i < last) {
        const std::int64_t wide = (w.columns + 127) / 128;
        __builtin_memcpy(&scales[i],
                         w.f8_scales + 4 * ((w.f8_first_row + n + i) / 128 * wide + k0 / 128), 4);
      }
    }
    const F scale = V::load_f(scales);
    float* out = panel.w[0];
    I t[4];
    std::int64_t left = count * bytes;
    StoredBlocks<V> whole(rows);
    for (std::size_t at = 0; left >= 16; at += 16, left -= 16) {
      whole.dwords4(at, t);
      for (int k = 0; k < 4; ++k) out = expand(w.type, t[k], scale, out);
    }
    if (left == 0) return;
    // The end of a row, on its own: reading 16 bytes there could leave the file.
    alignas(64) std::byte tail[kPanelOutputs][16] = {};
    for (int i = 0; i < kPanelOutputs; ++i) {
      __builtin_memcpy(tail[i], rows.at(i) + count * bytes - left, static_cast<std::size_t>(left));
    }
    StoredBlocks<V>({tail[0], 16, whole.fetched}).dwords4(0, t);
    for (int k = 0; k < 4; ++k) out = expand(w.type, t[k], scale, out);
  }
};

}  // namespace seine::engine
