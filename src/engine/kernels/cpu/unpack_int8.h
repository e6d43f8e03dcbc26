// Stored blocks of 16 outputs into an Int8Panel, for every quantised format. V is the set of vector
// operations of one instruction set (struct Lanes of gemm_avx512vnni.cc and gemm_avx2.cc).
//
// A step takes 16 bytes of each of 16 rows as dwords, so that the vector k holds bytes 4k..4k+3 of
// every row: nibbles and high bits then split without leaving their place. Stored rows are
// transposed for that, interleaved ones (interleave.h) lie so. What is decoded goes to a panel, or
// to the sums of the few rows that want it (few_rows.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/formats/blocks.h"
#include "engine/kernels/cpu/panel.h"

// Loops whose indices choose registers: rolled up, those would be memory.
#define SEINE_UNROLL _Pragma("clang loop unroll(full)")

namespace seine::engine {

// The stored rows of a panel, at the block to decode, and what to fetch meanwhile: as many bytes,
// four lines with every transposition, as bursts would leave the memory idle between them.
struct PanelRows {
  const std::byte* first;
  std::int64_t stride;
  const std::byte* next;

  const std::byte* at(int row) const { return first + row * stride; }
};

// A block of the 16 outputs of a panel, as it is stored: fields by their offset in one row's block.
template <typename V>
struct StoredBlocks {
  using I = typename V::I;
  using F = typename V::F;

  explicit StoredBlocks(const PanelRows& from) : rows(from), fetched(from.next) {}

  // out[k]: dword k of the 16 bytes at `offset` of each row.
  void dwords4(std::size_t offset, I* out) {
    for (int line = 0; line < 4; ++line) V::prefetch(fetched + 64 * line);
    fetched += 256;
    I r[4];
    for (int i = 0; i < 4; ++i) {
      r[i] = V::gather16(rows.at(i) + offset, rows.at(4 + i) + offset, rows.at(8 + i) + offset,
                         rows.at(12 + i) + offset);
    }
    const I a = V::unpack_low32(r[0], r[1]);
    const I b = V::unpack_high32(r[0], r[1]);
    const I c = V::unpack_low32(r[2], r[3]);
    const I d = V::unpack_high32(r[2], r[3]);
    out[0] = V::unpack_low64(a, c);
    out[1] = V::unpack_high64(a, c);
    out[2] = V::unpack_low64(b, d);
    out[3] = V::unpack_high64(b, d);
  }
  I dwords(std::size_t offset) { return V::strided_words(rows.first + offset, rows.stride); }
  // The f16 at `offset`, where two bytes more can be read behind it.
  F halves(std::size_t offset) { return V::low_halves(dwords(offset)); }
  // That at the end of a block: the two bytes before it are read, not those behind.
  F last_halves(std::size_t offset) { return V::high_halves(dwords(offset - 2)); }

  void next_block(std::int64_t bytes) {
    rows.next += kPanelOutputs * bytes;
    for (; fetched < rows.next; fetched += 64) V::prefetch(fetched);
    fetched = rows.next;
    rows.first += bytes;
  }

  PanelRows rows;
  const std::byte* fetched;
};

// The same of an interleaved matrix. `ahead`: how far on the memory is asked for what comes.
template <typename V>
struct InterleavedBlocks {
  using I = typename V::I;
  using F = typename V::F;

  void dwords4(std::size_t offset, I* out) {
    for (std::size_t line = 0; line < 4; ++line) out[line] = dwords(offset + 4 * line);
  }
  I dwords(std::size_t offset) {
    const std::byte* from = first + kPanelOutputs * offset;
    V::prefetch(from + ahead);
    return V::load_unaligned(from);
  }
  F halves(std::size_t offset) {
    const std::byte* from = first + kPanelOutputs * offset;
    V::prefetch(from + ahead);
    return V::sixteen_halves(from);
  }
  F last_halves(std::size_t offset) { return halves(offset); }

  // Past the block of the other 16 outputs.
  void next_block(std::int64_t bytes) { first += 2 * kPanelOutputs * bytes; }

  const std::byte* first;
  std::int64_t ahead;
};

// Where decoded blocks go: scale and minimum of each 32 inputs (16 in Q6_K), and vectors of codes,
// the k-th those of inputs 4k..4k+3. begin(b, n) and end(b, n) enclose the codes of blocks [b, b +
// n) of 32 inputs; sums in registers then need room for those only.
template <typename V>
struct PanelCodes {
  Int8Panel& panel;

