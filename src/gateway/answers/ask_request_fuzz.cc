#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "gateway/answers/ask_request.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto json = seine::base::parse_json({reinterpret_cast<const char*>(data), size});
  if (json && json->is_object()) (void)seine::gateway::parse_ask(*json);
  return 0;
}
