// Any body gives a call whose items can be read, or an error.
#include "gateway/openai/responses_request.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = seine::base::parse_json(text);
  if (!json || !json->is_object()) return 0;
  auto parsed = seine::gateway::openai::parse_responses(*json);
  if (!parsed) {
    if (parsed.error().message.empty()) __builtin_trap();
    return 0;
  }
  const seine::base::Json earlier = parsed->items;
  (void)seine::gateway::openai::set_messages(*parsed, earlier);
  return 0;
}