  void begin(int, int) {}
  void end(int, int) {}
  void scale(int i, typename V::F value) { V::store_f(panel.scale[i], value); }
  void min(int i, typename V::F value) { V::store_f(panel.min[i], value); }
  void codes(int k, typename V::I value) { V::store(panel.q[k], value); }
};

template <typename V>
struct UnpackInt8 {
  using I = typename V::I;
  using F = typename V::F;

  // Signed codes of Q4_0 stay in the high half of their byte, sixteen times as large, which saves
  // an operation each; their scale makes up for it, exactly.
  static constexpr bool kSixteenfold = requires(I x) { V::high_nibbles_less_8(x); };

  static I nibbles_low(I x) { return V::and_(x, V::bytes(15)); }
  static I nibbles_high(I x) { return V::and_(V::template shift_right16<4>(x), V::bytes(15)); }
  static constexpr std::size_t skip(int bytes) { return static_cast<std::size_t>(bytes); }

  // Q4_0, Q4_1: codes 0..15.
  template <int kBias, typename Blocks, typename Codes>
  [[gnu::always_inline]] static void q4(Blocks& rows, std::size_t offset, int q, Codes& out) {
    I t[4];
    rows.dwords4(offset, t);
    SEINE_UNROLL
    for (int k = 0; k < 4; ++k) {
      if constexpr (kBias == 8 && kSixteenfold) {
        out.codes(q + k, V::high_nibbles_less_8(V::template shift_left16<4>(t[k])));
        out.codes(q + 4 + k, V::high_nibbles_less_8(t[k]));
      } else {
        out.codes(q + k, V::template code<kBias>(nibbles_low(t[k])));
        out.codes(q + 4 + k, V::template code<kBias>(nibbles_high(t[k])));
      }
    }
  }
  // Q5_0, Q5_1: codes 0..31, the fifth bits of a row in one word.
  template <int kBias, typename Blocks, typename Codes>
  [[gnu::always_inline]] static void q5(Blocks& rows, std::size_t offset, I high, int q,
                                        Codes& out) {
    I t[4];
    rows.dwords4(offset, t);
    SEINE_UNROLL
    for (int k = 0; k < 4; ++k) {
      const I low = V::or_(nibbles_low(t[k]), V::spread_bits(high, k));
      const I top = V::or_(nibbles_high(t[k]), V::spread_bits(high, 4 + k));
      out.codes(q + k, V::template code<kBias>(low));
      out.codes(q + 4 + k, V::template code<kBias>(top));
    }
  }
  // IQ4: codes through the table, biased by 128 or signed as the instruction set wants them.
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void iq4(Blocks& rows, std::size_t offset, int q, Codes& out) {
    I t[4];
    rows.dwords4(offset, t);
    const I table = V::xor_(V::table(kIq4Table), V::bytes(V::kWideFlip));
    SEINE_UNROLL
    for (int k = 0; k < 4; ++k) {
      out.codes(q + k, V::look_up(table, nibbles_low(t[k])));
      out.codes(q + 4 + k, V::look_up(table, nibbles_high(t[k])));
    }
  }

