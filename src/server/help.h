// Texts made from the command table: help in both languages, completion scripts, the manual page.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/language.h"
#include "server/command_table.h"

namespace seine::server {

// All commands when `command` is null, or those of a group ("web").
std::string help_text(const Command* command, base::Language language, std::string_view group = {});

// kInvalidArgument for a shell other than bash, zsh and fish.
base::Result<std::string> completion_script(std::string_view shell);

// man(7) source, in English; with the configuration keys.
std::string man_page(std::string_view version);

}  // namespace seine::server
