#include "net/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <map>

#include "net/detail/test_certificate.h"
#include "net/detail/test_listener.h"
#include "net/detail/test_server.h"
#include "net/tls.h"

namespace seine::net {
namespace {

using base::Code;
using detail::Latch;
using detail::TestCertificate;
using detail::TestListener;
using detail::TestPeer;
using detail::TestServer;
using ::testing::HasSubstr;

asio::awaitable<void> who(Request& request, Response& response) {
  response.send_text(200, std::string(request.peer()) + " " + std::string(request.authority()));
  co_return;
}
asio::awaitable<void> echo_back(Request& request, Response& response) {
  if (!co_await response.start(200, {})) co_return;
  for (;;) {
    const auto piece = co_await request.read_some();
    if (!piece || piece->empty()) break;
    if (!co_await response.write(*piece)) co_return;
  }
}
asio::awaitable<void> waits(Latch* entered, Request&, Response&) {
  entered->open();
  co_await sleep_for(std::chrono::hours(1));
}

// What a call gave, in one line: the body, or the error.
struct Outcome {
  int status = 0;
  std::string body;
  base::Error error;
};

asio::awaitable<void> call(Client* client, ClientRequest request, Outcome* out) {
  auto response = co_await client->send(std::move(request));
  if (!response) {
    out->error = response.error();
    co_return;
  }
  out->status = response->status();
  auto body = co_await response->read_all();
  if (body) {
    out->body = std::move(*body);
  } else {
    out->error = body.error();
  }
}

asio::awaitable<void> call_and_open(Client* client, ClientRequest request, Outcome* out,
                                    Latch* done) {
  co_await call(client, std::move(request), out);
  done->open();
}

asio::awaitable<base::Result<std::string>> three_pieces(int* next) {
  const int i = (*next)++;
  co_return i < 3 ? std::string(30'000, static_cast<char>('a' + i)) : std::string();
}

struct ClientFixture {
  ClientFixture() : test(routes(&entered)) {}
  static Router routes(Latch* latch) {
    Router router;
    router.add("GET", "/", who);
    router.add("POST", "/echo", echo_back);
    router.add("GET", "/wait", [latch](Request& request, Response& response) {
      return waits(latch, request, response);
    });
    return router;
  }
  ClientRequest request(std::string target, std::string method = "GET") const {
    return {.method = std::move(method),
            .url = {.scheme = "http", .host = "127.0.0.1", .port = test.port, .target = target}};
  }
  Outcome run(Client& client, ClientRequest what) {
    Outcome out;
    test.runtime.run(1, [&] { return call(&client, what, &out); });
    return out;
  }
  Latch entered;
  TestServer test;
};

TEST(Client, KeepsItsConnection) {
  ClientFixture fix;
  Client client(fix.test.runtime, {});
  const Outcome first = fix.run(client, fix.request("/"));
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(fix.run(client, fix.request("/")).body, first.body);  // the same peer port
  fix.test.clock.advance(std::chrono::seconds(31));
  EXPECT_NE(fix.run(client, fix.request("/")).body, first.body);  // kept too long
}

TEST(Client, StreamsBothWays) {
  ClientFixture fix;
  Client client(fix.test.runtime, {});
  ClientRequest request = fix.request("/echo", "POST");
  int next = 0;
  request.body_source = [&next] { return three_pieces(&next); };
  const Outcome out = fix.run(client, std::move(request));
  EXPECT_EQ(out.body,
            std::string(30'000, 'a') + std::string(30'000, 'b') + std::string(30'000, 'c'));
  ClientRequest plain = fix.request("/echo", "POST");
  plain.body = "text";
  EXPECT_EQ(fix.run(client, plain).body, "text");
}

TEST(Client, BoundsWhatItReads) {
  ClientFixture fix;
  Client client(fix.test.runtime, {.limits = {.body_bytes_max = 10}});
  ClientRequest request = fix.request("/echo", "POST");
  request.body = "12345678901";
  EXPECT_EQ(fix.run(client, request).error.code, Code::kResourceExhausted);
}

TEST(Client, ErrorsSayWhat) {
  ClientFixture fix;
  Client refuses(
      fix.test.runtime, {.approve = [](std::string_view address, std::uint16_t, std::string_view) {
        return base::Result<void>(base::fail(Code::kPermissionDenied, "not {}", address));
      }});
  EXPECT_EQ(fix.run(refuses, fix.request("/")).error.message, "not 127.0.0.1");
  Client client(fix.test.runtime, {});
  ClientRequest bad = fix.request("/");
  bad.headers.add("x", "a\r\nb");
  EXPECT_EQ(fix.run(client, bad).error.code, Code::kInvalidArgument);
  fix.test.server.drain(base::Deadline::at(base::TimePoint::min()));
  EXPECT_EQ(fix.run(client, fix.request("/")).error.code, Code::kUnavailable);  // nobody listens
}

TEST(Client, TheFirstByteHasADeadline) {
  ClientFixture fix;
  Client client(fix.test.runtime, {});
  Outcome out;
  Latch done;
  fix.test.runtime.spawn(1,
                         [&] { return call_and_open(&client, fix.request("/wait"), &out, &done); });
  ASSERT_TRUE(fix.entered.wait());
  for (int i = 0; i < 500 && !done.wait_for(std::chrono::milliseconds(20)); ++i) {
    fix.test.clock.advance(std::chrono::seconds(1));
  }
  ASSERT_TRUE(done.wait());
  // The server saw the client leave, and not the other way round.
  EXPECT_EQ(fix.test.probe.finished(1)[0].second, 499);
  EXPECT_EQ(out.error.code, Code::kDeadlineExceeded);
  EXPECT_THAT(out.error.message, HasSubstr("waiting for the response"));
}

TEST(Client, ThroughAProxy) {
  ClientFixture fix;
  const std::string proxy = "http://user:pass@127.0.0.1:" + std::to_string(fix.test.port);
  Client client(fix.test.runtime, {.proxy = {.http = proxy, .https = proxy}});
  // Plain http goes in absolute form: the server sees the authority of the far origin.
  const Outcome plain = fix.run(client, {.url = parse_url("http://far.example/").value()});
  EXPECT_THAT(plain.body, HasSubstr(" far.example"));
  // https asks for a tunnel, which this server does not give.
  const Outcome tunnel = fix.run(client, {.url = parse_url("https://far.example/").value()});
  EXPECT_EQ(tunnel.error.code, Code::kUnavailable);
  EXPECT_THAT(tunnel.error.message, HasSubstr("the proxy refused far.example:443"));
}

constexpr std::string_view kKept = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n";

// Closes the first connection when a second request comes on it.
void serve_one_request_too_few(TestPeer peer, int number) {
  peer.read_until("\r\n\r\n");
  peer.send(std::string(kKept) + std::to_string(number));
  peer.read_until("\r\n\r\n");
}

TEST(Client, AConnectionThatTheServerHadGivenUpIsReplacedOnce) {
  const TestListener listener(serve_one_request_too_few);
  ClientFixture fix;
  Client client(fix.test.runtime, {});
  ClientRequest get{
      .url = {.scheme = "http", .host = "127.0.0.1", .port = listener.port(), .target = "/"}};
  EXPECT_EQ(fix.run(client, get).body, "0");
  EXPECT_EQ(fix.run(client, get).body, "1");  // asked on the first connection, answered on the next
  ClientRequest post = get;
  post.method = "POST";
  post.body = "not to be sent twice";
  EXPECT_EQ(fix.run(client, post).error.code, Code::kDataLoss);
}

// Two calls share one place; the second goes when the first has ended, whichever way it ends.
TEST(Client, AFullPoolServesInTurn) {
  ClientFixture fix;
  Client client(fix.test.runtime, {.limits = {.connections_per_origin_max = 1}});
  Outcome first, second;
  Latch first_done, second_done;
  asio::cancellation_signal leave;
  fix.test.runtime.post(1, [&] {
    asio::co_spawn(fix.test.runtime.context(1),
                   call_and_open(&client, fix.request("/wait"), &first, &first_done),
                   asio::bind_cancellation_slot(leave.slot(), asio::detached));
  });
  ASSERT_TRUE(fix.entered.wait());
  fix.test.runtime.spawn(
      1, [&] { return call_and_open(&client, fix.request("/"), &second, &second_done); });
  // The second waits behind the first: what is posted later runs later, and it has not ended.
  Latch later;
  fix.test.runtime.post(1, [&] { later.open(); });
  ASSERT_TRUE(later.wait());
  EXPECT_FALSE(second_done.wait_for(std::chrono::milliseconds(0)));
  fix.test.runtime.post(1, [&] { leave.emit(asio::cancellation_type::terminal); });
  ASSERT_TRUE(second_done.wait());
  EXPECT_EQ(second.status, 200);
}

// The one that is woken leaves at that moment: the next in the queue must not sleep on.
TEST(Client, AWakeUpThatNobodyUsesIsPassedOn) {
  ClientFixture fix;
  Client client(fix.test.runtime, {.limits = {.connections_per_origin_max = 1}});
  Outcome holder, woken, last;
  Latch holder_done, woken_done, last_done;
  asio::cancellation_signal leave_holder, leave_woken;
  const auto start = [&](std::string target, Outcome* out, Latch* done,
                         asio::cancellation_signal* leave) {
    fix.test.runtime.post(1, [&fix, &client, target, out, done, leave] {
      auto work = call_and_open(&client, fix.request(target), out, done);
      if (leave == nullptr) {
        asio::co_spawn(fix.test.runtime.context(1), std::move(work), asio::detached);
      } else {
        asio::co_spawn(fix.test.runtime.context(1), std::move(work),
                       asio::bind_cancellation_slot(leave->slot(), asio::detached));
      }
    });
  };
  start("/wait", &holder, &holder_done, &leave_holder);
  ASSERT_TRUE(fix.entered.wait());
  start("/", &woken, &woken_done, &leave_woken);
  start("/", &last, &last_done, nullptr);
  fix.test.runtime.post(1, [&] {
    leave_holder.emit(asio::cancellation_type::terminal);
    leave_woken.emit(asio::cancellation_type::terminal);
  });
  ASSERT_TRUE(last_done.wait());
  EXPECT_EQ(last.status, 200);
}

TEST(Client, TlsThroughATunnel) {
  const TestCertificate files("origin");
  auto tls =
      TlsServer::load({.certificate_file = files.certificate_file(), .key_file = files.key_file()});
  ASSERT_TRUE(tls);
  Router router;
  router.add("GET", "/", who);
  TestServer origin(std::move(router), {}, {.tls = *tls});
  std::string asked;
  const TestListener proxy([&](TestPeer peer, int) {
    asked = peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
    TestPeer far(origin.port);
    splice(peer, far);
  });
  ClientFixture fix;
  const auto trust = TlsClient::load({.ca_file = files.certificate_file(), .system_ca = false});
  Client client(fix.test.runtime,
                {.proxy = {.https = "http://me:word@127.0.0.1:" + std::to_string(proxy.port())},
                 .tls = trust.value()});
  const std::string authority = "localhost:" + std::to_string(origin.port);
  EXPECT_THAT(fix.run(client, {.url = parse_url("https://" + authority + "/").value()}).body,
              HasSubstr(authority));
  EXPECT_THAT(asked, HasSubstr("CONNECT " + authority + " HTTP/1.1\r\n"));
  EXPECT_THAT(asked, HasSubstr("proxy-authorization: Basic bWU6d29yZA==\r\n"));
}

TEST(Client, AProxyMaySayNothingInTheOriginsName) {
  const TestListener proxy([](TestPeer peer, int) {
    peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfake");
    peer.at_end();
  });
  ClientFixture fix;
  Client client(fix.test.runtime,
                {.proxy = {.https = "http://127.0.0.1:" + std::to_string(proxy.port())}});
  const Outcome out = fix.run(client, {.url = parse_url("https://far.example/").value()});
  EXPECT_EQ(out.error.code, Code::kDataLoss);
  EXPECT_THAT(out.error.message, HasSubstr("behind its answer to CONNECT"));
}

TEST(ProxyOptions, Choice) {
  std::map<std::string, std::string> environment{{"http_proxy", "http://p:1"},
                                                 {"HTTPS_PROXY", "http://q:2"},
                                                 {"NO_PROXY", "a.b, .c.d,e:8080,*.f"}};
  const auto getenv = [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  };
  const ProxyOptions options = ProxyOptions::from_environment(getenv);
  const auto choose = [&](const char* url) { return options.choose(parse_url(url).value()); };
  EXPECT_EQ(choose("http://x/"), "http://p:1");
  EXPECT_EQ(choose("https://x/"), "http://q:2");
  EXPECT_EQ(choose("http://a.b/"), "");
  EXPECT_EQ(choose("http://x.a.b/"), "");
  EXPECT_EQ(choose("http://xa.b/"), "http://p:1");
  EXPECT_EQ(choose("http://c.d/"), "");
  EXPECT_EQ(choose("http://x.c.d/"), "");
  EXPECT_EQ(choose("http://e/"), "http://p:1");
  EXPECT_EQ(choose("http://e:8080/"), "");
  EXPECT_EQ(choose("http://x.f/"), "");
  environment = {{"HTTP_PROXY", "http://evil"}, {"REQUEST_METHOD", "GET"}};
  EXPECT_EQ(ProxyOptions::from_environment(getenv).http, "");
}

}  // namespace
}  // namespace seine::net
