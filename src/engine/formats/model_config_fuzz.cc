// Any text as config.json.
#include <string_view>

#include "base/json.h"
#include "engine/formats/hf_names.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json =
      seine::base::parse_json(std::string_view(reinterpret_cast<const char*>(data), size));
  if (json) (void)seine::engine::metadata_from_config(*json);
  return 0;
}
