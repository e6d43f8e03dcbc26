// The basic URL parser's state machine (URL Standard, section 4.4). Used by Url::parse and the
// setters only; works on bytes, since every rule but the host's treats bytes past ASCII alike.
#pragma once

#include <string>
#include <string_view>

#include "web/url/url.h"

namespace seine::web {

class UrlParser {
 public:
  enum class State : std::uint8_t {
    kNone,
    kSchemeStart,
    kScheme,
    kNoScheme,
    kSpecialRelativeOrAuthority,
    kPathOrAuthority,
    kRelative,
    kRelativeSlash,
    kSpecialAuthoritySlashes,
    kSpecialAuthorityIgnoreSlashes,
    kAuthority,
    kHost,
    kHostname,
    kPort,
    kFile,
    kFileSlash,
    kFileHost,
    kPathStart,
    kPath,
    kOpaquePath,
    kQuery,
    kFragment,
  };

  // `input` without tabs and newlines, valid UTF-8. `override_state` is kNone except for setters.
  UrlParser(Url& url, std::string_view input, const Url* base, State override_state)
      : url_(url), input_(input), base_(base), override_(override_state) {}

  // False: not a URL, or (in a setter) nothing to change; a setter then drops its copy.
  bool run();

 private:
  enum class Step : std::uint8_t { kNext, kDone, kFailed };
  static constexpr int kEof = -1;

  Step step(int c);
  Step scheme_start(int c);
  Step scheme(int c);
  Step no_scheme(int c);
  Step relative(int c);
  Step relative_slash(int c);
  Step authority(int c);
  Step host(int c);
  Step port(int c);
  Step file(int c);
  Step file_slash(int c);
  Step file_host(int c);
  Step path_start(int c);
  Step path(int c);
  Step opaque_path(int c);
  Step query(int c);

  bool special() const { return url_.is_special(); }
  bool overridden() const { return override_ != State::kNone; }
  bool is_slash(int c) const { return c == '/' || (c == '\\' && special()); }
  bool ends_authority(int c) const {
    return c == kEof || c == '/' || c == '?' || c == '#' || (c == '\\' && special());
  }
  std::string_view rest() const { return input_.substr(std::min(at_ + 1, input_.size())); }
  void start_query() {
    url_.query_.emplace();
    state_ = State::kQuery;
  }
  void start_fragment() {
    url_.fragment_.emplace();
    state_ = State::kFragment;
  }
  // The state that follows sees this byte again.
  Step again(State next) {
    state_ = next;
    --at_;
    return Step::kNext;
  }
  Step next(State next_state) {
    state_ = next_state;
    return Step::kNext;
  }
  void shorten_path();
  void copy_authority();

  Url& url_;
  std::string_view input_;
  const Url* base_;
  State override_;
  State state_ = State::kSchemeStart;
  std::size_t at_ = 0;  // wraps below zero by design in again(): unsigned arithmetic brings it back
  std::string buffer_;
  bool at_sign_seen_ = false;
  bool inside_brackets_ = false;
  bool password_token_seen_ = false;
};

// "C|" or "C:"; the start of `text` for starts_with_, the whole for is_.
bool is_windows_drive_letter(std::string_view text);
bool starts_with_windows_drive_letter(std::string_view text);
bool is_normalized_windows_drive_letter(std::string_view text);

}  // namespace seine::web
