// The library's result codes as base::Error: one table for the module. Pure functions.
#pragma once

#include <string_view>

#include "base/error.h"

namespace seine::store::detail {

// `code` is an extended result code, `message` the library's words, `system_errno` the failed
// system call's errno or 0. A full disk becomes kResourceExhausted with the path and what is free.
base::Error sqlite_error(int code, std::string_view message, int system_errno,
                         std::string_view path, std::string_view what);

}  // namespace seine::store::detail
