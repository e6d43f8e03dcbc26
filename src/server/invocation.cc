#include "server/invocation.h"

#include <fmt/args.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <fstream>
#include <span>
#include <sstream>

#include "base/text.h"
#include "server/config_schema.h"

namespace seine::server {
namespace {

using base::Bilingual;
using base::Code;
using base::Error;
using base::Language;
using base::Result;

template <typename... Args>
std::unexpected<Error> usage_error(Language language, Bilingual format, const Args&... args) {
  return std::unexpected(
      Error{Code::kInvalidArgument, fmt::format(fmt::runtime(format.in(language)), args...)});
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known,
                         Language language) {
  const std::optional<std::string_view> near = base::nearest(word, known);
  if (!near) return {};
  constexpr Bilingual kHint = {"; did you mean '{}'?", "；是否想写 '{}'？"};
  return fmt::format(fmt::runtime(kHint.in(language)), *near);
}

// The command that the first words name, and how many words that takes.
struct Found {
  const Command* command;
  std::size_t words;
};

Found match_command(const std::vector<std::string>& words) {
  for (std::size_t n = std::min<std::size_t>(3, words.size()); n > 0; --n) {
    const std::string path = base::join(std::span(words).first(n), " ");
    if (const Command* command = find_command(path)) return {command, n};
  }
  return {nullptr, 0};
}

std::vector<std::string_view> option_names(const Command& command) {
  std::vector<std::string_view> names;
  for (const Option& option : command.options) names.push_back(option.name);
  for (const Option& option : global_options()) names.push_back(option.name);
  return names;
}

// A command's own option takes the place of the global one with its name (`model eval --data`).
std::vector<Option> globals_of(const Command& command) {
  std::vector<Option> out;
  for (const Option& option : global_options())
    if (std::ranges::find(command.options, option.name, &Option::name) == command.options.end())
      out.push_back(option);
  return out;
}

std::string cli_names(const Option& option) {
  return option.letter.empty() ? std::string(option.name)
                               : fmt::format("{},{}", option.letter, option.name);
}

Result<Invocation> parse_command(const Command& command, std::vector<std::string> rest,
                                 Language language) {
  Invocation invocation;
  invocation.command = &command;
  CLI::App app;
  app.set_help_flag();
  std::map<std::string_view, std::string> values;
  std::map<std::string_view, bool> switches;
  const auto declare = [&](const Option& option) {
    if (option.value.empty()) {
      app.add_flag(cli_names(option), switches[option.name]);
    } else {
      CLI::Option* added = app.add_option(cli_names(option), values[option.name]);
      option.list ? added->join(',') : added->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
  };
  std::ranges::for_each(command.options, declare);
  const std::vector<Option> globals = globals_of(command);
  std::ranges::for_each(globals, declare);
  std::vector<std::string> positionals;
  app.add_option("argument", positionals);

  std::ranges::reverse(rest);  // the library takes the words from the back
  try {
    app.parse(rest);
  } catch (const CLI::ExtrasError&) {
    const std::vector<std::string> extras = app.remaining();
    const std::string word =
        extras.empty() ? std::string() : extras.front().substr(0, extras.front().find('='));
    return usage_error(language, {"'{}' has no option '{}'{}", "'{}' 没有选项 '{}'{}"},
                       command.path, word, did_you_mean(word, option_names(command), language));
  } catch (const CLI::ArgumentMismatch& error) {
    return usage_error(language,
                       {"an option of '{}' lacks its value: {}", "'{}' 的选项缺少取值：{}"},
                       command.path, std::string(error.what()));
  } catch (const CLI::Error& error) {
    return usage_error(language, {"'{}': {}", "'{}'：{}"}, command.path, std::string(error.what()));
  }

  const auto collect = [&](const Option& option) -> Result<> {
    const bool given = app.get_option(std::string(option.name))->count() > 0;
    if (!given) return {};
    const std::string value = option.value.empty() ? std::string() : values[option.name];
    if (!option.choices.empty()) {
      const std::vector<std::string_view> choices = base::split(option.choices, '|');
      if (std::ranges::find(choices, value) == choices.end()) {
        return usage_error(language,
                           {"{} is '{}' but must be one of {}", "{} 的值 '{}' 无效，应为 {} 之一"},
                           option.name, value, fmt::format("{}", fmt::join(choices, ", ")));
      }
    }
    invocation.given[std::string(option.name)] = value;
    return {};
  };
  for (const Option& option : command.options) SEINE_CHECK(collect(option));
  for (const Option& option : globals) SEINE_CHECK(collect(option));

  const bool help = invocation.has("--help");
  const std::size_t most = command.argument.empty() ? 0 : base::split(command.argument, ' ').size();
  if (positionals.size() > most) {
    return usage_error(language, {"'{}' does not take '{}'", "'{}' 不接受参数 '{}'"}, command.path,
                       positionals.back());
  }
  const bool required = !command.argument.empty() && !command.argument.starts_with('[');
  if (required && positionals.size() < most && !help) {
    return usage_error(language, {"'{}' needs {}", "'{}' 需要 {}"}, command.path, command.argument);
  }
  if (!positionals.empty()) invocation.argument = positionals.front();
  if (positionals.size() > 1) invocation.second = positionals[1];
  return invocation;
}

// `seine --data DIR up` means `seine up --data DIR`: global options may stand before the command.
std::vector<std::string> command_first(std::vector<std::string> words) {
  std::size_t n = 0;
  while (n < words.size() && words[n].starts_with('-') && words[n] != "--version") {
    const auto option = std::ranges::find_if(global_options(), [&](const Option& each) {
      return words[n] == each.name || (!each.letter.empty() && words[n] == each.letter);
    });
    const bool takes_next = option != global_options().end() && !option->value.empty();
    n += takes_next ? 2 : 1;
  }
  if (n >= words.size()) return words;
  std::ranges::rotate(words, words.begin() + static_cast<std::ptrdiff_t>(n));
  return words;
}

bool wants_help(const std::vector<std::string>& words) {
  return std::ranges::any_of(
      words, [](const std::string& word) { return word == "--help" || word == "-h"; });
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::unexpected(base::errno_error(path, errno));
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

std::string named_config(const Invocation& invocation) {
  return invocation.value("--config")
      .value_or(std::string(variable(invocation.environment, "SEINE_CONFIG")));
}

// Empty without a home.
std::string user_config(const Invocation& invocation) {
  const std::string_view home = variable(invocation.environment, "HOME");
  const std::string_view config_home = variable(invocation.environment, "XDG_CONFIG_HOME");
  if (!config_home.empty()) return fmt::format("{}/seine/config.toml", config_home);
  return home.empty() ? std::string() : fmt::format("{}/.config/seine/config.toml", home);
}

}  // namespace

std::optional<std::string> Invocation::value(std::string_view option) const {
  const auto found = given.find(option);
  return found == given.end() ? std::nullopt : std::optional(found->second);
}

std::string_view variable(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string_view() : found->second;
}

Language language_of(const Environment& environment) {
  return base::choose_language(variable(environment, "SEINE_LANG"), variable(environment, "LC_ALL"),
                               variable(environment, "LC_MESSAGES"), variable(environment, "LANG"));
}

Result<Invocation> parse_arguments(const std::vector<std::string>& given, Language language) {
  const std::vector<std::string> words = command_first(given);
  // `seine`, `seine --help`, `seine help [COMMAND]`, `seine --version`
  Invocation bare;
  if (words.empty()) {
    bare.given["--help"] = "";
    return bare;
  }
  const bool only_options =
      words[0].starts_with('-') && words[0] != "--version" && !wants_help(words);
  if (words[0] == "help" ||
      (words[0].starts_with('-') && words[0] != "--version" && !only_options)) {
    const Found found = match_command({words.begin() + 1, words.end()});
    bare.command = found.command;
    if (found.command == nullptr && words.size() > 1 && is_group(words[1])) bare.group = words[1];
    bare.given["--help"] = "";
    return bare;
  }
  if (words[0] == "--version") {
    bare.command = find_command("version");
    return bare;
  }
  const Found found = match_command(words);
  if (found.command == nullptr && is_group(words[0]) && (words.size() == 1 || wants_help(words))) {
    bare.group = words[0];
    bare.given["--help"] = "";
    return bare;
  }
  if (found.command == nullptr) {
    std::vector<std::string_view> known;
    for (const Command& command : commands()) known.push_back(command.path);
    const std::string word = words.size() > 1 && !words[1].starts_with('-') && is_group(words[0])
                                 ? words[0] + " " + words[1]
                                 : words[0];
    return usage_error(language, {"there is no command '{}'{}", "没有命令 '{}'{}"}, word,
                       did_you_mean(word, known, language));
  }
  return parse_command(*found.command,
                       {words.begin() + static_cast<std::ptrdiff_t>(found.words), words.end()},
                       language);
}

Result<base::Config> load_config(const Invocation& invocation) {
  const Language language = invocation.terminal->language();
  base::ConfigSources sources;
  sources.variables = invocation.environment;
  const auto add_flags = [&](std::span<const Option> options) {
    for (const Option& option : options) {
      if (option.config_key.empty() || !invocation.has(option.name)) continue;
      sources.flags[std::string(option.config_key)] =
          option.value.empty() ? "true" : *invocation.value(option.name);
    }
  };
  if (invocation.command != nullptr) {
    add_flags(invocation.command->options);
    add_flags(globals_of(*invocation.command));
  } else {
    add_flags(global_options());
  }

  // A file that was asked for must be there; the user's and the system's may be absent.
  const std::string asked = named_config(invocation);
  if (!asked.empty()) {
    Result<std::string> content = read_file(asked);
    if (!content) return std::unexpected(std::move(content).error());
    sources.files.push_back({asked, *std::move(content)});
  }
  std::vector<std::string> places;
  if (std::string own = user_config(invocation); !own.empty()) places.push_back(std::move(own));
  places.emplace_back("/etc/seine/seine.toml");
  for (const std::string& place : places) {
    if (Result<std::string> content = read_file(place)) {
      sources.files.push_back({place, *std::move(content)});
    } else if (content.error().code != Code::kNotFound) {
      return std::unexpected(std::move(content).error());
    }
  }
  return base::Config::load(config_schema(), sources, language);
}

Result<std::string> own_config_file(const Invocation& invocation) {
  std::string path = named_config(invocation);
  if (path.empty()) path = user_config(invocation);
  if (!path.empty()) return path;
  return usage_error(invocation.terminal->language(),
                     {"no place for settings: set --config, SEINE_CONFIG or HOME",
                      "没有存放设置的位置：请设置 --config、SEINE_CONFIG 或 HOME"});
}

Result<std::string> data_directory(const base::Config& config, const Environment& environment,
                                   Language language) {
  if (const std::string& set = config.text("data.dir"); !set.empty()) return set;
  // systemd's StateDirectory=
  if (const std::string_view state = variable(environment, "STATE_DIRECTORY"); !state.empty()) {
    return std::string(state.substr(0, state.find(':')));
  }
  if (const std::string_view data = variable(environment, "XDG_DATA_HOME"); !data.empty()) {
    return fmt::format("{}/seine", data);
  }
  if (const std::string_view home = variable(environment, "HOME"); !home.empty()) {
    return fmt::format("{}/.local/share/seine", home);
  }
  return usage_error(language, {"no data directory: set --data, SEINE_DATA or HOME",
                                "没有数据目录：请设置 --data、SEINE_DATA 或 HOME"});
}

}  // namespace seine::server
