// Reading a request's body as JSON, for every route that takes one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "base/error.h"
#include "base/json_fwd.h"

namespace seine::net {
class Request;
}

namespace seine::gateway {

// The body as one JSON object. Faults of reading it carry the field "body" (413, 408).
boost::asio::awaitable<base::Result<base::Json>> read_json_object(net::Request& request);

}  // namespace seine::gateway
