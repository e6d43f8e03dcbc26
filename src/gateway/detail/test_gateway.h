// TestGateway: the routes under test on a real server and a free loopback port, and a client to ask
// them with. Waits in here are bounded by 20 s of the real clock.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/random.h"
#include "gateway/access/guard.h"
#include "gateway/generation/generation.h"
#include "gateway/idempotency.h"
#include "net/client.h"
#include "net/router.h"
#include "net/runtime.h"
#include "net/server.h"
#include "store/database.h"
#include "store/key_value.h"
#include "store/worker_pool.h"

namespace seine::gateway::detail {

class TestGateway {
 public:
  explicit TestGateway(bool open_on_loopback = true)
      : directory_([] {
          std::string pattern = testing::TempDir() + "gateway.XXXXXX";
          return std::string(mkdtemp(pattern.data()));
        }()),
        database(*store::Database::open(directory_ + "/db")),
        records(*store::KeyValue::open(*database, clock)),
        pool(1, 64),
        sessions(*records, clock, random),
        keys(*ApiKeys::open(*database, clock, random)),
        limits(clock),
        idempotency(clock),
        probe(metrics, vllm),
        guard({.open_on_loopback = open_on_loopback},
              {.sessions = sessions, .keys = *keys, .limits = limits, .pool = pool}),
        runtime(2, real_clock) {
    guard.install(router);
  }
  ~TestGateway() {
    server.reset();
    client.reset();
    runtime.stop();
    keys.reset();
    records.reset();
    database.reset();
    std::filesystem::remove_all(directory_);
  }
  TestGateway(const TestGateway&) = delete;
  TestGateway& operator=(const TestGateway&) = delete;

  // After the routes have been installed.
  void start() {
    server = std::make_unique<net::Server>(runtime, net::ServerOptions{}, router.handler());
    const auto bound = server->listen({});
    ASSERT_TRUE(bound) << bound.error().to_string();
    port = *bound;
    client = std::make_unique<net::Client>(runtime, net::ClientOptions{});
  }

  struct Reply {
    int status = 0;
    net::Headers headers = {};
    std::string body = {};

    base::Json json() const {
      auto parsed = base::parse_json(body);
      EXPECT_TRUE(parsed) << body;
      return parsed ? *std::move(parsed) : base::Json::object();
    }
  };
  using Fields = std::vector<std::pair<std::string, std::string>>;

  Reply ask(std::string method, std::string target, std::string body = {}, Fields fields = {}) {
    Reply reply;
    runtime.run(1, [&] {
      return ask_on(std::move(method), std::move(target), std::move(body), std::move(fields), reply,
                    SIZE_MAX);
    });
    return reply;
  }
  // Leaves when so many bytes of the body have come.
  Reply ask_and_leave(std::string target, std::string body, std::size_t bytes) {
    Reply reply;
    runtime.run(
        1, [&] { return ask_on("POST", std::move(target), std::move(body), {}, reply, bytes); });
    return reply;
  }
  Reply post(std::string target, const base::Json& body, Fields fields = {}) {
    return ask("POST", std::move(target), base::to_text(body), std::move(fields));
  }

 private:
  const std::string directory_;

 public:
  base::ManualClock clock;  // of access and records
  base::SystemClock real_clock;
  base::SystemRandom random;
  base::Metrics metrics;
  base::Metrics vllm;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<store::KeyValue> records;
  store::WorkerPool pool;
  Sessions sessions;
  std::unique_ptr<ApiKeys> keys;
  RateLimits limits;
  Idempotency idempotency;
  GenerationProbe probe;
  Guard guard;
  net::Router router;
  net::Runtime runtime;
  std::unique_ptr<net::Server> server;
  std::unique_ptr<net::Client> client;
  std::uint16_t port = 0;

 private:
  boost::asio::awaitable<void> ask_on(std::string method, std::string target, std::string body,
                                      Fields fields, Reply& reply, std::size_t bytes_max) {
    net::ClientRequest request{
        .method = std::move(method),
        .url = *net::parse_url("http://127.0.0.1:" + std::to_string(port) + target),
        .body = std::move(body),
        .deadline = base::Deadline::after(real_clock, std::chrono::seconds(120))};
    for (const auto& [name, value] : fields) request.headers.add(name, value);
    auto response = co_await client->send(std::move(request));
    EXPECT_TRUE(response) << response.error().to_string();
    if (!response) co_return;
    reply.status = response->status();
    reply.headers = response->headers();
    while (reply.body.size() < bytes_max) {
      const auto piece = co_await response->read_some();
      EXPECT_TRUE(piece) << piece.error().to_string();
      if (!piece || piece->empty()) break;
      reply.body += *piece;
    }
  }
};

}  // namespace seine::gateway::detail
