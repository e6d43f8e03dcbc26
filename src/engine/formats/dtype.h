// Element types of stored tensors: the GGUF block formats, the plain floats, FP8 and the integers.
// One table says how many elements share a block and how many bytes it takes. Plain values, safe on
// any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace seine::engine {

enum class DType : std::uint8_t {
  kF32,
  kF16,
  kBF16,
  kF8E4M3,  // with one F32 scale per 128x128 block, stored beside the tensor
  kQ8_0,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kIQ4_NL,
  kIQ4_XS,
  kF64,  // from here on: carried, never computed with
  kI8,
  kI16,
  kI32,
  kI64,
  kU8,
  kBool,
  kF8E5M2,
  kF8E8M0,
};
inline constexpr std::size_t kDTypeCount = 23;

struct DTypeInfo {
  std::string_view name;         // "Q4_K", as llama.cpp and safetensors spell it
  std::uint32_t block;           // elements in a block, along the row
  std::uint32_t block_bytes;     // bytes of a block
  std::int32_t gguf_id;          // number in a GGUF file, -1 if it has none
  std::string_view safetensors;  // name in a safetensors header, empty if it has none
  bool decodable;                // dequantize_row() knows it
  bool encodable;                // quantize_row() knows it
};

const DTypeInfo& dtype_info(DType type);
inline std::string_view dtype_name(DType type) {
  return dtype_info(type).name;
}
std::optional<DType> dtype_of_gguf(std::uint32_t id);
std::optional<DType> dtype_of_safetensors(std::string_view name);
// By dtype_name, ASCII case ignored: "q4_k" is kQ4_K.
std::optional<DType> dtype_of_name(std::string_view name);

// Bytes of a row of `elements`; nothing if it is no multiple of the block or overflows.
std::optional<std::uint64_t> row_bytes(DType type, std::uint64_t elements);

// Product of the dimensions; nothing when it overflows 2^63. An empty shape is a scalar: 1.
std::optional<std::uint64_t> element_count(std::span<const std::uint64_t> shape);

}  // namespace seine::engine
