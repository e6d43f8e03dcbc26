// /v1/responses and what is stored of it: responses are kept for 30 days, each for the key that
// asked, and a next request may go on from one. Owned by the composition root; lives as long as the
// router it fills.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "gateway/access/caller.h"
#include "gateway/generation/generation.h"
#include "gateway/idempotency.h"
#include "gateway/openai/responses_request.h"
#include "net/router.h"
#include "store/key_value.h"
#include "store/worker_pool.h"

namespace seine::gateway::openai {

class ResponsesRoutes {
 public:
  static constexpr std::chrono::days kKept{30};
  static constexpr std::size_t kStoredBytesMax = 4 << 20;  // larger ones are not kept

  struct Ports {
    Generations& generations;
    Idempotency& idempotency;
    store::KeyValue& records;
    store::WorkerPool& pool;
    const base::Clock& clock;
    base::Random& random;
  };
  explicit ResponsesRoutes(Ports ports);

  void install(net::Router& router);

 private:
  boost::asio::awaitable<void> create(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> get(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> input_items(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> remove(net::Request& request, net::Response& response);
  // {"response","items"} of a stored response of this caller.
  boost::asio::awaitable<base::Result<base::Json>> load(Caller caller, std::string id);
  boost::asio::awaitable<void> save(Caller caller, base::Json response, base::Json items);

  Ports ports_;
};

}  // namespace seine::gateway::openai
