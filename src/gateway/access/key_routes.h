// GET, POST /api/keys and DELETE /api/keys/{id}. Owned by the composition root; lives as long as
// the router it fills.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "gateway/access/api_keys.h"
#include "net/router.h"
#include "store/worker_pool.h"

namespace seine::gateway {

class KeyRoutes {
 public:
  KeyRoutes(ApiKeys& keys, store::WorkerPool& pool) : keys_(keys), pool_(pool) {}
  void install(net::Router& router);

 private:
  boost::asio::awaitable<void> list(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> create(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> revoke(net::Request& request, net::Response& response);

  ApiKeys& keys_;
  store::WorkerPool& pool_;
};

// {"name","scopes","expires_in_s","requests_per_minute","tokens_per_minute"}.
base::Result<NewApiKey> parse_new_key(const base::Json& body);

}  // namespace seine::gateway
