#include "engine/formats/dtype.h"

#include <array>
#include <limits>

#include "base/text.h"

namespace seine::engine {
namespace {

// In the order of DType.
constexpr std::array<DTypeInfo, kDTypeCount> kTable = {{
    {"F32", 1, 4, 0, "F32", true, true},
    {"F16", 1, 2, 1, "F16", true, true},
    {"BF16", 1, 2, 30, "BF16", true, true},
    {"F8_E4M3", 1, 1, -1, "F8_E4M3", true, true},
    {"Q8_0", 32, 34, 8, "", true, true},
    {"Q4_0", 32, 18, 2, "", true, true},
    {"Q4_1", 32, 20, 3, "", true, true},
    {"Q5_0", 32, 22, 6, "", true, true},
    {"Q5_1", 32, 24, 7, "", true, true},
    {"Q4_K", 256, 144, 12, "", true, true},
    {"Q5_K", 256, 176, 13, "", true, true},
    {"Q6_K", 256, 210, 14, "", true, true},
    {"IQ4_NL", 32, 18, 20, "", true, true},
    {"IQ4_XS", 256, 136, 23, "", true, true},
    {"F64", 1, 8, 28, "F64", false, false},
    {"I8", 1, 1, 24, "I8", false, false},
    {"I16", 1, 2, 25, "I16", false, false},
    {"I32", 1, 4, 26, "I32", false, false},
    {"I64", 1, 8, 27, "I64", false, false},
    {"U8", 1, 1, -1, "U8", false, false},
    {"BOOL", 1, 1, -1, "BOOL", false, false},
    {"F8_E5M2", 1, 1, -1, "F8_E5M2", false, false},
    {"F8_E8M0", 1, 1, -1, "F8_E8M0", false, false},
}};

template <typename Matches>
std::optional<DType> search(Matches matches) {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (matches(kTable[i])) return static_cast<DType>(i);
  }
  return std::nullopt;
}

}  // namespace

const DTypeInfo& dtype_info(DType type) {
  return kTable[static_cast<std::size_t>(type)];
}

std::optional<DType> dtype_of_gguf(std::uint32_t id) {
  return search([id](const DTypeInfo& info) {
    return info.gguf_id >= 0 && static_cast<std::uint32_t>(info.gguf_id) == id;
  });
}

std::optional<DType> dtype_of_safetensors(std::string_view name) {
  return search([name](const DTypeInfo& info) {
    return !info.safetensors.empty() && info.safetensors == name;
  });
}

std::optional<DType> dtype_of_name(std::string_view name) {
  return search([name](const DTypeInfo& info) { return base::ascii_iequals(info.name, name); });
}

std::optional<std::uint64_t> row_bytes(DType type, std::uint64_t elements) {
  const DTypeInfo& info = dtype_info(type);
  if (elements % info.block != 0) return std::nullopt;
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(elements / info.block, std::uint64_t{info.block_bytes}, &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

std::optional<std::uint64_t> element_count(std::span<const std::uint64_t> shape) {
  std::uint64_t count = 1;
  for (const std::uint64_t dimension : shape) {
    if (__builtin_mul_overflow(count, dimension, &count)) return std::nullopt;
  }
  if (count > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return count;
}

}  // namespace seine::engine
