// /api/runs and /api/snapshots: recorded answers, their replay, and the pages they rest on
// (docs/reference/console-api.md). Owned by the composition root; lives as long as the router it
// fills.
#pragma once

#include "answer/answers.h"
#include "answer/run_store.h"
#include "base/json_fwd.h"
#include "net/router.h"
#include "store/worker_pool.h"

namespace seine::gateway {

class RunRoutes {
 public:
  RunRoutes(answer::Answers& answers, answer::RunStore& runs, store::WorkerPool& pool)
      : answers_(answers), runs_(runs), pool_(pool) {}
  void install(net::Router& router);

 private:
  boost::asio::awaitable<void> events(net::Request& request, net::Response& response);

  answer::Answers& answers_;
  answer::RunStore& runs_;
  store::WorkerPool& pool_;
};

// A page as GET /api/snapshots/{hash} tells it.
base::Json to_json(const answer::Page& page, const std::string& hash);

}  // namespace seine::gateway
