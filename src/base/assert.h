// SEINE_ASSERT(condition, "what must hold"): a broken invariant of ours ends the process with a
// message and the place. On in every build. Input from outside never trips one: input errors are
// base::Error.
#pragma once

#include <source_location>

namespace seine::base {

[[noreturn]] void assertion_failed(const char* condition, const char* message,
                                   std::source_location where = std::source_location::current());

}  // namespace seine::base

#define SEINE_ASSERT(condition, message)                    \
  do {                                                      \
    if (!(condition)) [[unlikely]] {                        \
      ::seine::base::assertion_failed(#condition, message); \
    }                                                       \
  } while (false)
