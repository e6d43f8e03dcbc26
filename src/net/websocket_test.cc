#include "net/websocket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>

#include "net/detail/test_peer.h"
#include "net/detail/test_server.h"

namespace seine::net {
namespace {

namespace websocket = boost::beast::websocket;
using detail::TestPeer;
using detail::TestServer;
using ::testing::HasSubstr;

asio::awaitable<void> ws_echo(Request& request, Response& response) {
  auto socket = co_await WebSocket::accept(request, response, {.message_bytes_max = 100'000});
  if (!socket) {
    response.send(426, Headers{{"content-type", "text/plain"}}, socket.error().message);
    co_return;
  }
  for (;;) {
    const auto message = co_await socket->read();
    if (!message) co_return;
    if (message->data == "close") {
      co_await socket->close(4000, "asked");
      co_return;
    }
    if (!co_await socket->send_text(message->data)) co_return;
  }
}

Router ws_routes() {
  Router router;
  router.add("GET", "/", ws_echo);
  return router;
}

// Beast is the independent client.
struct BeastClient {
  explicit BeastClient(std::uint16_t port) {
    stream.next_layer().connect({asio::ip::address_v4::loopback(), port});
    stream.handshake("localhost", "/");
  }
  std::string round(const std::string& text) {
    stream.write(asio::buffer(text));
    boost::beast::flat_buffer buffer;
    stream.read(buffer);
    return {static_cast<const char*>(buffer.data().data()), buffer.size()};
  }
  asio::io_context context;
  websocket::stream<asio::ip::tcp::socket> stream{context};
};

TEST(WebSocket, SpeaksWithAnIndependentClient) {
  TestServer test(ws_routes());
  BeastClient client(test.port);
  EXPECT_EQ(client.round("hello"), "hello");
  client.stream.ping({});
  client.stream.write_buffer_bytes(16);  // many fragments
  client.stream.auto_fragment(true);
  EXPECT_EQ(client.round(std::string(90'000, 'x')), std::string(90'000, 'x'));
  client.stream.close(websocket::close_code::normal);
  EXPECT_EQ(test.probe.closed(1).size(), 1U);
}

TEST(WebSocket, ClosesForTheServerAndForFaults) {
  TestServer test(ws_routes());
  const auto close_code = [&](const std::string& text) {
    BeastClient client(test.port);
    boost::system::error_code error;
    client.stream.write(asio::buffer(text), error);
    boost::beast::flat_buffer buffer;
    client.stream.read(buffer, error);
    EXPECT_EQ(error, websocket::error::closed);
    return client.stream.reason().code;
  };
  EXPECT_EQ(close_code("close"), 4000);
  EXPECT_EQ(close_code(std::string(100'001, 'x')), 1009);
  EXPECT_EQ(close_code("\xff"), 1007);
}

TEST(WebSocket, ASilentPeerIsPingedAndThenLeft) {
  TestServer test(ws_routes());
  TestPeer peer(test.port);
  peer.send(
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_THAT(peer.read_until("\r\n\r\n"), HasSubstr("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
  const auto pass_time = [&] {
    for (int i = 0; i < 500 && !peer.readable(); ++i) test.clock.advance(std::chrono::seconds(1));
  };
  pass_time();
  EXPECT_EQ(peer.read_exactly(2), std::string("\x89\0", 2));
  pass_time();
  EXPECT_EQ(peer.read_exactly(4).substr(2), "\x03\xe9");  // 1001
  EXPECT_TRUE(peer.at_end());
}

TEST(WebSocket, WhatIsNoUpgradeIsAnswered) {
  TestServer test(ws_routes());
  TestPeer peer(test.port);
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(peer.read_response(), HasSubstr("426 "));
  peer.send(
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n");
  EXPECT_THAT(peer.read_response(), HasSubstr("426 "));
}

}  // namespace
}  // namespace seine::net
