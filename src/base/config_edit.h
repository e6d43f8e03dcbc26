// One value set in a configuration file, in its text: comments, order and all else stay as they
// are. Pure; whoever calls reads and writes the file.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/config.h"

namespace seine::base {

// The file's content with the key set to what a flag or a variable would say (lists by commas).
// The result is a configuration that loads. Errors, worded in `language`: an unknown key
// (kNotFound), a value of the wrong type, a file that is wrong already, and a table in a form that
// is left to its writer, such as one on one line (kFailedPrecondition).
Result<std::string> set_in_file(std::span<const ConfigKey> schema, const ConfigFile& file,
                                std::string_view name, std::string_view text, Language language);

}  // namespace seine::base
