#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace seine::base {

void assertion_failed(const char* condition, const char* message, std::source_location where) {
  std::fprintf(stderr, "seine: broken invariant at %s:%u (%s): %s: %s\n", where.file_name(),
               static_cast<unsigned>(where.line()), where.function_name(), condition, message);
  std::abort();
}

}  // namespace seine::base
