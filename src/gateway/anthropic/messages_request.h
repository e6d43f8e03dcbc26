// POST /v1/messages and /v1/messages/count_tokens to a Call: Anthropic's request. Sans-IO.
#pragma once

#include "base/error.h"
#include "base/json_fwd.h"
#include "gateway/generation/call.h"

namespace seine::gateway::anthropic {

struct MessagesCall {
  Call call;
  bool stream = false;
};

enum class Purpose : std::uint8_t { kAnswer, kCount };  // counting needs no max_tokens

base::Result<MessagesCall> parse_messages(const base::Json& body, Purpose purpose);

}  // namespace seine::gateway::anthropic
