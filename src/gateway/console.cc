#include "gateway/console.h"

#include <algorithm>
#include <string>

#include "base/text.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway {
namespace {

namespace asio = boost::asio;

// Whether Accept-Encoding allows `coding`: named, and not with q=0 (RFC 9110, section 12.5.3).
bool accepts(const net::Headers& headers, std::string_view coding) {
  for (const std::string_view field : headers.get_all("accept-encoding")) {
    for (const std::string_view item : base::split(field, ',')) {
      const std::vector<std::string_view> parts = base::split(item, ';');
      if (!base::ascii_iequals(base::trim(parts[0]), coding)) continue;
      if (parts.size() == 1) return true;
      const std::string_view weight = base::trim(parts[1]);
      return !(weight.starts_with("q=") && base::parse_double(weight.substr(2)) == 0.0);
    }
  }
  return false;
}

bool matches(std::string_view if_none_match, std::string_view etag) {
  for (const std::string_view item : base::split(if_none_match, ',')) {
    const std::string_view tag = base::trim(item);
    if (tag == "*" || tag == etag) return true;
  }
  return false;
}

// `loaders`: whose pages may load it, "same-origin" or "cross-origin".
void add_headers(net::Headers& headers, std::string_view policy, std::string_view loaders) {
  headers.add("content-security-policy", policy);
  headers.add("x-content-type-options", "nosniff");
  headers.add("referrer-policy", "no-referrer");
  headers.add("cross-origin-resource-policy", loaders);
}

// The page that draws diagrams out of what models and strangers write (console/diagram): without an
// origin, without a network, in our own frames only. Its scripts are asked for by nobody's origin.
void add_diagram_headers(net::Headers& headers) {
  add_headers(headers,
              "sandbox allow-scripts; default-src 'none'; script-src 'self'; style-src "
              "'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
              "cross-origin");
}

void send_asset(const net::Request& request, net::Response& response, const console::Asset& asset) {
  net::Headers headers = {
      {"etag", asset.etag},
      {"vary", "accept-encoding"},
      {"cache-control", asset.immutable ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (asset.path.starts_with("/diagram/")) {
    add_diagram_headers(headers);
  } else {
    add_security_headers(headers);
  }
  if (const auto tags = request.headers().get("if-none-match");
      tags && matches(*tags, asset.etag)) {
    response.send(304, std::move(headers), "");
    return;
  }
  headers.add("content-type", asset.content_type);
  std::string_view body = asset.identity;
  if (!asset.brotli.empty() && accepts(request.headers(), "br")) {
    headers.add("content-encoding", "br");
    body = asset.brotli;
  } else if (!asset.gzip.empty() && accepts(request.headers(), "gzip")) {
    headers.add("content-encoding", "gzip");
    body = asset.gzip;
  }
  response.send(200, std::move(headers), std::string(body));
}

const console::Asset* find_asset(std::span<const console::Asset> assets, std::string_view path) {
  const auto found = std::ranges::lower_bound(assets, path, {}, &console::Asset::path);
  return found != assets.end() && found->path == path ? &*found : nullptr;
}

bool wants_page(const net::Request& request) {
  const std::string_view path = request.path();
  if (path.starts_with("/api/") || path.starts_with("/v1/")) return false;
  const auto accept = request.headers().get("accept");
  return accept && accept->find("text/html") != std::string_view::npos;
}

asio::awaitable<void> serve(std::span<const console::Asset> assets, net::Request& request,
                            net::Response& response) {
  const std::string_view path = request.path() == "/" ? "/index.html" : request.path();
  const console::Asset* asset = find_asset(assets, path);
  if (asset == nullptr && wants_page(request)) asset = find_asset(assets, "/index.html");
  if (asset == nullptr) {
    response.send_error({base::Code::kNotFound, "there is nothing at this path"});
  } else {
    send_asset(request, response, *asset);
  }
  co_return;
}

}  // namespace

const std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; "
    "font-src 'self'; manifest-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

void add_security_headers(net::Headers& headers) {
  add_headers(headers, kContentSecurityPolicy, "same-origin");
  headers.add("cross-origin-opener-policy", "same-origin");
}

void add_console(net::Router& router, std::span<const console::Asset> assets) {
  router.add("GET", "/{path...}",
             [assets](net::Request& request, net::Response& response) {
               return serve(assets, request, response);
             },
             {.operation_id = "getConsole",
              .summary = "The web console",
              .tag = "console",
              .scope = "public"});
}

}  // namespace seine::gateway
