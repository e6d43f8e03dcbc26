// A parsed command line with what every command needs around it: the environment, the configuration
// sources and the terminal.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config.h"
#include "base/error.h"
#include "server/command_table.h"
#include "server/terminal.h"

namespace seine::server {

using Environment = std::map<std::string, std::string, std::less<>>;

struct Invocation {
  const Command* command = nullptr;
  std::string group;                                      // of commands, whose help is asked for
  std::string argument;                                   // empty if none was given
  std::string second;                                     // of commands with two, such as IN OUT
  std::map<std::string, std::string, std::less<>> given;  // option name -> value ("" for a switch)
  Environment environment;
  const Terminal* terminal = nullptr;

  bool has(std::string_view option) const { return given.contains(option); }
  std::optional<std::string> value(std::string_view option) const;
};

// The words after the program's name to an invocation. Errors are in the language of the terminal
// and name the nearest known word.
// `--help` and `--version` come back as given options of a null or found command.
base::Result<Invocation> parse_arguments(const std::vector<std::string>& words,
                                         base::Language language);

// Flags, variables and files in their order of strength.
base::Result<base::Config> load_config(const Invocation& invocation);
// The file that `config set` writes, whether it is there or not: the one that was named, else the
// user's own.
base::Result<std::string> own_config_file(const Invocation& invocation);
// data.dir, or the place that the environment gives when it is empty.
base::Result<std::string> data_directory(const base::Config& config, const Environment& environment,
                                         base::Language language);

std::string_view variable(const Environment& environment, std::string_view name);
base::Language language_of(const Environment& environment);

}  // namespace seine::server
