#include "gateway/body.h"

#include <boost/asio/awaitable.hpp>

#include "base/json.h"
#include "net/request.h"

namespace seine::gateway {

boost::asio::awaitable<base::Result<base::Json>> read_json_object(net::Request& request) {
  const std::string text = SEINE_CO_TRY(co_await request.read_all());
  base::Json json = SEINE_CO_TRY(base::parse_json(text));
  if (!json.is_object()) {
    co_return base::fail(base::Code::kInvalidArgument, "the body must be a JSON object, not {}",
                         base::type_name(json));
  }
  co_return json;
}

}  // namespace seine::gateway
