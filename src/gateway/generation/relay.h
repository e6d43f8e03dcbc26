// From a Generation to a response, whatever the dialect: as a stream while the answer grows, or
// gathered. A stream starts when its first piece is there or kFirstWait has passed, so that what
// fails at once still has a status; later failures are events. Silence is filled with comments.
// Nothing is buffered but the pieces of one write, and a write waits for its reader.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <vector>

#include "base/error.h"
#include "gateway/generation/gathered.h"
#include "gateway/generation/generation.h"
#include "gateway/generation/stream_form.h"

namespace seine::net {
class Request;
class Response;
}  // namespace seine::net

namespace seine::gateway {

inline constexpr std::chrono::seconds kFirstWait{3};
inline constexpr std::chrono::seconds kKeepAlive{10};

boost::asio::awaitable<void> relay(net::Request& request, net::Response& response,
                                   Generation& generation, StreamForm& form);

// All answers, once they are complete.
boost::asio::awaitable<base::Result<std::vector<Gathered>>> gather(Generation& generation);

}  // namespace seine::gateway
