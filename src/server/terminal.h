// Words for people: data on stdout, everything else on stderr, colour only where a terminal shows
// it. One per process, made in main, used from its thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/language.h"

namespace seine::server {

enum class ColorMode : std::uint8_t { kAuto, kAlways, kNever };
enum class Style : std::uint8_t { kPlain, kBold, kDim, kGreen, kYellow, kRed };

class Terminal {
 public:
  // kAuto: colour where the stream is a terminal. What the environment says of colour (NO_COLOR,
  // TERM=dumb) is the caller's to turn into kNever.
  Terminal(base::Language language, ColorMode color, bool quiet);

  base::Language language() const { return language_; }
  std::string_view pick(base::Bilingual text) const { return text.in(language_); }

  // Data. A reader that closed the pipe ends the process quietly, as `head` expects.
  void out(std::string_view text) const;
  // News for the person; nothing when quiet.
  void note(std::string_view text) const;
  // "seine: error: …" in red, with the way out on a line of its own.
  void error(std::string_view message, std::string_view hint = {}) const;
  // The error in the terminal's language.
  void error(const base::Error& error, std::string_view hint = {}) const;

  // Wrapped in the style's codes where stdout (or stderr) shows colour.
  std::string styled_out(Style style, std::string_view text) const {
    return styled(out_color_, style, text);
  }
  std::string styled_err(Style style, std::string_view text) const {
    return styled(err_color_, style, text);
  }

 private:
  static std::string styled(bool color, Style style, std::string_view text);

  base::Language language_;
  bool quiet_;
  bool out_color_;
  bool err_color_;
};

// Says what went wrong; returns the exit code that stands for it.
int fail_with(const Terminal& terminal, const base::Error& error);

}  // namespace seine::server
