#include "gateway/api_error.h"

#include "base/error_text.h"
#include "base/json.h"
#include "gateway/reader_language.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway {
namespace {

using base::Code;

struct Names {
  std::string_view openai_type;
  std::string_view openai_code;  // empty: null
  std::string_view anthropic_type;
};

Names names_of(const base::Error& error) {
  switch (error.code) {
    case Code::kInvalidArgument:
    case Code::kFailedPrecondition:
      return {"invalid_request_error", "", "invalid_request_error"};
    case Code::kOutOfRange:
      return {"invalid_request_error", "context_length_exceeded", "invalid_request_error"};
    case Code::kUnauthenticated:
      return {"authentication_error", "invalid_api_key", "authentication_error"};
    case Code::kPermissionDenied:
      return {"permission_error", "permission_denied", "permission_error"};
    case Code::kNotFound:
      return {"not_found_error", error.field == "model" ? "model_not_found" : "not_found",
              "not_found_error"};
    case Code::kAborted:
    case Code::kAlreadyExists:
      return {"invalid_request_error", "conflict", "invalid_request_error"};
    case Code::kResourceExhausted:
      if (error.field == "body") {
        return {"invalid_request_error", "request_too_large", "request_too_large"};
      }
      return {"rate_limit_error", "rate_limit_exceeded", "rate_limit_error"};
    case Code::kUnimplemented:
      return {"invalid_request_error", "unsupported", "invalid_request_error"};
    case Code::kUnavailable:
      return {"server_error", "overloaded", "overloaded_error"};
    case Code::kDeadlineExceeded:
      return {"server_error", "timeout", "timeout_error"};
    case Code::kCancelled:
    case Code::kUnknown:
    case Code::kInternal:
    case Code::kDataLoss:
      return {"server_error", "", "api_error"};
  }
  return {"server_error", "", "api_error"};
}

base::Json or_null(std::string_view text) {
  return text.empty() ? base::Json(nullptr) : base::Json(text);
}

}  // namespace

Dialect dialect_of(std::string_view path) {
  return path.starts_with("/v1/messages") ? Dialect::kAnthropic : Dialect::kOpenAi;
}

std::string openai_error(const base::Error& error) {
  const Names names = names_of(error);
  return base::to_text({{"error",
                         {{"message", error.message},
                          {"type", names.openai_type},
                          {"param", or_null(error.field)},
                          {"code", or_null(names.openai_code)}}}});
}

std::string anthropic_error(const base::Error& error, std::string_view request_id) {
  std::string message = error.message;
  if (!error.field.empty()) message = error.field + ": " + message;
  return base::to_text({{"type", "error"},
                        {"error", {{"type", names_of(error).anthropic_type}, {"message", message}}},
                        {"request_id", request_id}});
}

int api_status(const base::Error& error, Dialect dialect) {
  if (error.field == "body") {
    if (error.code == Code::kResourceExhausted) return 413;
    if (error.code == Code::kDeadlineExceeded) return 408;
  }
  if (dialect == Dialect::kAnthropic && error.code == Code::kUnavailable) return 529;
  return base::http_status(error.code);
}

void send_api_error(const net::Request& request, net::Response& response,
                    const base::Error& failure) {
  base::Error error = failure;
  error.message = base::error_text(failure, reader_language(request));
  const Dialect dialect = dialect_of(request.path());
  const int status = api_status(error, dialect);
  net::Headers headers{{"content-type", "application/json"}};
  if (status == 429 || status == 503 || status == 529) {
    // A guard that knows better has set its own.
    headers.add("retry-after", "1");
    headers.add("x-should-retry", "true");
  } else if (status < 500 && status != 408) {
    headers.add("x-should-retry", "false");
  }
  response.send(
      status, std::move(headers),
      dialect == Dialect::kAnthropic ? anthropic_error(error, request.id()) : openai_error(error));
}

}  // namespace seine::gateway
