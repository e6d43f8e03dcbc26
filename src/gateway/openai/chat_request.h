// POST /v1/chat/completions to a Call: OpenAI's request with DeepSeek's extras (thinking,
// reasoning_effort, prefix, reasoning_content). Members that we do not know are ignored, as clients
// send their own; members of a wrong type or range are errors that name them. Sans-IO.
#pragma once

#include "base/error.h"
#include "base/json_fwd.h"
#include "gateway/generation/call.h"

namespace seine::gateway::openai {

struct ChatCall {
  Call call;
  bool stream = false;
  bool include_usage = false;
};

base::Result<ChatCall> parse_chat(const base::Json& body);

}  // namespace seine::gateway::openai
