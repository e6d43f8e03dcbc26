// The one JSON body of errors that net itself answers with:
// {"error":{"code":"NOT_FOUND","message":"…","field":…,"request_id":"req_…"}}. Dialects that need
// another form (OpenAI's, Anthropic's) write their own in gateway.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace seine::net {

std::string error_body(const base::Error& error, std::string_view request_id);

// "Not Found" and so on (RFC 9110 section 15); "Unknown" for a status without a name.
std::string_view reason_phrase(int status);

}  // namespace seine::net
