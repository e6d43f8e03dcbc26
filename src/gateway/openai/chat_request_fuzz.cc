// Any body gives a call or an error, and a call within its bounds.
#include "base/json.h"
#include "gateway/openai/chat_request.h"
#include "gateway/openai/content.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = seine::base::parse_json(text);
  if (!json || !json->is_object()) return 0;
  const auto chat = seine::gateway::openai::parse_chat(*json);
  if (chat) {
    const auto& request = chat->call.request;
    if (request.messages.empty() || request.stop.size() > seine::llm::ChatRequest::kStopMax ||
        chat->call.answers < 1 || chat->call.answers > seine::gateway::Call::kAnswersMax ||
        request.tools.size() > seine::gateway::openai::kToolsMax) {
      __builtin_trap();
    }
  } else if (chat.error().message.empty()) {
    __builtin_trap();
  }
  return 0;
}
