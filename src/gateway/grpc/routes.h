// gRPC on the port of everything else: seine.v1.Generation, grpc.health.v1.Health and reflection
// as routes /SERVICE/METHOD over our HTTP/2 server. The guard takes an API key from the metadata
// `authorization` or `x-api-key`; grpc-timeout bounds a call; a peer that resets its stream cancels
// it. Owned by the composition root; lives as long as the router it fills.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "base/clock.h"
#include "base/random.h"
#include "gateway/generation/generation.h"
#include "net/router.h"

namespace seine::gateway::grpc {

class Routes {
 public:
  struct Ports {
    Generations& generations;
    std::function<bool()> ready;  // whether the service takes requests; on any thread
    const base::Clock& clock;
    base::Random& random;
  };
  explicit Routes(Ports ports) : ports_(std::move(ports)) {}

  void install(net::Router& router);

 private:
  boost::asio::awaitable<void> generate(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> list_models(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> check_health(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> reflect(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> refuse(net::Request& request, net::Response& response);

  Ports ports_;
};

}  // namespace seine::gateway::grpc
