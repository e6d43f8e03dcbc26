// Every configuration key of Seine, in one table. Read by the composition root, `seine config`, the
// documentation and the completion scripts.
#pragma once

#include <span>

#include "base/config.h"

namespace seine::server {

std::span<const base::ConfigKey> config_schema();

}  // namespace seine::server
