// Files that a command reads whole, as they are or packed by xz.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace seine::server {

// At most 256 MiB; `what` names the source in errors.
base::Result<std::string> read_descriptor(int fd, std::string_view what);
// A name that ends in .xz is read through `xz -dc`.
base::Result<std::string> read_data(const std::string& path);

}  // namespace seine::server
