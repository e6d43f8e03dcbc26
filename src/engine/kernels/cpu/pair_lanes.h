// Two vectors of 16 outputs at a time, for few_rows.h: the operations that decoding and sums need,
// each done for both. A broadcast activation then serves two products, and a register file of 32
// holds four rows.
#pragma once

#include <cstdint>

namespace seine::engine {

template <typename V>
struct Pair {
  struct I {
    typename V::I a, b;
  };
  struct F {
    typename V::F a, b;
  };
  static constexpr int kWideShift = V::kWideShift;
  static constexpr int kWideFlip = V::kWideFlip;

  static I both(typename V::I x) { return {x, x}; }
  static F both(typename V::F x) { return {x, x}; }

  template <int kBias>
  static I code(I x) {
    return {V::template code<kBias>(x.a), V::template code<kBias>(x.b)};
  }
  static I zero() { return both(V::zero()); }
  static I bytes(int value) { return both(V::bytes(value)); }
  static I dwords(int value) { return both(V::dwords(value)); }
  static I and_(I x, I y) { return {V::and_(x.a, y.a), V::and_(x.b, y.b)}; }
  static I or_(I x, I y) { return {V::or_(x.a, y.a), V::or_(x.b, y.b)}; }
  static I xor_(I x, I y) { return {V::xor_(x.a, y.a), V::xor_(x.b, y.b)}; }
  static I sub32(I x, I y) { return {V::sub32(x.a, y.a), V::sub32(x.b, y.b)}; }
  template <int kBits>
  static I shift_right16(I x) {
    return {V::template shift_right16<kBits>(x.a), V::template shift_right16<kBits>(x.b)};
  }
  template <int kBits>
  static I shift_left16(I x) {
    return {V::template shift_left16<kBits>(x.a), V::template shift_left16<kBits>(x.b)};
  }
  template <int kBits>
  static I shift_right32(I x) {
    return {V::template shift_right32<kBits>(x.a), V::template shift_right32<kBits>(x.b)};
  }
  template <int kBits>
  static I shift_left32(I x) {
    return {V::template shift_left32<kBits>(x.a), V::template shift_left32<kBits>(x.b)};
  }
  static I shift_right32_by(I x, int bits) {
    return {V::shift_right32_by(x.a, bits), V::shift_right32_by(x.b, bits)};
  }
  static I byte_of(I x, int index) { return {V::byte_of(x.a, index), V::byte_of(x.b, index)}; }
  static I signed_byte_of(I x, int index) {
    return {V::signed_byte_of(x.a, index), V::signed_byte_of(x.b, index)};
  }
  static I spread_bits(I bits, int k) {
    return {V::spread_bits(bits.a, k), V::spread_bits(bits.b, k)};
  }
  static I table(const std::int8_t* from) { return both(V::table(from)); }
  static I look_up(I table, I index) {
    return {V::look_up(table.a, index.a), V::look_up(table.b, index.b)};
  }
  static I broadcast_word(const void* from) { return both(V::broadcast_word(from)); }
  template <bool kWide>
  static I dot(I sum, I codes, I x) {
    return {V::template dot<kWide>(sum.a, codes.a, x.a),
            V::template dot<kWide>(sum.b, codes.b, x.b)};
  }

  static F zero_f() { return both(V::zero_f()); }
  static F broadcast_from(const float* from) { return both(V::broadcast_from(from)); }
  static F to_float(I x) { return {V::to_float(x.a), V::to_float(x.b)}; }
  static F mul(F x, F y) { return {V::mul(x.a, y.a), V::mul(x.b, y.b)}; }
  static F fma(F x, F y, F z) { return {V::fma(x.a, y.a, z.a), V::fma(x.b, y.b, z.b)}; }
  static F negate(F x) { return {V::negate(x.a), V::negate(x.b)}; }
  static F low_halves(I x) { return {V::low_halves(x.a), V::low_halves(x.b)}; }
  static F high_halves(I x) { return {V::high_halves(x.a), V::high_halves(x.b)}; }
};

}  // namespace seine::engine
