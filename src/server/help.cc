#include "server/help.h"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <vector>

#include "base/config.h"
#include "base/text.h"
#include "server/config_schema.h"

namespace seine::server {
namespace {

using base::Bilingual;
using base::Language;

constexpr std::string_view kTitle[] = {
    "Seine: ask, and it reads the web, answers, and cites. Self-hosted.",
    "Seine：提问后联网检索、作答并标注引用的自托管服务。",
};

std::string option_head(const Option& option) {
  const std::string names = option.letter.empty()
                                ? fmt::format("    {}", option.name)
                                : fmt::format("{}, {}", option.letter, option.name);
  return option.value.empty() ? names : fmt::format("{} {}", names, option.value);
}

// Two columns; the left one as wide as its widest entry.
struct Row {
  std::string head;
  std::string_view text;
};

void append_rows(std::string& out, const std::vector<Row>& rows) {
  std::size_t width = 0;
  for (const Row& row : rows) width = std::max(width, base::display_width(row.head));
  for (const Row& row : rows) {
    const std::string pad(width - base::display_width(row.head) + 2, ' ');
    fmt::format_to(std::back_inserter(out), "  {}{}{}\n", row.head, pad, row.text);
  }
}

void append_options(std::string& out, std::span<const Option> options, Bilingual title,
                    Language language) {
  if (options.empty()) return;
  fmt::format_to(std::back_inserter(out), "\n{}\n", title.in(language));
  std::vector<Row> rows;
  for (const Option& option : options)
    rows.push_back({option_head(option), option.help.in(language)});
  append_rows(out, rows);
}

std::string usage_of(const Command& command) {
  std::string usage = fmt::format("seine {}", command.path);
  if (!command.argument.empty()) usage += fmt::format(" {}", command.argument);
  return usage;
}

// The first words of all commands, and the second words of those that have them.
std::vector<std::string_view> first_words() {
  std::vector<std::string_view> words;
  for (const Command& command : commands()) {
    const std::string_view word = command.path.substr(0, command.path.find(' '));
    if (words.empty() || words.back() != word) words.push_back(word);
  }
  return words;
}

std::string choice_words(std::string_view choices) {
  return fmt::format("{}", fmt::join(base::split(choices, '|'), " "));
}

std::string option_words(const Command& command) {
  std::vector<std::string_view> words;
  for (const Option& option : command.options) words.push_back(option.name);
  for (const Option& option : global_options()) words.push_back(option.name);
  return fmt::format("{}", fmt::join(words, " "));
}

// The words that may follow "config": get explain check.
std::string second_words(std::string_view first) {
  std::vector<std::string_view> words;
  for (const Command& command : commands()) {
    if (command.path.size() > first.size() && command.path.starts_with(first) &&
        command.path[first.size()] == ' ') {
      words.push_back(command.path.substr(first.size() + 1));
    }
  }
  return fmt::format("{}", fmt::join(words, " "));
}

std::string keys() {
  std::vector<std::string_view> names;
  for (const base::ConfigKey& key : config_schema()) names.push_back(key.name);
  return fmt::format("{}", fmt::join(names, " "));
}

std::string argument_words(const Command& command) {
  if (!command.argument_choices.empty()) return choice_words(command.argument_choices);
  return command.argument.find("KEY") != std::string_view::npos ? keys() : std::string();
}

std::string bash_completion() {
  // What follows a path: the next words of longer ones, its argument's values, its options.
  std::map<std::string_view, std::string> following;
  for (const Command& command : commands()) {
    const std::string_view path = command.path;
    for (std::size_t space = path.find(' '); space != std::string_view::npos;
         space = path.find(' ', space + 1)) {
      std::string& words = following[path.substr(0, space)];
      const std::string_view rest = path.substr(space + 1);
      const std::string next = fmt::format("{} ", rest.substr(0, rest.find(' ')));
      if (!fmt::format(" {}", words).contains(" " + next)) words += next;
    }
    following[path] += fmt::format("{} {} ", argument_words(command), option_words(command));
  }
  std::string cases;
  std::string paths;
  for (const auto& [path, words] : following) {
    fmt::format_to(std::back_inserter(cases), "      '{}') words=\"{}\" ;;\n", path, words);
    fmt::format_to(std::back_inserter(paths), "{}'{}'", paths.empty() ? "" : "|", path);
  }
  std::string values;
  auto to_values = std::back_inserter(values);
  for (const Option& option : global_options()) {
    if (!option.choices.empty())
      fmt::format_to(to_values, "    *' {}') words=\"{}\" ;;\n", option.name,
                     choice_words(option.choices));
  }
  for (const Command& command : commands()) {
    for (const Option& option : command.options) {
      if (option.choices.empty()) continue;
      fmt::format_to(to_values, "    '{} {}') words=\"{}\" ;;\n", command.path, option.name,
                     choice_words(option.choices));
    }
  }
  return fmt::format(
      "# bash completion for seine\n"
      "_seine() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words= "
      "path=${{COMP_WORDS[1]}} i\n"
      "  for ((i = 2; i < COMP_CWORD; ++i)); do\n"
      "    case \"$path ${{COMP_WORDS[i]}}\" in {}) path=\"$path ${{COMP_WORDS[i]}}\" ;; *) break "
      ";; "
      "esac\n"
      "  done\n"
      "  case \"$path $previous\" in\n{}    *' '--config|*' '--data) COMPREPLY=($(compgen -f -- "
      "\"$current\")); return ;;\n  esac\n"
      "  if [ -z \"$words\" ]; then\n"
      "    if [ \"$COMP_CWORD\" = 1 ]; then words=\"{}\"\n"
      "    else case $path in\n{}    esac; fi\n"
      "  fi\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  case $path in backup|restore) COMPREPLY+=($(compgen -f -- \"$current\")) ;; esac\n"
      "}}\n"
      "complete -F _seine seine\n",
      paths, values, fmt::join(first_words(), " "), cases);
}

std::string zsh_completion() {
  return "#compdef seine\n# zsh completion for seine, through the bash one\nautoload -U +X "
         "bashcompinit && bashcompinit\n" +
         bash_completion();
}

// Single quotes inside fish's single-quoted strings are escaped.
std::string fish_quote(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string fish_choices(const Option& option) {
  if (option.choices.empty()) return {};
  return fmt::format(" -a {}", fish_quote(choice_words(option.choices)));
}

std::string fish_completion() {
  std::string out = "# fish completion for seine\ncomplete -c seine -f\n";
  auto to = std::back_inserter(out);
  for (const Command& command : commands()) {
    const std::vector<std::string_view> words = base::split(command.path, ' ');
    const auto seen = [](std::span<const std::string_view> path) {
      std::vector<std::string> all;
      for (const std::string_view word : path)
        all.push_back(fmt::format("__fish_seen_subcommand_from {}", word));
      return base::join(all, "; and ");
    };
    const std::string here = seen(words);
    const std::size_t last = words.size() - 1;
    const std::string before =
        last == 0 ? std::string("__fish_use_subcommand")
                  : fmt::format("{}; and not __fish_seen_subcommand_from {}",
                                seen(std::span(words).first(last)),
                                last == 1 ? second_words(words[0]) : std::string(words.back()));
    fmt::format_to(to, "complete -c seine -n {} -a {} -d {}\n", fish_quote(before), words.back(),
                   fish_quote(command.help.en));
    if (const std::string values = argument_words(command); !values.empty()) {
      fmt::format_to(to, "complete -c seine -n {} -a {}\n", fish_quote(here), fish_quote(values));
    }
    for (const Option& option : command.options) {
      fmt::format_to(to, "complete -c seine -n {} -l {}{}{} -d {}\n", fish_quote(here),
                     option.name.substr(2), option.value.empty() ? "" : " -r", fish_choices(option),
                     fish_quote(option.help.en));
    }
  }
  for (const std::string_view word : first_words()) {
    if (second_words(word).empty()) continue;
    fmt::format_to(to, "complete -c seine -n __fish_use_subcommand -a {}\n", word);
  }
  for (const Option& option : global_options()) {
    fmt::format_to(to, "complete -c seine -l {}{}{} -d {}\n", option.name.substr(2),
                   option.value.empty() ? "" : " -r", fish_choices(option),
                   fish_quote(option.help.en));
  }
  return out;
}

// A hyphen that starts an option must not become a typographic one.
std::string man_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '-') {
      out += "\\-";
    } else if (c == '\\') {
      out += "\\e";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string help_text(const Command* command, Language language, std::string_view group) {
  std::string out;
  auto to = std::back_inserter(out);
  if (command == nullptr) {
    fmt::format_to(to, "{}\n\n{} seine {}{}{}\n\n{}\n", kTitle[static_cast<int>(language)],
                   Bilingual{"Usage:", "用法："}.in(language), group, group.empty() ? "" : " ",
                   Bilingual{"COMMAND [OPTIONS]", "命令 [选项]"}.in(language),
                   Bilingual{"Commands:", "命令："}.in(language));
    std::vector<Row> rows;
    for (const Command& each : commands()) {
      if (group.empty() || is_of_group(each, group))
        rows.push_back({usage_of(each).substr(6), each.help.in(language)});
    }
    append_rows(out, rows);
  } else {
    fmt::format_to(to, "{}\n\n{} {} {}\n", command->help.in(language),
                   Bilingual{"Usage:", "用法："}.in(language), usage_of(*command),
                   Bilingual{"[OPTIONS]", "[选项]"}.in(language));
    append_options(out, command->options, {"Options:", "选项："}, language);
  }
  append_options(out, global_options(), {"Options of every command:", "通用选项："}, language);
  return out;
}

base::Result<std::string> completion_script(std::string_view shell) {
  if (shell == "bash") return bash_completion();
  if (shell == "zsh") return zsh_completion();
  if (shell == "fish") return fish_completion();
  return base::fail(base::Code::kInvalidArgument, "'{}' is not one of bash, zsh, fish", shell);
}

std::string man_page(std::string_view version) {
  std::string out = fmt::format(
      ".TH SEINE 1 \"\" \"Seine {}\" \"User Commands\"\n.SH NAME\nseine \\- self\\-hosted answers "
      "from the live web, with citations\n"
      ".SH SYNOPSIS\n.B seine\n.I COMMAND\n[\\fIOPTIONS\\fR]\n.SH COMMANDS\n",
      version);
  auto to = std::back_inserter(out);
  const auto options = [&to](std::span<const Option> list) {
    for (const Option& option : list) {
      fmt::format_to(to, ".TP\n.B {}\n{}.\n", man_escape(base::trim(option_head(option))),
                     man_escape(option.help.en));
    }
  };
  for (const Command& command : commands()) {
    fmt::format_to(to, ".SS {}\n{}.\n", man_escape(usage_of(command)), man_escape(command.help.en));
    options(command.options);
  }
  out += ".SH OPTIONS OF EVERY COMMAND\n";
  options(global_options());
  out +=
      ".SH CONFIGURATION\nA flag beats a SEINE_* variable, that the file of \\-\\-config, that the "
      "user's file, that /etc/seine/seine.toml.\n";
  for (const base::ConfigKey& key : config_schema()) {
    fmt::format_to(to, ".TP\n.B {}\n{}. Variable {}. Built\\-in: {}.\n", man_escape(key.name),
                   man_escape(key.help.en), base::variable_of(key),
                   key.fallback.empty() ? "empty" : man_escape(key.fallback));
  }
  out +=
      ".SH EXIT STATUS\n0 ok, 1 failed, 2 usage, 3 not found, 4 authorization, 5 conflict, 6 "
      "version skew, 7 no room, 8 unreachable, "
      "9 no sources, 124 timeout, 130 interrupted.\n";
  return out;
}

}  // namespace seine::server
