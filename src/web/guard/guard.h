// The egress guard's decision: may this URL, at these addresses, be reached by this caller? Pure
// functions over values; whoever opens a connection (curl's open-socket hook, the browser's proxy,
// webhooks) asks check_address again for the address the socket really has, so that neither a
// redirect nor a second DNS answer gets past. Never resolves, never connects, never logs addresses.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "web/guard/address.h"
#include "web/url/url.h"

namespace seine::web {

// A place the operator has named in the configuration: a SearXNG on loopback, a test site. Equal
// scheme, host and port lift the address and port rules for it, nothing else does.
struct Endpoint {
  std::string scheme;
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

struct GuardPolicy {
  std::vector<std::uint16_t> ports = {80, 443, 8080, 8443};
  std::vector<std::string> allowed_domains = {};  // empty: all; "example.org" covers its subdomains
  std::vector<std::string> denied_domains = {};   // wins over allowed
  std::vector<Endpoint> endpoints = {};
};

enum class Refusal : std::uint8_t {
  kNone,
  kScheme,
  kPort,
  kCredentials,
  kDomain,   // the caller's allow- or deny-list
  kAddress,  // not a public place: name, literal and resolved address read the same outside
};

// The rules that need no resolver: scheme, credentials, port, domain lists, the host's form.
Refusal judge_url(const Url& url, const GuardPolicy& policy);
// One address that `url` resolved to, or that a socket is about to connect to.
Refusal judge_address(const Url& url, const IpAddress& address, const GuardPolicy& policy);
// Both, over every address of the answer: one bad address refuses all, none refuses too.
Refusal judge(const Url& url, std::span<const IpAddress> addresses, const GuardPolicy& policy);

// PERMISSION_DENIED with a reason that says nothing about whether an address or a port is alive:
// a private address, a name that does not resolve and a reserved name have the same words.
base::Result<> refusal_error(Refusal refusal, const Url& url);

// What an operator's configuration line means, for example "http://127.0.0.1:8888".
base::Result<Endpoint> parse_endpoint(std::string_view text);
// "example.org" covers example.org and www.example.org, never badexample.org.
bool domain_covers(std::string_view pattern, std::string_view host);

}  // namespace seine::web
