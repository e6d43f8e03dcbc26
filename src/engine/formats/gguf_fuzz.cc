// Any bytes as a GGUF header; tensors that are accepted are read to their last byte.
#include <algorithm>
#include <vector>

#include "engine/formats/codec.h"
#include "engine/formats/gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::engine;
  const auto file = std::as_bytes(std::span(data, size));
  const auto header = parse_gguf(file);
  if (!header) return 0;
  std::vector<float> row;
  for (const GgufTensorInfo& info : header->tensors) {
    if (!dtype_info(info.dtype).decodable) continue;
    const std::uint64_t columns = info.shape.empty() ? 1 : info.shape.back();
    const std::uint64_t width = row_bytes(info.dtype, columns).value();
    row.resize(columns);
    const auto bytes = file.subspan(header->data_start + info.offset, info.bytes);
    dequantize_row(info.dtype, bytes.data() + bytes.size() - width, row.data(), columns);
  }
  return 0;
}
