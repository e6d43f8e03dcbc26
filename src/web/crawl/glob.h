// Globs on addresses: `*` any run within a path segment, `**` any run, `?` one character; a pattern
// without scheme is matched from the path on, one without slash anywhere. Pure; linear time in
// pattern times text.
#pragma once

#include <string_view>

namespace seine::web {

bool glob_matches(std::string_view pattern, std::string_view url);

}  // namespace seine::web
