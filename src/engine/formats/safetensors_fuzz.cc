// Any bytes as a safetensors file: whatever is accepted lies inside.
#include "base/assert.h"
#include "engine/formats/hf_names.h"
#include "engine/formats/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::engine;
  const auto header = parse_safetensors(std::as_bytes(std::span(data, size)));
  if (!header) return 0;
  for (const SafetensorInfo& info : header->tensors) {
    SEINE_ASSERT(header->data_start + info.begin + info.bytes <= size, "inside the file");
    (void)canonical_tensor_name(info.name);
  }
  return 0;
}
