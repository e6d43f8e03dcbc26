#include "web/guard/guard.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "web/url/host.h"

namespace seine::web {
namespace {

// Names that live on a local network or nowhere (RFC 6761, 6762, 7686, 8375, 9476, ICANN's
// .internal and its never-delegated .corp, .home, .mail; what routers hand out).
constexpr std::array<std::string_view, 18> kLocalSuffixes = {
    "localhost", "local",       "internal", "home.arpa", "onion",     "invalid",
    "test",      "example",     "alt",      "corp",      "home",      "mail",
    "lan",       "localdomain", "intranet", "private",   "workgroup", "arpa"};

std::string_view without_trailing_dots(std::string_view host) {
  while (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

bool is_local_name(std::string_view host) {
  if (host.find('.') == std::string_view::npos) return true;  // single label: a search domain's
  return std::ranges::any_of(kLocalSuffixes,
                             [&](std::string_view suffix) { return domain_covers(suffix, host); });
}

bool is_endpoint(const Url& url, const GuardPolicy& policy) {
  const Endpoint here{std::string(url.scheme()), std::string(url.hostname()),
                      url.port_or_default().value_or(0)};
  return std::ranges::find(policy.endpoints, here) != policy.endpoints.end();
}

bool domain_allowed(std::string_view host, const GuardPolicy& policy) {
  const auto covers = [&](const std::string& pattern) { return domain_covers(pattern, host); };
  if (std::ranges::any_of(policy.denied_domains, covers)) return false;
  return policy.allowed_domains.empty() || std::ranges::any_of(policy.allowed_domains, covers);
}

}  // namespace

bool domain_covers(std::string_view pattern, std::string_view host) {
  pattern = without_trailing_dots(pattern);
  if (pattern.starts_with("*.")) pattern.remove_prefix(2);
  host = without_trailing_dots(host);
  if (pattern.empty() || host.size() < pattern.size()) return false;
  if (!base::ascii_iequals(host.substr(host.size() - pattern.size()), pattern)) return false;
  return host.size() == pattern.size() || host[host.size() - pattern.size() - 1] == '.';
}

Refusal judge_url(const Url& url, const GuardPolicy& policy) {
  if (!url.is_http()) return Refusal::kScheme;
  if (url.hostname().empty()) return Refusal::kAddress;
  if (url.has_credentials()) return Refusal::kCredentials;
  if (!domain_allowed(url.hostname(), policy)) return Refusal::kDomain;
  if (is_endpoint(url, policy)) return Refusal::kNone;
  if (std::ranges::find(policy.ports, *url.port_or_default()) == policy.ports.end()) {
    return Refusal::kPort;
  }
  if (const auto literal = IpAddress::parse(url.hostname())) {
    return judge_address(url, *literal, policy);
  }
  const std::string_view host = without_trailing_dots(url.hostname());
  return host.empty() || is_local_name(host) ? Refusal::kAddress : Refusal::kNone;
}

Refusal judge_address(const Url& url, const IpAddress& address, const GuardPolicy& policy) {
  if (is_endpoint(url, policy)) return Refusal::kNone;
  return classify(address) == AddressKind::kGlobal ? Refusal::kNone : Refusal::kAddress;
}

Refusal judge(const Url& url, std::span<const IpAddress> addresses, const GuardPolicy& policy) {
  if (const Refusal refusal = judge_url(url, policy); refusal != Refusal::kNone) return refusal;
  if (addresses.empty()) return Refusal::kAddress;
  for (const IpAddress& address : addresses) {
    if (const Refusal refusal = judge_address(url, address, policy); refusal != Refusal::kNone) {
      return refusal;
    }
  }
  return Refusal::kNone;
}

base::Result<> refusal_error(Refusal refusal, const Url& url) {
  using base::Code;
  const auto host = url.hostname();
  switch (refusal) {
    case Refusal::kNone:
      return {};
    case Refusal::kScheme:
      return base::fail(Code::kPermissionDenied, "scheme '{}' is not fetched, only http and https",
                        url.scheme());
    case Refusal::kPort:
      return base::fail(Code::kPermissionDenied, "{} is asked for at a port that is not fetched",
                        host);
    case Refusal::kCredentials:
      return base::fail(Code::kPermissionDenied,
                        "{} is given with a user name or password, which is not sent", host);
    case Refusal::kDomain:
      return base::fail(Code::kPermissionDenied,
                        "{} is not among the domains this caller may fetch", host);
    case Refusal::kAddress:
      return base::fail(Code::kPermissionDenied,
                        "{} is not a place on the public web that can be fetched", host);
  }
  return {};
}

base::Result<Endpoint> parse_endpoint(std::string_view text) {
  const Url url = SEINE_TRY(Url::parse(text));
  if (!url.is_http() || url.hostname().empty() || url.has_credentials()) {
    return base::fail(base::Code::kInvalidArgument,
                      "'{}' is not an endpoint; write for example http://127.0.0.1:8888", text);
  }
  return Endpoint{std::string(url.scheme()), std::string(url.hostname()), *url.port_or_default()};
}

}  // namespace seine::web
