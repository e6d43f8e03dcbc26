// Secrets of the configuration: named, never written there. "env:NAME" or "file:PATH".
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "server/invocation.h"

namespace seine::server {

// What `source` stands for. `setting` is the key that names it and `whose` the service it is for;
// the secret itself is in no error.
base::Result<std::string> secret(std::string_view setting, std::string_view whose,
                                 std::string_view source, const Environment& environment);

}  // namespace seine::server
