// From a Generation to a response, whatever the dialect: as server-sent events while the answer
// grows, or gathered. A stream starts when its first piece is there or kFirstWait has passed, so
// that what fails at once still has a status; later failures are events. Silence is filled with
// comments. Nothing is buffered but the pieces of one write, and a write waits for its reader.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "gateway/generation/gathered.h"
#include "gateway/generation/generation.h"

namespace seine::net {
class Request;
class Response;
}  // namespace seine::net

namespace seine::gateway {

// How a dialect writes a stream. Appends whole events to `out`.
class StreamForm {
 public:
  virtual ~StreamForm() = default;
  // Before the first piece; `model` is the one that answers.
  virtual void begin(std::string& out) { (void)out; }
  virtual void piece(std::string& out, std::uint32_t answer, const llm::Delta& delta) = 0;
  // A web answer's citations, before its Finish.
  virtual void extras(std::string& out, const WebExtras& extras) = 0;
  virtual void end(std::string& out) = 0;
  // After end() and before its events go out: for records that a client may ask for at once.
  virtual boost::asio::awaitable<void> settle();
  virtual void failure(std::string& out, const base::Error& error) = 0;
  virtual void keep_alive(std::string& out) { out += ": keep-alive\n\n"; }
};

inline constexpr std::chrono::seconds kFirstWait{3};
inline constexpr std::chrono::seconds kKeepAlive{10};

boost::asio::awaitable<void> relay(net::Request& request, net::Response& response,
                                   Generation& generation, StreamForm& form);

// All answers, once they are complete.
boost::asio::awaitable<base::Result<std::vector<Gathered>>> gather(Generation& generation);

}  // namespace seine::gateway
