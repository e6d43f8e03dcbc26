// A small server on seine::net for tests with real peers and for the benchmark: prints its ports,
// one "name port" a line, and serves until standard input ends. Arguments: --threads N, --tls CERT
// KEY,
// --idle-ms N.
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/text.h"
#include "net/request.h"
#include "net/response.h"
#include "net/router.h"
#include "net/runtime.h"
#include "net/server.h"
#include "net/sse.h"
#include "net/tls.h"
#include "net/websocket.h"

namespace {

using namespace seine;
using net::asio::awaitable;

awaitable<void> hello(net::Request&, net::Response& response) {
  response.send_text(200, "Hello, world!");
  co_return;
}

awaitable<void> echo(net::Request& request, net::Response& response) {
  const auto body = co_await request.read_all();
  if (!body) {
    response.send_error(body.error());
    co_return;
  }
  response.send(200, net::Headers{{"content-type", "application/octet-stream"}}, *body);
}

// The body comes back while it is still arriving.
awaitable<void> echo_stream(net::Request& request, net::Response& response) {
  if (!co_await response.start(200, net::Headers{{"content-type", "application/octet-stream"}})) {
    co_return;
  }
  for (;;) {
    const auto piece = co_await request.read_some();
    if (!piece || piece->empty()) break;
    if (!co_await response.write(*piece)) co_return;
  }
  co_await response.finish({});
}

// ?bytes=N of zeros, in pieces.
awaitable<void> bytes(net::Request& request, net::Response& response) {
  const std::uint64_t total =
      base::parse_u64(request.query().get("bytes").value_or("")).value_or(0);
  if (!co_await response.start(200, net::Headers{{"content-type", "application/octet-stream"}})) {
    co_return;
  }
  const std::string piece(16 * 1024, '0');
  for (std::uint64_t sent = 0; sent < total;) {
    const std::size_t size = std::min<std::uint64_t>(piece.size(), total - sent);
    if (!co_await response.write(std::string_view(piece).substr(0, size))) co_return;
    sent += size;
  }
}

awaitable<void> events(net::Request& request, net::Response& response) {
  const std::uint64_t count =
      base::parse_u64(request.query().get("count").value_or("")).value_or(3);
  net::SseWriter writer(response);
  if (!co_await writer.start()) co_return;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!co_await writer.event({.event = "tick", .data = std::to_string(i)})) co_return;
  }
  co_await writer.done();
}

// One event, then silence with a comment now and then, until the peer leaves.
awaitable<void> silence(net::Request&, net::Response& response) {
  net::SseWriter writer(response);
  if (!co_await writer.start()) co_return;
  if (!co_await writer.event({.event = "tick", .data = "0"})) co_return;
  while (co_await net::sleep_for(std::chrono::seconds(10))) {
    if (!co_await writer.keep_alive()) co_return;
  }
}

awaitable<void> headers(net::Request& request, net::Response& response) {
  std::string text(request.method());
  text.append(" ").append(request.target()).append("\n");
  for (const net::Headers::Field field : request.headers()) {
    text.append(field.name).append(": ").append(field.value).append("\n");
  }
  response.send_text(200, std::move(text));
  co_return;
}

awaitable<void> socket_echo(net::Request& request, net::Response& response) {
  auto accepted = co_await net::WebSocket::accept(request, response);
  if (!accepted) {
    response.send_error(accepted.error());
    co_return;
  }
  for (;;) {
    const auto message = co_await accepted->read();
    if (!message) co_return;
    const auto sent = message->text ? co_await accepted->send_text(message->data)
                                    : co_await accepted->send_binary(message->data);
    if (!sent) co_return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t threads = 1;
  net::ServerOptions options;
  net::TlsServerOptions tls_files;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--threads" && i + 1 < argc) {
      threads = base::parse_u64(argv[++i]).value_or(1);
    } else if (flag == "--idle-ms" && i + 1 < argc) {
      options.limits.idle_timeout =
          std::chrono::milliseconds(base::parse_i64(argv[++i]).value_or(75'000));
    } else if (flag == "--tls" && i + 2 < argc) {
      tls_files.certificate_file = argv[++i];
      tls_files.key_file = argv[++i];
    } else {
      std::fprintf(stderr, "unknown argument %s\n", argv[i]);
      return 2;
    }
  }
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  options.limits.connections_max = 20'000;

  net::Router router;
  router.add("GET", "/", hello);
  router.add("POST", "/echo", echo);
  router.add("POST", "/echo-stream", echo_stream);
  router.add("GET", "/bytes", bytes);
  router.add("GET", "/events", events);
  router.add("GET", "/headers", headers);
  router.add("GET", "/silence", silence);
  router.add("GET", "/socket", socket_echo);

  const base::SystemClock clock;
  net::Runtime runtime(threads, clock);
  net::Server server(runtime, options, router.handler());
  const auto plain = server.listen({});
  if (!plain) {
    std::fprintf(stderr, "%s\n", plain.error().to_string().c_str());
    return 1;
  }
  std::printf("http %d\n", *plain);
  if (!tls_files.key_file.empty()) {
    auto tls = net::TlsServer::load(tls_files);
    if (!tls) {
      std::fprintf(stderr, "%s\n", tls.error().to_string().c_str());
      return 1;
    }
    net::ListenOptions secure;
    secure.tls = *tls;
    const auto port = server.listen(secure);
    if (!port) return 1;
    std::printf("https %d\n", *port);
  }
  std::printf("ready\n");
  std::fflush(stdout);
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  server.drain(base::Deadline::after(clock, std::chrono::seconds(5)));
  return 0;
}
