// The one table of commands and options. The parser, the help in both languages, the completion
// scripts and the manual page are made from it. Constant data.
#pragma once

#include <span>
#include <string_view>

#include "base/language.h"

namespace seine::server {

struct Invocation;

struct Option {
  std::string_view name;        // "--listen"
  std::string_view value = {};  // "ADDR"; empty: a switch
  base::Bilingual help;
  std::string_view config_key = {};  // sets this key
  std::string_view choices = {};     // "bash|zsh|fish"
  std::string_view letter = {};      // "-q"
  bool list = false;                 // given again it adds; commas separate too
};

struct Command {
  std::string_view path;           // "config explain"
  std::string_view argument = {};  // "KEY", "IN OUT": required; "[FILE]": may be left out
  base::Bilingual help;            // one line
  std::span<const Option> options;
  int (*run)(const Invocation&);
  std::string_view argument_choices = {};  // "bash|zsh|fish"
};

std::span<const Command> commands();
// Options that every command takes.
std::span<const Option> global_options();

const Command* find_command(std::string_view path);
// "web" is the group of "web search" and others.
bool is_of_group(const Command& command, std::string_view group);
bool is_group(std::string_view word);

}  // namespace seine::server
