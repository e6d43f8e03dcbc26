// The OpenAPI 3.1 document, made from the table that routes requests, so that it cannot tell of
// routes that are not there or leave one out. Schemas are in openapi_schemas.cc.
#pragma once

#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "net/router.h"

namespace seine::gateway {

// The document for what the router has now. Left out are routes tagged "console" (pages)
// and "grpc", which proto/ describes.
base::Json openapi(const net::Router& router, std::string_view version);

// GET /openapi.json. The document is made at the first request, so routes that are added later are
// in it; the router must not change once it serves.
void add_openapi(net::Router& router, std::string_view version);

// Name -> JSON schema, as the routes name them.
base::Json openapi_schemas();

}  // namespace seine::gateway
