// The program: words to a command, its exit code to the shell.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <exception>

#include "engine/kernels/table.h"
#include "server/exit_code.h"
#include "server/help.h"
#include "server/invocation.h"

extern char** environ;

namespace seine::server {
namespace {

Environment read_environment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos)
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

// What decides how messages look must be known before the words are parsed, as that may fail.
std::string_view early_value(const std::vector<std::string>& words, std::string_view name) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == name && i + 1 < words.size()) return words[i + 1];
    if (words[i].starts_with(name) && words[i].size() > name.size() &&
        words[i][name.size()] == '=') {
      return std::string_view(words[i]).substr(name.size() + 1);
    }
  }
  return {};
}

Terminal make_terminal(const std::vector<std::string>& words, const Environment& environment) {
  const std::string_view lang = early_value(words, "--lang");
  const base::Language language =
      lang.empty() ? language_of(environment) : base::choose_language(lang, "", "", "");
  const std::string_view color = early_value(words, "--color");
  const bool no_color =
      !variable(environment, "NO_COLOR").empty() || variable(environment, "TERM") == "dumb";
  ColorMode mode = no_color ? ColorMode::kNever : ColorMode::kAuto;
  if (color == "always") mode = ColorMode::kAlways;
  if (color == "never") mode = ColorMode::kNever;
  const bool quiet = std::ranges::find_if(words, [](const std::string& w) {
                       return w == "-q" || w == "--quiet";
                     }) != words.end();
  return {language, mode, quiet};
}

int run(const std::vector<std::string>& words) {
  signal(SIGPIPE, SIG_IGN);
  const Environment environment = read_environment();
  const Terminal terminal = make_terminal(words, environment);
  base::Result<Invocation> invocation = parse_arguments(words, terminal.language());
  if (!invocation) {
    terminal.error(invocation.error().message, terminal.pick({"`seine --help` lists the commands",
                                                              "`seine --help` 列出所有命令"}));
    return kUsage;
  }
  invocation->environment = environment;
  invocation->terminal = &terminal;
  if (invocation->has("--help") || invocation->command == nullptr) {
    terminal.out(help_text(invocation->command, terminal.language(), invocation->group));
    return kOk;
  }
  // A misspelt SEINE_CPU_ISA must not be ignored: whoever sets it is measuring or looking for a
  // bug.
  if (const auto row = engine::chosen_kernels(); !row) return fail_with(terminal, row.error());
  return invocation->command->run(*invocation);
}

}  // namespace
}  // namespace seine::server

int main(int argc, char** argv) {
  try {
    return seine::server::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fputs(fmt::format("seine: unexpected: {}\n", error.what()).c_str(), stderr);
    return seine::server::kFailed;
  }
}
