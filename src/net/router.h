// Router: method and path pattern to handler, and the table of them all (OpenAPI is made from it).
// Filled by one thread before the server starts, then only read, from every context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/handler.h"

namespace seine::net {

// What a route says about itself, for documents and for guards.
struct RouteInfo {
  std::string operation_id = {};    // "createChatCompletion"
  std::string summary = {};         // one line
  std::string tag = {};             // "chat"
  std::string scope = {};           // what a caller must hold; the guard reads it
  std::string request_schema = {};  // names in the document's components
  std::string response_schema = {};
  bool streams = false;  // may answer with text/event-stream
  std::optional<std::uint64_t> body_bytes_max = {};
};

struct Route {
  std::string method;
  std::string pattern;
  RouteInfo info;
  Handler handler;
};

class Router {
 public:
  // Runs before every matched handler; false when it has answered (401, 429) and the handler must
  // not run.
  using Guard = std::function<asio::awaitable<bool>(Request&, Response&, const Route&)>;

  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // Patterns are segments: literal, {name} for exactly one non-empty segment (decoded, so that %2F
  // may stand in it), {name...} for all the rest (decoded; last only, may be empty). A literal wins
  // over {name}, that over {name...}, from left to right. A malformed or repeated pattern is a
  // programming error and aborts.
  void add(std::string method, std::string pattern, Handler handler, RouteInfo info = {});
  void set_guard(Guard guard);
  // Instead of the plain 404.
  void set_fallback(Handler handler);

  // In the order they were added.
  std::vector<const Route*> routes() const;

  // HEAD runs GET's handler; OPTIONS without a handler of its own answers 204 with Allow; a path
  // known under other methods only answers 405 with Allow.
  asio::awaitable<void> handle(Request& request, Response& response) const;
  // handle() as a Handler; the router must outlive it.
  Handler handler() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::net
