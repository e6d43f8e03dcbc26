// The body of POST /api/ask as values (docs/reference/console-api.md). Pure.
#pragma once

#include <string>

#include "answer/types.h"
#include "base/error.h"
#include "base/json_fwd.h"

namespace seine::gateway {

struct AskBody {
  answer::AskRequest request;  // without history, ids and files' pages
  std::string chat_id = {};
  std::string parent_id = {};
  std::string regenerate_id = {};
  std::vector<std::string> files = {};
  bool stream = true;
};

// Unknown members are refused, since they are slips.
base::Result<AskBody> parse_ask(const base::Json& body);

}  // namespace seine::gateway
