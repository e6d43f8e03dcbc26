// A URL by the WHATWG URL Standard: parser, serialiser and setters. The serialisation of this class
// is what every client of the module (curl, the browser, a webhook) is given, so that no second
// parser can read an address differently. A plain value, safe on any thread. Never resolves a name,
// never decides whether an address may be reached (guard/ does).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seine::web {

// Input past this length is refused: no server takes it and every later step copies it.
inline constexpr std::size_t kUrlBytesMax = std::size_t{1} << 20;

class Url {
 public:
  // `input` is UTF-8 (ill-formed bytes count as U+FFFD); `base` resolves relative references.
  static base::Result<Url> parse(std::string_view input, const Url* base = nullptr);

  std::string href(bool with_fragment = true) const;
  std::string origin() const;  // "https://example.org", "null" for opaque origins

  std::string_view scheme() const { return scheme_; }  // without the colon
  std::string_view username() const { return username_; }
  std::string_view password() const { return password_; }
  bool has_host() const { return host_.has_value(); }
  std::string_view hostname() const { return host_ ? std::string_view(*host_) : ""; }
  std::string host() const;  // with the port unless it is the scheme's default
  std::optional<std::uint16_t> port() const { return port_; }
  std::optional<std::uint16_t> port_or_default() const;
  std::string_view path() const { return path_; }
  bool has_opaque_path() const { return opaque_path_; }
  bool has_query() const { return query_.has_value(); }
  std::string_view query() const { return query_ ? std::string_view(*query_) : ""; }
  std::string_view fragment() const { return fragment_ ? std::string_view(*fragment_) : ""; }
  // As the DOM attributes show them: "?q" and "#f", empty when absent or empty.
  std::string search() const { return query_ && !query_->empty() ? "?" + *query_ : ""; }
  std::string hash() const { return fragment_ && !fragment_->empty() ? "#" + *fragment_ : ""; }

  bool is_special() const;
  bool is_http() const { return scheme_ == "http" || scheme_ == "https"; }
  bool has_credentials() const { return !username_.empty() || !password_.empty(); }

  // The attribute setters of the standard: a value that is not valid leaves the URL as it was.
  // set_href alone reports failure.
  bool set_href(std::string_view value);
  void set_protocol(std::string_view value);
  void set_username(std::string_view value);
  void set_password(std::string_view value);
  void set_host(std::string_view value);
  void set_hostname(std::string_view value);
  void set_port(std::string_view value);
  void set_pathname(std::string_view value);
  void set_search(std::string_view value);
  void set_hash(std::string_view value);
  // What is stripped before a fetch: nobody sends a password from a link to a server.
  void clear_credentials();
  void clear_fragment() { fragment_.reset(); }

  bool operator==(const Url&) const = default;

 private:
  friend class UrlParser;
  bool cannot_have_credentials() const;

  std::string scheme_;
  std::string username_;
  std::string password_;
  std::optional<std::string> host_;  // serialised; IPv6 keeps its brackets
  std::optional<std::uint16_t> port_;
  std::string path_;  // "/a/b", or anything when opaque_path_
  std::optional<std::string> query_;
  std::optional<std::string> fragment_;
  bool opaque_path_ = false;
};

// The port of a special scheme, nothing for others ("file" is special and has none).
std::optional<std::uint16_t> default_port(std::string_view scheme);
bool is_special_scheme(std::string_view scheme);

}  // namespace seine::web
