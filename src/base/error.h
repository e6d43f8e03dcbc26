// Errors as values: Error{code, message, field} and Result<T>. The sixteen codes are gRPC's
// canonical ones; one table maps them to HTTP. A message names the thing and the limit: "prompt has
// 131,104 tokens, the model's limit is 131,072". Plain values, safe on any thread. Never thrown,
// never logged here.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace seine::base {

enum class Code : std::uint8_t {
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// "INVALID_ARGUMENT" and so on, as gRPC spells them.
std::string_view code_name(Code code);

// The HTTP status that stands for a code, by the table of Google's API design guide (499 for
// cancelled).
int http_status(Code code);

struct Error {
  Code code = Code::kUnknown;
  std::string message;
  // Which input was at fault, in the caller's terms ("messages[3].content", "server.listen"); empty
  // if none.
  std::string field = {};

  // "INVALID_ARGUMENT: message (field)".
  std::string to_string() const;
  // The same error seen from one level up: "context: message".
  Error within(std::string_view context) &&;

  bool operator==(const Error&) const = default;
};

template <typename T = void>
using Result = std::expected<T, Error>;

// return fail(Code::kNotFound, "no model named {}", name);
template <typename... Args>
std::unexpected<Error> fail(Code code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(Error{code, fmt::format(format, std::forward<Args>(args)...)});
}

// The same, naming the input at fault.
template <typename... Args>
std::unexpected<Error> fail_field(Code code, std::string_view field,
                                  fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected(
      Error{code, fmt::format(format, std::forward<Args>(args)...), std::string(field)});
}

// The error of the system call that has just failed: "open /x: No such file or directory", with the
// nearest code.
Error errno_error(std::string_view what, int error_number);

}  // namespace seine::base

// auto x = SEINE_TRY(f());   The value of a Result, or return its error from the enclosing
// function.
#define SEINE_TRY(expression)                                                           \
  __extension__({                                                                       \
    auto seine_try_result = (expression);                                               \
    if (!seine_try_result) return std::unexpected(std::move(seine_try_result).error()); \
    *std::move(seine_try_result);                                                       \
  })

// SEINE_CHECK(f());   The same for Result<void>.
#define SEINE_CHECK(expression)                                      \
  do {                                                               \
    if (auto seine_check_result = (expression); !seine_check_result) \
      return std::unexpected(std::move(seine_check_result).error()); \
  } while (false)

// The pair for coroutines. The expression may hold one co_await.
#define SEINE_CO_TRY(expression)                                                           \
  __extension__({                                                                          \
    auto seine_try_result = (expression);                                                  \
    if (!seine_try_result) co_return std::unexpected(std::move(seine_try_result).error()); \
    *std::move(seine_try_result);                                                          \
  })

#define SEINE_CO_CHECK(expression)                                      \
  do {                                                                  \
    if (auto seine_check_result = (expression); !seine_check_result)    \
      co_return std::unexpected(std::move(seine_check_result).error()); \
  } while (false)
