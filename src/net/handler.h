// Handler: the one shape of a request handler, for HTTP/1.1 and HTTP/2. It runs on the connection's
// context. An exception that leaves it becomes 500 with the request's id.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

namespace seine::net {

namespace asio = boost::asio;

class Request;
class Response;

// Both references live until the coroutine ends.
using Handler = std::function<asio::awaitable<void>(Request&, Response&)>;

}  // namespace seine::net