  // Blocks of 32: the scale (and minimum) of block b, and its codes.
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void scales(const BlockQ4_0*, Blocks& rows, int b, Codes& out) {
    F scale = rows.halves(0);
    if constexpr (kSixteenfold) scale = V::mul(scale, V::broadcast(1.0F / 16));
    out.scale(b, scale);
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void codes(const BlockQ4_0*, Blocks& rows, int b, Codes& out) {
    out.begin(b, 1);
    q4<8>(rows, offsetof(BlockQ4_0, q), 8 * b, out);
    out.end(b, 1);
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void scales(const BlockIQ4_NL*, Blocks& rows, int b, Codes& out) {
    out.scale(b, rows.halves(0));
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void codes(const BlockIQ4_NL*, Blocks& rows, int b, Codes& out) {
    out.begin(b, 1);
    iq4(rows, offsetof(BlockIQ4_NL, q), 8 * b, out);
    out.end(b, 1);
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void scales(const BlockQ4_1*, Blocks& rows, int b, Codes& out) {
    out.scale(b, rows.halves(0));
    out.min(b, rows.halves(2));
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void codes(const BlockQ4_1*, Blocks& rows, int b, Codes& out) {
    out.begin(b, 1);
    q4<0>(rows, offsetof(BlockQ4_1, q), 8 * b, out);
    out.end(b, 1);
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void scales(const BlockQ5_0*, Blocks& rows, int b, Codes& out) {
    out.scale(b, rows.halves(0));
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void codes(const BlockQ5_0*, Blocks& rows, int b, Codes& out) {
    out.begin(b, 1);
    q5<16>(rows, offsetof(BlockQ5_0, q), rows.dwords(offsetof(BlockQ5_0, high)), 8 * b, out);
    out.end(b, 1);
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void scales(const BlockQ5_1*, Blocks& rows, int b, Codes& out) {
    out.scale(b, rows.halves(0));
    out.min(b, rows.halves(2));
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void codes(const BlockQ5_1*, Blocks& rows, int b, Codes& out) {
    out.begin(b, 1);
    q5<0>(rows, offsetof(BlockQ5_1, q), rows.dwords(offsetof(BlockQ5_1, high)), 8 * b, out);
    out.end(b, 1);
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void scales(const BlockQ8_0*, Blocks& rows, int b, Codes& out) {
    out.scale(b, rows.halves(0));
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void codes(const BlockQ8_0*, Blocks& rows, int b, Codes& out) {
    out.begin(b, 1);
    SEINE_UNROLL
    for (int half = 0; half < 2; ++half) {
      I t[4];
      rows.dwords4(offsetof(BlockQ8_0, q) + skip(16 * half), t);
      SEINE_UNROLL
      for (int k = 0; k < 4; ++k)
        out.codes(8 * b + 4 * half + k, V::xor_(t[k], V::bytes(V::kWideFlip)));
    }
    out.end(b, 1);
  }

  // The eight (scale, min) pairs of Q4_K and Q5_K: six bits each, in bytes of four dwords.
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void k_scales(Blocks& rows, int b, Codes& out) {
    I h[4];
    rows.dwords4(0, h);  // d and dmin, then the twelve bytes
    const F d = V::low_halves(h[0]);
    const F dmin = V::negate(V::high_halves(h[0]));
    const I six = V::bytes(63);
    const I top = V::bytes(48);
    const I scale[2] = {
        V::and_(h[1], six),
        V::or_(nibbles_low(h[3]), V::and_(V::template shift_right16<2>(h[1]), top))};
    const I min[2] = {V::and_(h[2], six),
                      V::or_(nibbles_high(h[3]), V::and_(V::template shift_right16<2>(h[2]), top))};
    SEINE_UNROLL
    for (int j = 0; j < 8; ++j) {
      out.scale(b + j, V::mul(d, V::to_float(V::byte_of(scale[j / 4], j % 4))));
      out.min(b + j, V::mul(dmin, V::to_float(V::byte_of(min[j / 4], j % 4))));
    }
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void scales(const BlockQ4_K*, Blocks& rows, int b, Codes& out) {
    k_scales(rows, b, out);
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void codes(const BlockQ4_K*, Blocks& rows, int b, Codes& out) {
    SEINE_UNROLL
    for (int i = 0; i < 4; ++i) {
      out.begin(b + 2 * i, 2);
      SEINE_UNROLL
      for (int half = 0; half < 2; ++half) {
        I t[4];
        rows.dwords4(offsetof(BlockQ4_K, q) + skip(32 * i + 16 * half), t);
        const int q = 8 * (b + 2 * i) + 4 * half;
        SEINE_UNROLL
        for (int k = 0; k < 4; ++k) {
          out.codes(q + k, nibbles_low(t[k]));
          out.codes(q + 8 + k, nibbles_high(t[k]));
        }
      }
      out.end(b + 2 * i, 2);
    }
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void scales(const BlockQ5_K*, Blocks& rows, int b, Codes& out) {
    k_scales(rows, b, out);
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void codes(const BlockQ5_K*, Blocks& rows, int b, Codes& out) {
    I high[2][4];
    rows.dwords4(offsetof(BlockQ5_K, high), high[0]);
    rows.dwords4(offsetof(BlockQ5_K, high) + 16, high[1]);
    SEINE_UNROLL
    for (int i = 0; i < 4; ++i) {
      out.begin(b + 2 * i, 2);
      SEINE_UNROLL
      for (int half = 0; half < 2; ++half) {
        I t[4];
        rows.dwords4(offsetof(BlockQ5_K, q) + skip(32 * i + 16 * half), t);
        const int q = 8 * (b + 2 * i) + 4 * half;
        SEINE_UNROLL
        for (int k = 0; k < 4; ++k) {
          // Bits 0 and 1 of the bytes are those of this pair of sub-blocks.
          const I bits = V::shift_right32_by(high[half][k], 2 * i);
          const I first = V::and_(V::template shift_left16<4>(bits), V::bytes(16));
          const I second = V::and_(V::template shift_left16<3>(bits), V::bytes(16));
          out.codes(q + k, V::or_(nibbles_low(t[k]), first));
          out.codes(q + 8 + k, V::or_(nibbles_high(t[k]), second));
        }
      }
      out.end(b + 2 * i, 2);
    }
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void scales(const BlockQ6_K*, Blocks& rows, int b, Codes& out) {
    const F d = rows.last_halves(offsetof(BlockQ6_K, d));
    I scales[4];
    rows.dwords4(offsetof(BlockQ6_K, scales), scales);
    SEINE_UNROLL
    for (int j = 0; j < 16; ++j) {
      out.scale(2 * b + j, V::mul(d, V::to_float(V::signed_byte_of(scales[j / 4], j % 4))));
    }
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void codes(const BlockQ6_K*, Blocks& rows, int b, Codes& out) {
    const I top = V::bytes(48);
    SEINE_UNROLL
    for (int n = 0; n < 2; ++n) {
      out.begin(b + 4 * n, 4);
      SEINE_UNROLL
      for (int half = 0; half < 2; ++half) {
        const std::size_t low = skip(16 * half);
        I first[4];
        I second[4];
        I high[4];
        rows.dwords4(low + skip(64 * n), first);
        rows.dwords4(low + skip(64 * n + 32), second);
        rows.dwords4(low + offsetof(BlockQ6_K, high) + skip(32 * n), high);
        const int q = 8 * (b + 4 * n) + 4 * half;
        SEINE_UNROLL
        for (int k = 0; k < 4; ++k) {
          const I h = high[k];
          const I codes[4] = {
              V::or_(nibbles_low(first[k]), V::and_(V::template shift_left16<4>(h), top)),
              V::or_(nibbles_low(second[k]), V::and_(V::template shift_left16<2>(h), top)),
              V::or_(nibbles_high(first[k]), V::and_(h, top)),
              V::or_(nibbles_high(second[k]), V::and_(V::template shift_right16<2>(h), top))};
          SEINE_UNROLL
          for (int i = 0; i < 4; ++i) out.codes(q + 8 * i + k, V::template code<32>(codes[i]));
        }
      }
      out.end(b + 4 * n, 4);
    }
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void scales(const BlockIQ4_XS*, Blocks& rows, int b, Codes& out) {
    I h[4];
    rows.dwords4(0, h);  // d and scales_high, then scales_low
    const F d = V::low_halves(h[0]);
    const I top = V::template shift_right32<16>(h[0]);
    SEINE_UNROLL
    for (int i = 0; i < 8; ++i) {
      const I low = V::and_(V::shift_right32_by(h[1], 4 * i), V::dwords(15));
      const I high = V::and_(V::shift_right32_by(top, 2 * i), V::dwords(3));
      const I scale = V::sub32(V::or_(low, V::template shift_left32<4>(high)), V::dwords(32));
      out.scale(b + i, V::mul(d, V::to_float(scale)));
    }
  }
  template <typename Blocks, typename Codes>
  [[gnu::always_inline]] static void codes(const BlockIQ4_XS*, Blocks& rows, int b, Codes& out) {
    SEINE_UNROLL
    for (int i = 0; i < 8; ++i) {
      out.begin(b + i, 1);
      iq4(rows, offsetof(BlockIQ4_XS, q) + skip(16 * i), 8 * (b + i), out);
      out.end(b + i, 1);
    }
  }

  // `count` inputs (a multiple of kInputs) of blocks that hold kInputs each.
  template <typename Block, int kInputs, typename Blocks>
  static void run(Blocks rows, std::int64_t count, Int8Panel& panel) {
    PanelCodes<V> out{panel};
    for (std::int64_t k = 0; k < count; k += kInputs) {
      const auto b = static_cast<int>(k / kBlock);
      scales(static_cast<const Block*>(nullptr), rows, b, out);
      codes(static_cast<const Block*>(nullptr), rows, b, out);
      rows.next_block(sizeof(Block));
    }
  }
};

#undef SEINE_UNROLL

}  // namespace seine::engine
