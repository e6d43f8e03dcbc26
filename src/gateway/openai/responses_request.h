// POST /v1/responses to a Call. A conversation is a list of items; what was stored of an earlier
// response comes before what is sent. Sans-IO.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json.h"
#include "gateway/generation/call.h"

namespace seine::gateway::openai {

struct ResponsesCall {
  static constexpr std::size_t kItemsMax = 4096;

  Call call;
  bool stream = false;
  bool store = true;
  std::string previous_id = {};            // empty: none
  base::Json items = base::Json::array();  // what was sent, as items
  base::Json echo = base::Json::object();  // members of the request that the response repeats
};

// Everything but the messages, which depend on what is stored.
base::Result<ResponsesCall> parse_responses(const base::Json& body);
// Fills the call's messages from instructions and items (stored ones first).
base::Result<> set_messages(ResponsesCall& call, const base::Json& earlier_items);

}  // namespace seine::gateway::openai
