#include "server/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/error_text.h"
#include "server/exit_code.h"

namespace seine::server {
namespace {

bool wants_color(ColorMode mode, int fd) {
  if (mode != ColorMode::kAuto) return mode == ColorMode::kAlways;
  return isatty(fd) == 1;
}

// False when nobody reads any more.
bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

constexpr std::string_view kCodes[] = {"", "1", "2", "32", "33", "31"};

}  // namespace

Terminal::Terminal(base::Language language, ColorMode color, bool quiet)
    : language_(language),
      quiet_(quiet),
      out_color_(wants_color(color, STDOUT_FILENO)),
      err_color_(wants_color(color, STDERR_FILENO)) {}

void Terminal::out(std::string_view text) const {
  if (!write_all(STDOUT_FILENO, text)) std::_Exit(errno == EPIPE ? 0 : 1);
}

void Terminal::note(std::string_view text) const {
  if (!quiet_) write_all(STDERR_FILENO, fmt::format("{}\n", text));
}

void Terminal::error(std::string_view message, std::string_view hint) const {
  const std::string label = styled_err(Style::kRed, pick({"error:", "错误："}));
  const std::string_view gap = language_ == base::Language::kChinese ? "" : " ";
  write_all(STDERR_FILENO, fmt::format("seine: {}{}{}\n", label, gap, message));
  if (hint.empty()) return;
  write_all(
      STDERR_FILENO,
      fmt::format("  {}{}{}\n", styled_err(Style::kDim, pick({"hint:", "提示："})), gap, hint));
}

void Terminal::error(const base::Error& error, std::string_view hint) const {
  this->error(base::error_text(error, language_), hint);
}

std::string Terminal::styled(bool color, Style style, std::string_view text) {
  if (!color || style == Style::kPlain) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", kCodes[static_cast<std::size_t>(style)], text);
}

int fail_with(const Terminal& terminal, const base::Error& error) {
  terminal.error(error);
  return exit_code(error.code);
}

}  // namespace seine::server
