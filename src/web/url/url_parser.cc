#include "web/url/url_parser.h"

#include <algorithm>

#include "base/text.h"
#include "web/url/host.h"
#include "web/url/percent.h"

namespace seine::web {
namespace {

bool is_alpha(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(int c) {
  return c >= '0' && c <= '9';
}

bool is_single_dot(std::string_view segment) {
  return segment == "." || base::ascii_iequals(segment, "%2e");
}
bool is_double_dot(std::string_view segment) {
  return segment == ".." || base::ascii_iequals(segment, ".%2e") ||
         base::ascii_iequals(segment, "%2e.") || base::ascii_iequals(segment, "%2e%2e");
}

}  // namespace

bool is_windows_drive_letter(std::string_view text) {
  return text.size() == 2 && is_alpha(text[0]) && (text[1] == ':' || text[1] == '|');
}
bool is_normalized_windows_drive_letter(std::string_view text) {
  return is_windows_drive_letter(text) && text[1] == ':';
}
bool starts_with_windows_drive_letter(std::string_view text) {
  return text.size() >= 2 && is_windows_drive_letter(text.substr(0, 2)) &&
         (text.size() == 2 || std::string_view("/\\?#").find(text[2]) != std::string_view::npos);
}

bool UrlParser::run() {
  if (overridden()) state_ = override_;
  while (true) {
    const int c = at_ < input_.size() ? static_cast<unsigned char>(input_[at_]) : kEof;
    const Step result = step(c);
    if (result != Step::kNext) return result == Step::kDone;
    // again() may have moved back to the end-of-input position: then this turn was not the last.
    if (c == kEof && at_ >= input_.size() && at_ + 1 != 0) return true;
    ++at_;
  }
}

UrlParser::Step UrlParser::step(int c) {
  switch (state_) {
    case State::kSchemeStart:
      return scheme_start(c);
    case State::kScheme:
      return scheme(c);
    case State::kNoScheme:
      return no_scheme(c);
    case State::kSpecialRelativeOrAuthority:
      if (c == '/' && rest().starts_with('/')) {
        ++at_;
        return next(State::kSpecialAuthorityIgnoreSlashes);
      }
      return again(State::kRelative);
    case State::kPathOrAuthority:
      return c == '/' ? next(State::kAuthority) : again(State::kPath);
    case State::kRelative:
      return relative(c);
    case State::kRelativeSlash:
      return relative_slash(c);
    case State::kSpecialAuthoritySlashes:
      if (c == '/' && rest().starts_with('/')) {
        ++at_;
        return next(State::kSpecialAuthorityIgnoreSlashes);
      }
      return again(State::kSpecialAuthorityIgnoreSlashes);
    case State::kSpecialAuthorityIgnoreSlashes:
      return c == '/' || c == '\\' ? Step::kNext : again(State::kAuthority);
    case State::kAuthority:
      return authority(c);
    case State::kHost:
    case State::kHostname:
      return host(c);
    case State::kPort:
      return port(c);
    case State::kFile:
      return file(c);
    case State::kFileSlash:
      return file_slash(c);
    case State::kFileHost:
      return file_host(c);
    case State::kPathStart:
      return path_start(c);
    case State::kPath:
      return path(c);
    case State::kOpaquePath:
      return opaque_path(c);
    case State::kQuery:
      return query(c);
    case State::kFragment:
      if (c != kEof) {
        append_percent_encoded(*url_.fragment_, input_.substr(at_), EncodeSet::kFragment);
      }
      return Step::kDone;
    case State::kNone:
      break;
  }
  return Step::kFailed;
}

UrlParser::Step UrlParser::scheme_start(int c) {
  if (is_alpha(c)) {
    buffer_.push_back(base::ascii_lower(static_cast<char>(c)));
    return next(State::kScheme);
  }
  return overridden() ? Step::kFailed : again(State::kNoScheme);
}

UrlParser::Step UrlParser::scheme(int c) {
  if (is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.') {
    buffer_.push_back(base::ascii_lower(static_cast<char>(c)));
    return Step::kNext;
  }
  if (c != ':') {
    if (overridden()) return Step::kFailed;
    buffer_.clear();
    at_ = static_cast<std::size_t>(-1);  // start over at the first byte
    return next(State::kNoScheme);
  }
  if (overridden()) {
    if (special() != is_special_scheme(buffer_)) return Step::kFailed;
    if (buffer_ == "file" && (url_.has_credentials() || url_.port_)) return Step::kFailed;
    if (url_.scheme_ == "file" && (!url_.host_ || url_.host_->empty())) return Step::kFailed;
    url_.scheme_ = buffer_;
    if (url_.port_ == default_port(url_.scheme_)) url_.port_.reset();
    return Step::kDone;
  }
  url_.scheme_ = std::move(buffer_);
  buffer_.clear();
  if (url_.scheme_ == "file") return next(State::kFile);
  if (special()) {
    return next(base_ != nullptr && base_->scheme_ == url_.scheme_
                    ? State::kSpecialRelativeOrAuthority
                    : State::kSpecialAuthoritySlashes);
  }
  if (rest().starts_with('/')) {
    ++at_;
    return next(State::kPathOrAuthority);
  }
  url_.opaque_path_ = true;
  return next(State::kOpaquePath);
}

UrlParser::Step UrlParser::no_scheme(int c) {
  if (base_ == nullptr || (base_->opaque_path_ && c != '#')) return Step::kFailed;
  if (base_->opaque_path_) {
    url_.scheme_ = base_->scheme_;
    url_.path_ = base_->path_;
    url_.query_ = base_->query_;
    url_.opaque_path_ = true;
    start_fragment();
    return Step::kNext;
  }
  return again(base_->scheme_ == "file" ? State::kFile : State::kRelative);
}

void UrlParser::copy_authority() {
  url_.username_ = base_->username_;
  url_.password_ = base_->password_;
  url_.host_ = base_->host_;
  url_.port_ = base_->port_;
}

UrlParser::Step UrlParser::relative(int c) {
  url_.scheme_ = base_->scheme_;
  if (is_slash(c)) return next(State::kRelativeSlash);
  copy_authority();
  url_.path_ = base_->path_;
  url_.query_ = base_->query_;
  if (c == '?') {
    start_query();
  } else if (c == '#') {
    start_fragment();
  } else if (c != kEof) {
    url_.query_.reset();
    shorten_path();
    return again(State::kPath);
  }
  return Step::kNext;
}

UrlParser::Step UrlParser::relative_slash(int c) {
  if (special() && (c == '/' || c == '\\')) return next(State::kSpecialAuthorityIgnoreSlashes);
  if (c == '/') return next(State::kAuthority);
  copy_authority();
  return again(State::kPath);
}

UrlParser::Step UrlParser::authority(int c) {
  if (c == '@') {
    if (at_sign_seen_) buffer_.insert(0, "%40");
    at_sign_seen_ = true;
    for (const char b : buffer_) {
      if (b == ':' && !password_token_seen_) {
        password_token_seen_ = true;
        continue;
      }
      append_percent_encoded(password_token_seen_ ? url_.password_ : url_.username_,
                             std::string_view(&b, 1), EncodeSet::kUserinfo);
    }
    buffer_.clear();
    return Step::kNext;
  }
  if (ends_authority(c)) {
    if (at_sign_seen_ && buffer_.empty()) return Step::kFailed;
    at_ -= buffer_.size() + 1;
    buffer_.clear();
    return next(State::kHost);
  }
  buffer_.push_back(static_cast<char>(c));
  return Step::kNext;
}

UrlParser::Step UrlParser::host(int c) {
  if (overridden() && url_.scheme_ == "file") return again(State::kFileHost);
  if (c == ':' && !inside_brackets_) {
    if (buffer_.empty() || override_ == State::kHostname) return Step::kFailed;
    std::optional<std::string> parsed = parse_host(buffer_, !special());
    if (!parsed) return Step::kFailed;
    url_.host_ = std::move(parsed);
    buffer_.clear();
    return next(State::kPort);
  }
  if (ends_authority(c)) {
    if (buffer_.empty()) {
      if (special()) return Step::kFailed;
      if (overridden() && (url_.has_credentials() || url_.port_)) return Step::kFailed;
    }
    std::optional<std::string> parsed = parse_host(buffer_, !special());
    if (!parsed) return Step::kFailed;
    url_.host_ = std::move(parsed);
    buffer_.clear();
    return overridden() ? Step::kDone : again(State::kPathStart);
  }
  if (c == '[') inside_brackets_ = true;
  if (c == ']') inside_brackets_ = false;
  buffer_.push_back(static_cast<char>(c));
  return Step::kNext;
}

UrlParser::Step UrlParser::port(int c) {
  if (is_digit(c)) {
    buffer_.push_back(static_cast<char>(c));
    return Step::kNext;
  }
  if (!ends_authority(c) && !overridden()) return Step::kFailed;
  if (!buffer_.empty()) {
    unsigned value = 0;
    for (const char digit : buffer_) {
      value = value * 10 + static_cast<unsigned>(digit - '0');
      if (value > 65535) return Step::kFailed;
    }
    url_.port_ = static_cast<std::uint16_t>(value);
    if (url_.port_ == default_port(url_.scheme_)) url_.port_.reset();
    buffer_.clear();
    if (overridden()) return Step::kDone;
  }
  // "example.com:" given to the host setter changes the host and leaves the port.
  if (overridden()) return override_ == State::kHost ? Step::kDone : Step::kFailed;
  return again(State::kPathStart);
}

UrlParser::Step UrlParser::file(int c) {
  url_.scheme_ = "file";
  url_.host_ = "";
  if (c == '/' || c == '\\') return next(State::kFileSlash);
  if (base_ == nullptr || base_->scheme_ != "file") return again(State::kPath);
  url_.host_ = base_->host_;
  url_.path_ = base_->path_;
  url_.query_ = base_->query_;
  if (c == '?') {
    start_query();
  } else if (c == '#') {
    start_fragment();
  } else if (c != kEof) {
    url_.query_.reset();
    if (starts_with_windows_drive_letter(input_.substr(at_))) {
      url_.path_.clear();
    } else {
      shorten_path();
    }
    return again(State::kPath);
  }
  return Step::kNext;
}

UrlParser::Step UrlParser::file_slash(int c) {
  if (c == '/' || c == '\\') return next(State::kFileHost);
  if (base_ != nullptr && base_->scheme_ == "file") {
    url_.host_ = base_->host_;
    const std::string_view path = base_->path_;
    const std::string_view first = path.substr(0, std::min(path.find('/', 1), path.size()));
    if (!starts_with_windows_drive_letter(input_.substr(std::min(at_, input_.size()))) &&
        first.size() == 3 && is_normalized_windows_drive_letter(first.substr(1))) {
      url_.path_ += first;
    }
  }
  return again(State::kPath);
}

UrlParser::Step UrlParser::file_host(int c) {
  if (c != kEof && c != '/' && c != '\\' && c != '?' && c != '#') {
    buffer_.push_back(static_cast<char>(c));
    return Step::kNext;
  }
  if (!overridden() && is_windows_drive_letter(buffer_)) return again(State::kPath);
  if (buffer_.empty()) {
    url_.host_ = "";
  } else {
    std::optional<std::string> parsed = parse_host(buffer_, !special());
    if (!parsed) return Step::kFailed;
    if (*parsed == "localhost") parsed->clear();
    url_.host_ = std::move(parsed);
    buffer_.clear();
  }
  return overridden() ? Step::kDone : again(State::kPathStart);
}

UrlParser::Step UrlParser::path_start(int c) {
  if (special()) return c == '/' || c == '\\' ? next(State::kPath) : again(State::kPath);
  if (!overridden() && c == '?') {
    start_query();
  } else if (!overridden() && c == '#') {
    start_fragment();
  } else if (c != kEof) {
    return c == '/' ? next(State::kPath) : again(State::kPath);
  } else if (overridden() && !url_.host_) {
    url_.path_ += '/';
  }
  return Step::kNext;
}

UrlParser::Step UrlParser::path(int c) {
  const bool slash = is_slash(c);
  const bool ends = c == kEof || slash || (!overridden() && (c == '?' || c == '#'));
  if (!ends) {
    const auto byte = static_cast<unsigned char>(c);
    if (needs_encoding(byte, EncodeSet::kPath)) {
      append_encoded_byte(buffer_, byte);
    } else {
      buffer_.push_back(static_cast<char>(c));
    }
    return Step::kNext;
  }
  if (is_double_dot(buffer_)) {
    shorten_path();
    if (!slash) url_.path_ += '/';
  } else if (is_single_dot(buffer_)) {
    if (!slash) url_.path_ += '/';
  } else {
    if (url_.scheme_ == "file" && url_.path_.empty() && is_windows_drive_letter(buffer_)) {
      buffer_[1] = ':';
    }
    url_.path_ += '/';
    url_.path_ += buffer_;
  }
  buffer_.clear();
  if (c == '?') start_query();
  if (c == '#') start_fragment();
  return Step::kNext;
}

UrlParser::Step UrlParser::opaque_path(int c) {
  if (c == '?') {
    start_query();
  } else if (c == '#') {
    start_fragment();
  } else if (c == ' ') {
    url_.path_ += rest().starts_with('?') || rest().starts_with('#') ? "%20" : " ";
  } else if (c != kEof) {
    const char byte = static_cast<char>(c);
    append_percent_encoded(url_.path_, std::string_view(&byte, 1), EncodeSet::kC0Control);
  }
  return Step::kNext;
}

UrlParser::Step UrlParser::query(int c) {
  if (c == kEof || (!overridden() && c == '#')) {
    append_percent_encoded(*url_.query_, buffer_,
                           special() ? EncodeSet::kSpecialQuery : EncodeSet::kQuery);
    buffer_.clear();
    if (c == '#') start_fragment();
    return Step::kNext;
  }
  buffer_.push_back(static_cast<char>(c));
  return Step::kNext;
}

void UrlParser::shorten_path() {
  std::string& path = url_.path_;
  const std::size_t last = path.rfind('/');
  if (last == std::string::npos) return;
  if (url_.scheme_ == "file" && last == 0 &&
      is_normalized_windows_drive_letter(std::string_view(path).substr(1))) {
    return;
  }
  path.resize(last);
}

}  // namespace seine::web
