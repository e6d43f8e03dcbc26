// Any body gives a call or an error.
#include "base/json.h"
#include "gateway/anthropic/messages_request.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = seine::base::parse_json(text);
  if (!json || !json->is_object()) return 0;
  using seine::gateway::anthropic::Purpose;
  const auto parsed = seine::gateway::anthropic::parse_messages(*json, Purpose::kAnswer);
  if (parsed ? parsed->call.request.messages.empty() : parsed.error().message.empty()) {
    __builtin_trap();
  }
  return 0;
}
