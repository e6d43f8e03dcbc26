#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "net/detail/test_peer.h"
#include "net/detail/test_server.h"
#include "net/sse.h"

namespace seine::net {
namespace {

using detail::Latch;
using detail::TestPeer;
using detail::TestServer;
using ::testing::Contains;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

asio::awaitable<void> http1_hello(Request&, Response& response) {
  response.send_text(200, "hello");
  co_return;
}
asio::awaitable<void> ignores_body(Request&, Response& response) {
  response.send_text(200, "ignored");
  co_return;
}
asio::awaitable<void> streams(Request&, Response& response) {
  if (!co_await response.start(200, Headers{{"content-type", "text/plain"}})) co_return;
  if (!co_await response.write("one")) co_return;
  if (!co_await response.write("")) co_return;
  if (!co_await response.write(std::string(20'000, 'x'))) co_return;
  co_await response.finish(Headers{{"x-sum", "1"}});
}
asio::awaitable<void> throws(Request&, Response&) {
  throw std::runtime_error("a secret of the handler");
  co_return;
}
asio::awaitable<void> silent(Request&, Response&) {
  co_return;
}
asio::awaitable<void> injects(Request&, Response& response) {
  response.send(200,
                Headers{{"x-bad", "a\r\nx-forged: 1"},
                        {"content-length", "999"},
                        {"transfer-encoding", "chunked"},
                        {"x-good", "1"}},
                "ok");
  co_return;
}
asio::awaitable<void> shows(Request& request, Response& response) {
  response.send_text(200, std::string(request.method()) + " " + std::string(request.path()) + " " +
                              std::string(request.query().get("q").value_or("-")) + " " +
                              std::string(request.authority()) + " " + request.trace().trace_id);
  co_return;
}

Router http1_routes() {
  Router router;
  router.add("GET", "/", http1_hello);
  router.add("POST", "/echo", detail::echo_body);
  router.add("POST", "/small", detail::echo_body, {.body_bytes_max = 10});
  router.add("POST", "/ignore", ignores_body);
  router.add("GET", "/stream", streams);
  router.add("GET", "/throw", throws);
  router.add("GET", "/silent", silent);
  router.add("GET", "/inject", injects);
  router.add("GET", "/show", shows);
  return router;
}

TEST(Http1Server, KeepsAliveAndAnswersPipelinedRequestsInOrder) {
  TestServer test(http1_routes());
  TestPeer peer(test.port);
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer.read_response(),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), EndsWith("\r\n\r\nhello"),
                    Not(HasSubstr("connection:"))));
  std::string many;
  for (int i = 0; i < 50; ++i) {
    const std::string body = "body" + std::to_string(i);
    many += "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body;
  }
  peer.send(many);
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(peer.read_response(), EndsWith("\r\n\r\nbody" + std::to_string(i)));
  }
  peer.send("\r\nGET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(peer.read_all(), AllOf(HasSubstr("connection: close\r\n"), EndsWith("hello")));
}

TEST(Http1Server, OneByteAtATime) {
  TestServer test(http1_routes());
  TestPeer peer(test.port);
  const std::string text =
      "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: "
      "u\r\n\r\n";
  for (const char& byte : text) peer.send({&byte, 1});
  EXPECT_THAT(peer.read_response(), EndsWith("\r\n\r\nabcde"));
}

TEST(Http1Server, StreamsChunkedWithTrailersAndUntilCloseForOldClients) {
  TestServer test(http1_routes());
  TestPeer peer(test.port);
  peer.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer.read_until("\r\n\r\n"), HasSubstr("transfer-encoding: chunked\r\n"));
  EXPECT_EQ(peer.read_until("x-sum: 1\r\n\r\n"),
            "3\r\none\r\n4e20\r\n" + std::string(20'000, 'x') + "\r\n0\r\nx-sum: 1\r\n\r\n");
  peer.send("GET /stream HTTP/1.0\r\n\r\n");
  const std::string old = peer.read_all();
  EXPECT_THAT(old, AllOf(Not(HasSubstr("transfer-encoding")), HasSubstr("connection: close\r\n")));
  EXPECT_THAT(old, EndsWith("\r\n\r\none" + std::string(20'000, 'x')));
}

TEST(Http1Server, HeadAndOptionsAndMissing) {
  TestServer test(http1_routes());
  TestPeer peer(test.port);
  peer.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\nHEAD /stream HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer.read_until("\r\n\r\n"), HasSubstr("content-length: 5\r\n"));
  EXPECT_THAT(peer.read_until("\r\n\r\n"), HasSubstr("200 OK"));
  peer.send("OPTIONS /echo HTTP/1.1\r\nHost: h\r\n\r\nDELETE /echo HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer.read_until("\r\n\r\n"),
              AllOf(HasSubstr("204 No Content"), HasSubstr("allow: OPTIONS, POST\r\n"),
                    Not(HasSubstr("content-length"))));
  EXPECT_THAT(peer.read_response(),
              AllOf(HasSubstr("405 "), HasSubstr("allow: OPTIONS, POST\r\n")));
  peer.send("GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer.read_response(), AllOf(HasSubstr("404 "), HasSubstr("\"NOT_FOUND\"")));
  peer.send(
      "GET /show?q=a%20b HTTP/1.1\r\nHost: h:9\r\ntraceparent: "
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n");
  EXPECT_THAT(peer.read_response(), EndsWith("GET /show a b h:9 0af7651916cd43dd8448eb211c80319c"));
}

TEST(Http1Server, ExpectContinue) {
  TestServer test(http1_routes());
  TestPeer peer(test.port);
  peer.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(peer.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("abc");
  EXPECT_THAT(peer.read_response(), EndsWith("abc"));
  // Refused unread: the final status comes instead, and the connection cannot go on.
  peer.send(
      "POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(peer.read_all(), AllOf(HasSubstr("413 "), HasSubstr("connection: close")));
}

TEST(Http1Server, BodyLimits) {
  TestServer test(http1_routes());
  TestPeer peer(test.port);
  peer.send("POST /small HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n12345678901");
  EXPECT_THAT(peer.read_response(), AllOf(HasSubstr("413 "), HasSubstr("the limit is 10")));
  peer.send("POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n12345678901");
  EXPECT_THAT(peer.read_response(), EndsWith("ignored"));
  peer.send(
      "POST /small HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n");
  EXPECT_THAT(peer.read_all(), HasSubstr("413 "));
}

TEST(Http1Server, BrokenBodies) {
  TestServer test(http1_routes());
  TestPeer chunked(test.port);
  chunked.send("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  EXPECT_THAT(chunked.read_all(), HasSubstr("400 Bad Request"));
  TestPeer cut(test.port);
  cut.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc");
  cut.close();
  EXPECT_EQ(test.probe.finished(2)[1].second, 499);
}

TEST(Http1Server, MalformedRequestsAreAnsweredAndClosed) {
  TestServer test(http1_routes());
  const std::pair<const char*, const char*> cases[] = {
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"GET / HTTP/1.1\nHost: h\n\n", "400"},
      {"GET / HTTP/3.0\r\nHost: h\r\n\r\n", "505"},
      {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       "400"},
      {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", "501"},
      {"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", "400"},
      {"\x16\x03\x01\x02\x01\n", "400"},
      {"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "505"},
  };
  for (const auto& [text, status] : cases) {
    TestPeer peer(test.port);
    peer.send(text);
    EXPECT_THAT(peer.read_all(), StartsWith(std::string("HTTP/1.1 ") + status)) << text;
  }
  TestPeer peer(test.port);
  peer.send("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer.read_all(), StartsWith("HTTP/1.1 414"));
  TestPeer large(test.port);
  large.send("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(70'000, 'a') + "\r\n\r\n");
  EXPECT_THAT(large.read_all(), StartsWith("HTTP/1.1 431"));
}

TEST(Http1Server, HandlerFailuresAre500WithTheRequestIdAndNoSecrets) {
  TestServer test(http1_routes());
  TestPeer peer(test.port);
  peer.send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\nGET /silent HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer.read_response(), AllOf(HasSubstr("500 "), HasSubstr("\"request_id\":\"req_"),
                                          Not(HasSubstr("secret"))));
  EXPECT_THAT(peer.read_response(), HasSubstr("500 "));
  EXPECT_EQ(test.probe.failures(2)[0], "a secret of the handler");
}

TEST(Http1Server, FramingFieldsOfAHandlerAreOverruled) {
  TestServer test(http1_routes());
  TestPeer peer(test.port);
  peer.send("GET /inject HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer.read_response(),
              AllOf(HasSubstr("x-good: 1"), HasSubstr("content-length: 2\r\n"),
                    Not(HasSubstr("forged")), Not(HasSubstr("chunked"))));
}

TEST(Http1Server, TimeoutsByTheClock) {
  TestServer test(http1_routes());
  TestPeer idle(test.port);
  idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  idle.read_response();
  TestPeer slow(test.port);
  slow.send("GET / HT");
  TestPeer body(test.port);
  body.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
  body.read_until("\r\n\r\n");  // the handler is in its read now
  // A deadline counts from when the server gets to it, so time goes on until each peer hears of its
  // own.
  for (const TestPeer* peer : {&slow, &body, &idle}) {
    for (int i = 0; i < 1000 && !peer->readable(); ++i) test.clock.advance(std::chrono::seconds(1));
  }
  EXPECT_THAT(slow.read_all(), HasSubstr("408 "));
  EXPECT_THAT(body.read_all(), HasSubstr("408 "));
  EXPECT_EQ(idle.read_all(), "");
  slow.close();
  body.close();
  EXPECT_THAT(
      test.probe.closed(3),
      UnorderedElementsAre(CloseReason::kSlowHeader, CloseReason::kSlowBody, CloseReason::kIdle));
}

struct Waiting {
  Latch entered;
  Latch cancelled;
};

// Waits until somebody cancels, and says so.
asio::awaitable<void> wait_in(Waiting* state, Request& request, Response& response, bool stream) {
  const std::stop_callback callback(request.stop_token(), [state] { state->cancelled.open(); });
  if (stream && !co_await response.start(200, {})) co_return;
  state->entered.open();
  co_await sleep_for(std::chrono::hours(1));
}

Router waiting_routes(Waiting* state) {
  Router router;
  router.add("GET", "/wait", [state](Request& request, Response& response) {
    return wait_in(state, request, response, false);
  });
  router.add("GET", "/stream", [state](Request& request, Response& response) {
    return wait_in(state, request, response, true);
  });
  return router;
}

TEST(Http1Server, ADisconnectCancelsTheHandler) {
  for (const char* path : {"/wait", "/stream"}) {
    Waiting state;
    TestServer test(waiting_routes(&state));
    TestPeer peer(test.port);
    peer.send(std::string("GET ") + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(state.entered.wait());
    peer.close();
    EXPECT_TRUE(state.cancelled.wait());
    EXPECT_EQ(test.probe.finished(1)[0].second, 499);
  }
}

TEST(Http1Server, TheRequestDeadlineCancelsWith504) {
  Waiting state;
  TestServer test(waiting_routes(&state));
  TestPeer peer(test.port);
  peer.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(state.entered.wait());
  test.clock.advance(std::chrono::seconds(601));
  EXPECT_THAT(peer.read_response(), HasSubstr("504 "));
  EXPECT_TRUE(state.cancelled.wait());
}

asio::awaitable<void> pours(std::atomic<std::uint64_t>* produced, Latch* stopped,
                            Response& response) {
  const std::string piece(64 * 1024, 'x');
  if (!co_await response.start(200, {})) co_return;
  while (co_await response.write(piece)) *produced += piece.size();
  stopped->open();
}

TEST(Http1Server, ASlowReaderHoldsTheProducerAndIsCutByTheClock) {
  std::atomic<std::uint64_t> produced = 0;
  Latch stopped;
  Router router;
  router.add("GET", "/",
             [&](Request&, Response& response) { return pours(&produced, &stopped, response); });
  TestServer test(std::move(router));
  TestPeer peer(test.port, 4096);
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer.read_until("\r\n\r\n"), HasSubstr("200 OK"));
  // Not another byte is read. Another request proves that the server lives on meanwhile.
  TestPeer other(test.port);
  other.send("GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(other.read_response(), HasSubstr("404"));
  // Each wait for the socket sets its deadline anew, so time goes on until the producer gives up;
  // not so fast that the deadline of the whole request comes first.
  for (int i = 0; i < 500 && !stopped.wait_for(std::chrono::milliseconds(20)); ++i) {
    test.clock.advance(std::chrono::seconds(1));
  }
  EXPECT_LT(produced, 64U << 20);  // what the kernel's buffers took, and no more
  // The other connection may have become idle by then.
  peer.close();
  other.close();
  EXPECT_THAT(test.probe.closed(2), Contains(CloseReason::kSlowReader));
}

TEST(Http1Server, DrainLetsRunningRequestsEndAndCancelsTheRest) {
  Waiting state;
  TestServer test(waiting_routes(&state));
  TestPeer idle(test.port);
  idle.send("GET /none HTTP/1.1\r\nHost: h\r\n\r\n");
  idle.read_response();
  TestPeer busy(test.port);
  busy.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(state.entered.wait());
  test.server.drain(base::Deadline::after(test.clock, std::chrono::milliseconds(100)));
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_THAT(busy.read_all(), HasSubstr("503 "));
  EXPECT_EQ(test.server.connections(), 0U);
  EXPECT_FALSE(TestPeer(test.port).connected());
}

TEST(Http1Server, ConnectionsPastTheLimitAreRefusedAtOnce) {
  ServerLimits limits;
  limits.connections_max = 1;
  TestServer test(http1_routes(), limits);
  TestPeer first(test.port);
  first.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  first.read_response();
  TestPeer second(test.port);
  EXPECT_THAT(second.read_all(), AllOf(HasSubstr("503"), HasSubstr("retry-after: 1")));
  first.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(first.read_response(), EndsWith("hello"));
}

}  // namespace
}  // namespace seine::net
