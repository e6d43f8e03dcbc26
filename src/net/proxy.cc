// Which proxy a URL goes through: the conventions of curl and most other clients.
#include <algorithm>

#include "base/text.h"
#include "net/client.h"

namespace seine::net {
namespace {

bool matches(std::string_view entry, const Url& url) {
  if (entry == "*") return true;
  const std::size_t colon = entry.rfind(':');
  if (colon != std::string_view::npos && entry.find(':') == colon) {
    if (base::parse_u64(entry.substr(colon + 1)) != url.port) return false;
    entry = entry.substr(0, colon);
  }
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  const bool suffix = entry.starts_with('.');
  const std::string host = base::ascii_lower(entry);
  if (host.empty()) return false;
  if (!suffix) return url.host == host || url.host.ends_with("." + host);
  return url.host.ends_with(host) || url.host == host.substr(1);
}

}  // namespace

ProxyOptions ProxyOptions::from_environment(const std::function<const char*(const char*)>& getenv) {
  const auto read = [&](const char* lower, const char* upper) {
    const char* value = getenv(lower);
    if (value == nullptr || *value == '\0') value = getenv(upper);
    return std::string(value == nullptr ? "" : value);
  };
  ProxyOptions options;
  // A CGI server sets HTTP_PROXY from a request's Proxy field (CVE-2016-5385).
  const bool cgi = getenv("REQUEST_METHOD") != nullptr;
  options.http = read("http_proxy", cgi ? "http_proxy" : "HTTP_PROXY");
  options.https = read("https_proxy", "HTTPS_PROXY");
  options.no_proxy = read("no_proxy", "NO_PROXY");
  return options;
}

std::string ProxyOptions::choose(const Url& url) const {
  for (const std::string_view entry : base::split(no_proxy, ',')) {
    if (matches(base::trim(entry), url)) return {};
  }
  return url.secure() ? https : http;
}

}  // namespace seine::net
