// Serves the embedded web console: negotiated encodings, ETags, immutable caching of hashed files,
// and the security headers every page of ours carries. Stateless; on the connection's context.
#pragma once

#include <span>

#include "console/assets.h"
#include "net/headers.h"
#include "net/router.h"

namespace seine::gateway {

// What a browser may do on our pages: scripts and styles from us only, no frames, no forms
// elsewhere.
extern const std::string_view kContentSecurityPolicy;

// Adds the security headers that every HTML answer carries.
void add_security_headers(net::Headers& headers);

// GET of each asset; a page request (Accept: text/html) for any other path outside /api and /v1
// gets index.html, since the console routes on its own. Everything else stays 404. The assets
// outlive the router.
void add_console(net::Router& router, std::span<const console::Asset> assets);

}  // namespace seine::gateway
