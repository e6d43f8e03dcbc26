// /api/watches, /api/webhooks and /hooks: pages that are read again and again, what their changes
// have sent, and webhooks from sites (docs/reference/console-api.md). Owned by the composition
// root; lives as long as the router it fills.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>

#include "base/error.h"
#include "base/json_fwd.h"
#include "net/router.h"

namespace seine::web {
class Watcher;
}

namespace seine::gateway {

class WatchRoutes {
 public:
  explicit WatchRoutes(web::Watcher& watcher) : watcher_(watcher) {}
  void install(net::Router& router);

 private:
  boost::asio::awaitable<void> list(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> create(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> show(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> change(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> remove(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> check(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> deliveries(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> resend(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> hook(net::Request& request, net::Response& response);

  web::Watcher& watcher_;
};

}  // namespace seine::gateway
