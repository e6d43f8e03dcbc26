// Anthropic's routes: /v1/messages and /v1/messages/count_tokens. Any anthropic-version is taken.
// Owned by the composition root; lives as long as the router it fills.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/random.h"
#include "gateway/generation/generation.h"
#include "gateway/idempotency.h"
#include "net/router.h"

namespace seine::gateway::anthropic {

class Routes {
 public:
  struct Ports {
    Generations& generations;
    Idempotency& idempotency;
    base::Random& random;
  };
  explicit Routes(Ports ports) : ports_(ports) {}

  void install(net::Router& router);

 private:
  boost::asio::awaitable<void> messages(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> count_tokens(net::Request& request, net::Response& response);

  Ports ports_;
};

}  // namespace seine::gateway::anthropic
