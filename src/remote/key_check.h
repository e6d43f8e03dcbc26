// Whether a service that runs models can be reached and takes its key, told without asking a model.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "base/error.h"
#include "net/client.h"

namespace seine::remote {

// Asks for the list of models beside the chat completions at `chat`. kUnauthenticated: the service
// does not take the key, or its certificate is not accepted; waiting mends neither. kUnavailable,
// kDeadlineExceeded: not reached now. A service that has no such list has not refused the key.
boost::asio::awaitable<base::Result<>> check_key(net::Client& client, net::Url chat,
                                                 std::string key);

}  // namespace seine::remote
