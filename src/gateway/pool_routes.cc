#include "gateway/pool_routes.h"

#include <memory>

#include "base/json.h"
#include "gateway/api_error.h"
#include "gateway/reader_language.h"
#include "net/on_pool.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway {
namespace {

namespace asio = boost::asio;

using base::Result;
using Job = std::function<Result<PoolReply>(const PoolAsk&)>;

// RFC 6266: a name with other characters than a token's is percent-encoded UTF-8.
std::string disposition(const PoolReply& reply) {
  const std::string encoded = net::percent_encode(reply.file_name);
  const std::string name =
      encoded == reply.file_name ? "filename=" + encoded : "filename*=UTF-8''" + encoded;
  return (reply.shown ? "inline; " : "attachment; ") + name;
}

asio::awaitable<void> serve(net::Request& request, net::Response& response, store::WorkerPool& pool,
                            std::shared_ptr<const Job> job) {
  PoolAsk ask{.id = std::string(request.param("id")),
              .message_id = std::string(request.param("message_id")),
              .hash = std::string(request.param("hash")),
              .query = request.query(),
              .language = reader_language(request),
              .body = {}};
  Result<std::string> body = co_await request.read_all();
  if (!body) {
    send_api_error(request, response, body.error());
    co_return;
  }
  ask.body = *std::move(body);
  const Result<PoolReply> reply =
      co_await net::on_pool<PoolReply>(pool, [job, ask = std::move(ask)] { return (*job)(ask); });
  if (!reply) {
    send_api_error(request, response, reply.error());
    co_return;
  }
  net::Headers headers{{"cache-control", "no-store"}};
  if (!reply->body.empty()) headers.add("content-type", reply->type);
  if (!reply->file_name.empty()) {
    headers.add("content-disposition", disposition(*reply));
    headers.add("x-content-type-options", "nosniff");
  }
  // A file is what was kept; anything else may tell a failure, in the reader's language.
  response.send(
      reply->status, std::move(headers),
      reply->file_name.empty() ? spoken(reply->body, reader_language(request)) : reply->body);
}

}  // namespace

std::string PoolAsk::text(std::string_view name) const {
  return std::string(query.get(name).value_or(""));
}

PoolReply json_reply(const base::Json& json, int status) {
  return {.status = status, .body = base::to_text(json)};
}

void add_pool_routes(net::Router& router, store::WorkerPool& pool, std::vector<PoolRoute> routes) {
  for (PoolRoute& route : routes) {
    if (!route.info.body_bytes_max) route.info.body_bytes_max = kPoolBodyMax;
    router.add(
        std::string(route.method), std::string(route.pattern),
        [&pool, job = std::make_shared<const Job>(std::move(route.job))](net::Request& request,
                                                                         net::Response& response) {
          return serve(request, response, pool, job);
        },
        std::move(route.info));
  }
}

}  // namespace seine::gateway
