#include "web/url/url.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "web/url/percent.h"
#include "web/url/url_parser.h"

namespace seine::web {
namespace {

using State = UrlParser::State;

std::string without_tabs_and_newlines(std::string_view input) {
  std::string out = base::is_valid_utf8(input) ? std::string(input) : base::to_valid_utf8(input);
  std::erase_if(out, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
  return out;
}

std::string_view strip_control_or_space(std::string_view input) {
  const auto strips = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
  while (!input.empty() && strips(input.front())) input.remove_prefix(1);
  while (!input.empty() && strips(input.back())) input.remove_suffix(1);
  return input;
}

}  // namespace

std::optional<std::uint16_t> default_port(std::string_view scheme) {
  if (scheme == "https" || scheme == "wss") return 443;
  if (scheme == "http" || scheme == "ws") return 80;
  if (scheme == "ftp") return 21;
  return std::nullopt;
}

bool is_special_scheme(std::string_view scheme) {
  return scheme == "file" || default_port(scheme).has_value();
}

base::Result<Url> Url::parse(std::string_view input, const Url* base) {
  if (input.size() > kUrlBytesMax) {
    return base::fail(base::Code::kInvalidArgument, "URL has {} bytes, the limit is {}",
                      input.size(), kUrlBytesMax);
  }
  const std::string clean = without_tabs_and_newlines(strip_control_or_space(input));
  Url url;
  if (!UrlParser(url, clean, base, State::kNone).run()) {
    return base::fail(base::Code::kInvalidArgument, "'{}' is not a URL",
                      input.substr(0, base::utf8_prefix(input, 200)));
  }
  return url;
}

bool Url::is_special() const {
  return is_special_scheme(scheme_);
}

std::optional<std::uint16_t> Url::port_or_default() const {
  return port_ ? port_ : default_port(scheme_);
}

std::string Url::host() const {
  if (!host_) return {};
  return port_ ? fmt::format("{}:{}", *host_, *port_) : *host_;
}

std::string Url::href(bool with_fragment) const {
  std::string out = scheme_ + ":";
  if (host_) {
    out += "//";
    if (has_credentials()) {
      out += username_;
      if (!password_.empty()) out += ":" + password_;
      out += '@';
    }
    out += host();
  } else if (!opaque_path_ && path_.starts_with("//")) {
    out += "/.";  // or the path would be read as an authority
  }
  out += path_;
  if (query_) out += "?" + *query_;
  if (with_fragment && fragment_) out += "#" + *fragment_;
  return out;
}

std::string Url::origin() const {
  if (scheme_ == "blob") {
    const base::Result<Url> inner = parse(path_);
    return inner && inner->is_http() ? inner->origin() : "null";
  }
  if (!default_port(scheme_)) return "null";
  return fmt::format("{}://{}", scheme_, host());
}

bool Url::cannot_have_credentials() const {
  return !host_ || host_->empty() || scheme_ == "file";
}

bool Url::set_href(std::string_view value) {
  base::Result<Url> parsed = parse(value);
  if (!parsed) return false;
  *this = std::move(*parsed);
  return true;
}

void Url::set_protocol(std::string_view value) {
  Url copy = *this;
  const std::string clean = without_tabs_and_newlines(value) + ":";
  if (UrlParser(copy, clean, nullptr, State::kSchemeStart).run()) *this = std::move(copy);
}

void Url::set_username(std::string_view value) {
  if (cannot_have_credentials()) return;
  username_.clear();
  append_percent_encoded(username_, base::to_valid_utf8(value), EncodeSet::kUserinfo);
}

void Url::set_password(std::string_view value) {
  if (cannot_have_credentials()) return;
  password_.clear();
  append_percent_encoded(password_, base::to_valid_utf8(value), EncodeSet::kUserinfo);
}

void Url::set_host(std::string_view value) {
  if (opaque_path_) return;
  // The state machine keeps what it had parsed before a bad port: "a:b" sets the host to a.
  Url copy = *this;
  const std::string clean = without_tabs_and_newlines(value);
  const bool done = UrlParser(copy, clean, nullptr, State::kHost).run();
  if (done || (copy.host_ != host_ && copy.host_)) *this = std::move(copy);
}

void Url::set_hostname(std::string_view value) {
  if (opaque_path_) return;
  Url copy = *this;
  const std::string clean = without_tabs_and_newlines(value);
  if (UrlParser(copy, clean, nullptr, State::kHostname).run()) *this = std::move(copy);
}

void Url::set_port(std::string_view value) {
  if (cannot_have_credentials()) return;
  if (value.empty()) {
    port_.reset();
    return;
  }
  Url copy = *this;
  const std::string clean = without_tabs_and_newlines(value);
  if (UrlParser(copy, clean, nullptr, State::kPort).run()) *this = std::move(copy);
}

void Url::set_pathname(std::string_view value) {
  if (opaque_path_) return;
  path_.clear();
  const std::string clean = without_tabs_and_newlines(value);
  UrlParser(*this, clean, nullptr, State::kPathStart).run();
}

void Url::set_search(std::string_view value) {
  query_.reset();
  if (value.empty()) return;
  if (value.starts_with('?')) value.remove_prefix(1);
  query_.emplace();
  const std::string clean = without_tabs_and_newlines(value);
  UrlParser(*this, clean, nullptr, State::kQuery).run();
}

void Url::set_hash(std::string_view value) {
  fragment_.reset();
  if (value.empty()) return;
  if (value.starts_with('#')) value.remove_prefix(1);
  fragment_.emplace();
  const std::string clean = without_tabs_and_newlines(value);
  UrlParser(*this, clean, nullptr, State::kFragment).run();
}

void Url::clear_credentials() {
  username_.clear();
  password_.clear();
}

}  // namespace seine::web
