#include "engine/kernels/interleave.h"

#include <algorithm>
#include <cstring>

#include "engine/kernels/cpu/panel.h"

namespace seine::engine {
namespace {

// Fields of a block in their order: halves, then words, then halves.
struct Fields {
  int halves = 0;
  int words = 0;
  int last_halves = 0;
};

Fields fields_of(DType type) {
  switch (type) {
    case DType::kQ4_0:
    case DType::kIQ4_NL:
      return {.halves = 1, .words = 4};
    case DType::kQ4_1:
      return {.halves = 2, .words = 4};
    case DType::kQ5_0:
      return {.halves = 1, .words = 5};
    case DType::kQ5_1:
      return {.halves = 2, .words = 5};
    case DType::kQ8_0:
      return {.halves = 1, .words = 8};
    case DType::kQ4_K:
      return {.words = 36};
    case DType::kQ5_K:
      return {.words = 44};
    case DType::kQ6_K:
      return {.words = 52, .last_halves = 1};
    case DType::kIQ4_XS:
      return {.words = 34};
    default:
      return {};
  }
}

// One block of one output, `output` of 16.
void scatter(const std::byte* from, const Fields& fields, int output, std::byte* out) {
  const auto put = [&]<std::size_t kBytes>(int count) {
    for (int i = 0; i < count; ++i) {
      std::memcpy(out + kBytes * static_cast<std::size_t>(output), from, kBytes);
      out += kBytes * kPanelOutputs;
      from += kBytes;
    }
  };
  put.operator()<2>(fields.halves);
  put.operator()<4>(fields.words);
  put.operator()<2>(fields.last_halves);
}

}  // namespace

bool can_interleave(DType type) {
  return fields_of(type).words > 0;
}

std::size_t interleaved_bytes(const MatrixView& w) {
  const std::int64_t groups = (w.rows + kInterleavedOutputs - 1) / kInterleavedOutputs;
  return static_cast<std::size_t>(groups * kInterleavedOutputs * w.row_bytes);
}

void interleave(const MatrixView& w, std::int64_t first, std::int64_t last, std::byte* out) {
  const Fields fields = fields_of(w.type);
  const auto block = std::int64_t{dtype_info(w.type).block_bytes};
  const auto whole = static_cast<std::size_t>(kPanelOutputs * block);
  for (std::int64_t group = first; group < last; ++group) {
    std::byte* to = out + group * kInterleavedOutputs * w.row_bytes;
    for (std::int64_t at = 0; at < w.row_bytes; at += block) {
      for (std::int64_t half = 0; half < kInterleavedOutputs; half += kPanelOutputs) {
        const std::int64_t row = group * kInterleavedOutputs + half;
        const std::int64_t rows = std::clamp<std::int64_t>(w.rows - row, 0, kPanelOutputs);
        if (rows < kPanelOutputs) std::memset(to, 0, whole);
        for (std::int64_t r = 0; r < rows; ++r)
          scatter(w.data + (row + r) * w.row_bytes + at, fields, static_cast<int>(r), to);
        to += whole;
      }
    }
  }
}

}  // namespace seine::engine
