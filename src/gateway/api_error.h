// Failures in the words of the caller's dialect: OpenAI's
// {"error":{"message","type","param","code"}} for everything, Anthropic's
// {"type":"error","error":{"type","message"},"request_id"} under /v1/messages. One table maps our
// codes to both.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seine::net {
class Request;
class Response;
}  // namespace seine::net

namespace seine::gateway {

enum class Dialect : std::uint8_t { kOpenAi, kAnthropic };

// By the path: what a failed request is answered in.
Dialect dialect_of(std::string_view path);

// The object without braces around it, also sent as an event when a stream fails half-way.
std::string openai_error(const base::Error& error);
std::string anthropic_error(const base::Error& error, std::string_view request_id);

// 413 and 408 for faults of reading the body, 529 for an overloaded service in Anthropic's dialect,
// else base::http_status.
int api_status(const base::Error& error, Dialect dialect);

// Answers with the error in the dialect of the request's path and the reader's language, and says
// when to come again where that makes sense (Retry-After, x-should-retry).
void send_api_error(const net::Request& request, net::Response& response,
                    const base::Error& failure);

}  // namespace seine::gateway
