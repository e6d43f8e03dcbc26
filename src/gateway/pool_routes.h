// Routes that block: the request's parts are copied, a job makes the reply on the store's pool, and
// the connection's context sends it. What the console's sets of routes have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "base/language.h"
#include "net/router.h"
#include "net/url.h"
#include "store/worker_pool.h"

namespace seine::gateway {

// A request as a job sees it, on the pool's thread.
struct PoolAsk {
  std::string id;          // {id} of the path
  std::string message_id;  // {message_id} of the path
  std::string hash;        // {hash} of the path
  net::QueryParams query;
  base::Language language = base::Language::kEnglish;  // the reader's
  std::string body;                                    // within the route's body_bytes_max

  // The first value; empty if there is none.
  std::string text(std::string_view name) const;
};

struct PoolReply {
  int status = 200;
  std::string body = {};
  std::string type = "application/json";
  std::string file_name = {};  // of a file to keep; any characters
  bool shown = false;          // the file may open in the browser's window
};
PoolReply json_reply(const base::Json& json, int status = 200);

struct PoolRoute {
  std::string_view method;
  std::string_view pattern;
  net::RouteInfo info;  // without body_bytes_max: kPoolBodyMax
  std::function<base::Result<PoolReply>(const PoolAsk&)> job;
};
inline constexpr std::uint64_t kPoolBodyMax = 64 * 1024;

// The pool and what the jobs hold outlive the router.
void add_pool_routes(net::Router& router, store::WorkerPool& pool, std::vector<PoolRoute> routes);

}  // namespace seine::gateway
