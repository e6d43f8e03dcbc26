// What the configuration says of the web: bounds of fetching, and the search providers with their
// keys. Keys come from files or variables, never from the configuration itself, and never leave
// WebSettings.
#pragma once

#include "base/config.h"
#include "base/error.h"
#include "server/invocation.h"
#include "web/web.h"

namespace seine::server {

base::Result<web::WebSettings> web_settings(const base::Config& config,
                                            const Environment& environment);

}  // namespace seine::server
