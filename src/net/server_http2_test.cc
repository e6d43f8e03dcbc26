#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "net/detail/test_peer.h"
#include "net/detail/test_server.h"

namespace seine::net {
namespace {

using detail::Latch;
using detail::TestPeer;
using detail::TestServer;
using ::testing::HasSubstr;

enum : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kRst = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoaway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};
constexpr std::uint8_t kEndStream = 1;
constexpr std::uint8_t kEndHeaders = 4;
// RFC 9113 section 7.
constexpr std::uint32_t kProtocolError = 1, kFlowControlError = 3, kStreamClosed = 5,
                        kFrameSizeError = 6, kCompressionError = 9, kEnhanceYourCalm = 11;

struct Frame {
  std::uint8_t type = 255;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload = {};
};

std::string big_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}
std::uint32_t number(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload) {
  return big_endian(payload.size(), 3) + static_cast<char>(type) + static_cast<char>(flags) +
         big_endian(stream, 4) + std::string(payload);
}

// A literal field without indexing (RFC 7541 section 6.2.2), names and values below 127 bytes.
std::string field(std::string_view name, std::string_view value) {
  std::string out(1, '\0');
  out += static_cast<char>(name.size());
  out += name;
  out += static_cast<char>(value.size());
  out += value;
  return out;
}
std::string head(std::string_view method, std::string_view path) {
  return field(":method", method) + field(":scheme", "http") + field(":path", path) +
         field(":authority", "h");
}

// A peer that has sent its preface and empty settings.
class Http2Peer {
 public:
  explicit Http2Peer(std::uint16_t port) : peer_(port) {
    peer_.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(kSettings, 0, 0, ""));
  }
  bool send(std::string_view bytes) { return peer_.send(bytes); }
  void get(std::uint32_t stream, std::string_view path) {
    send(frame(kHeaders, kEndStream | kEndHeaders, stream, head("GET", path)));
  }
  // The next frame of a type (and stream); type 255 when the connection ended first.
  Frame next(std::uint8_t type, std::optional<std::uint32_t> stream = {}) {
    for (;;) {
      const std::string start = peer_.read_exactly(9);
      if (start.size() < 9) return {};
      Frame got{static_cast<std::uint8_t>(start[3]), static_cast<std::uint8_t>(start[4]),
                number(start.substr(5, 4)), peer_.read_exactly(number(start.substr(0, 3)))};
      if (got.type == type && (!stream || got.stream == *stream)) return got;
    }
  }
  // The body of a response until its end.
  std::string body(std::uint32_t stream) {
    std::string out;
    for (;;) {
      const Frame data = next(kData, stream);
      out += data.payload;
      if (data.type != kData || (data.flags & kEndStream) != 0) return out;
    }
  }
  std::uint32_t goaway_code() {
    const Frame goaway = next(kGoaway);
    return goaway.payload.size() < 8 ? 0xffff : number(goaway.payload.substr(4, 4));
  }
  std::uint32_t reset_code(std::uint32_t stream) {
    const Frame reset = next(kRst, stream);
    return reset.payload.size() < 4 ? 0xffff : number(reset.payload);
  }
  TestPeer& raw() { return peer_; }

 private:
  TestPeer peer_;
};

asio::awaitable<void> http2_hello(Request& request, Response& response) {
  response.send_text(200, "hello " + std::string(request.headers().get("cookie").value_or("")));
  co_return;
}
asio::awaitable<void> early(Request&, Response& response) {
  response.send_text(200, "early");
  co_return;
}
asio::awaitable<void> pours(std::atomic<std::uint64_t>* produced, Response& response) {
  const std::string piece(10'000, 'x');
  if (!co_await response.start(200, {})) co_return;
  while (co_await response.write(piece)) *produced += piece.size();
}
asio::awaitable<void> wait_in(Latch* entered, Latch* cancelled, Request& request) {
  const std::stop_callback callback(request.stop_token(), [cancelled] { cancelled->open(); });
  entered->open();
  co_await sleep_for(std::chrono::hours(1));
}

Router http2_routes() {
  Router router;
  router.add("GET", "/", http2_hello);
  router.add("POST", "/echo", detail::echo_body);
  router.add("POST", "/small", detail::echo_body, {.body_bytes_max = 10});
  router.add("POST", "/early", early);
  return router;
}

TEST(Http2Server, AnswersStreamsOfOneConnection) {
  TestServer test(http2_routes());
  Http2Peer peer(test.port);
  peer.send(frame(kHeaders, kEndStream | kEndHeaders, 1,
                  head("GET", "/") + field("cookie", "a=1") + field("cookie", "b=2")));
  peer.send(frame(kHeaders, kEndHeaders, 3, head("POST", "/echo")));
  peer.send(frame(kData, 0, 3, "ab") + frame(kData, kEndStream, 3, "cd"));
  EXPECT_EQ(peer.body(1), "hello a=1; b=2");
  EXPECT_EQ(peer.body(3), "abcd");
  EXPECT_EQ(test.probe.finished(2).size(), 2U);
}

TEST(Http2Server, AHeadInSeveralFrames) {
  TestServer test(http2_routes());
  Http2Peer peer(test.port);
  const std::string block = head("GET", "/");
  peer.send(frame(kHeaders, kEndStream, 1, block.substr(0, 10)) +
            frame(kContinuation, 0, 1, block.substr(10, 5)) +
            frame(kContinuation, kEndHeaders, 1, block.substr(15)));
  EXPECT_EQ(peer.body(1), "hello ");
}

TEST(Http2Server, ErrorsOfTheConnection) {
  TestServer test(http2_routes());
  const std::string good = frame(kHeaders, kEndStream | kEndHeaders, 1, head("GET", "/"));
  const std::pair<std::string, std::uint32_t> cases[] = {
      {frame(kData, 0, 1, "x"), kProtocolError},  // on an idle stream
      {frame(kHeaders, kEndHeaders, 0, head("GET", "/")), kProtocolError},
      {frame(kHeaders, kEndHeaders, 2, head("GET", "/")), kProtocolError},  // even id
      {frame(kHeaders, kEndHeaders, 1, "\xff\xff\xff\xff\xff"), kCompressionError},
      {frame(kSettings, 0, 0, "12345"), kFrameSizeError},
      {frame(kSettings, 0, 1, ""), kProtocolError},
      {frame(kSettings, 0, 0, big_endian(4, 2) + big_endian(0x80000000U, 4)), kFlowControlError},
      {frame(kSettings, 0, 0, big_endian(5, 2) + big_endian(1, 4)), kProtocolError},
      {frame(kPing, 0, 0, "1234"), kFrameSizeError},
      {frame(kPing, 0, 1, "12345678"), kProtocolError},
      {frame(kWindowUpdate, 0, 0, big_endian(0, 4)), kProtocolError},
      {frame(kWindowUpdate, 0, 0, big_endian(0x7fffffff, 4)), kFlowControlError},
      {frame(kRst, 0, 1, big_endian(8, 4)), kProtocolError},  // idle stream
      {frame(kRst, 0, 0, big_endian(8, 4)), kProtocolError},
      {frame(kPushPromise, kEndHeaders, 1, big_endian(2, 4)), kProtocolError},
      {frame(kContinuation, kEndHeaders, 1, ""), kProtocolError},
      {frame(kHeaders, 0, 1, head("GET", "/")) + frame(kPing, 0, 0, "12345678"), kProtocolError},
      {good + frame(kHeaders, kEndHeaders, 1, head("GET", "/")), kStreamClosed},
      {big_endian(20'000, 3) + std::string("\0\0\0\0\0\1", 6), kFrameSizeError},
  };
  for (const auto& [bytes, code] : cases) {
    Http2Peer peer(test.port);
    peer.send(bytes);
    EXPECT_EQ(peer.goaway_code(), code) << testing::PrintToString(bytes);
    EXPECT_TRUE(peer.raw().at_end());
  }
}

TEST(Http2Server, ErrorsOfAStreamLeaveTheConnection) {
  TestServer test(http2_routes());
  Http2Peer peer(test.port);
  std::uint32_t stream = 1;
  const auto refused = [&](const std::string& block) {
    peer.send(frame(kHeaders, kEndStream | kEndHeaders, stream, block));
    const std::uint32_t code = peer.reset_code(stream);
    stream += 2;
    return code;
  };
  EXPECT_EQ(refused(field(":method", "GET") + field(":path", "/")), kProtocolError);  // no scheme
  EXPECT_EQ(refused(head("GET", "/") + field(":method", "GET")), kProtocolError);
  EXPECT_EQ(refused(head("GET", "")), kProtocolError);
  EXPECT_EQ(refused(field("a", "b") + head("GET", "/")), kProtocolError);
  EXPECT_EQ(refused(head("GET", "/") + field("Upper", "x")), kProtocolError);
  EXPECT_EQ(refused(head("GET", "/") + field("connection", "close")), kProtocolError);
  EXPECT_EQ(refused(head("GET", "/") + field("transfer-encoding", "chunked")), kProtocolError);
  EXPECT_EQ(refused(head("GET", "/") + field("te", "gzip")), kProtocolError);
  EXPECT_EQ(refused(head("POST", "/echo") + field("content-length", "5")), kProtocolError);
  peer.get(stream, "/");
  EXPECT_EQ(peer.body(stream), "hello ");
}

TEST(Http2Server, HeaderAndBodyLimits) {
  ServerLimits limits;
  limits.header_count_max = 20;
  limits.h2_stream_window_bytes = 16;
  TestServer test(http2_routes(), limits);
  Http2Peer peer(test.port);
  peer.next(kSettings);
  peer.send(frame(kSettings, 1, 0, ""));  // the windows below hold from the acknowledgement on
  std::string block = head("GET", "/");
  for (int i = 0; i < 21; ++i) block += field("x", "y");
  peer.send(frame(kHeaders, kEndStream | kEndHeaders, 1, block));
  EXPECT_THAT(peer.body(1), HasSubstr("too many"));
  peer.send(frame(kHeaders, kEndHeaders, 3, head("POST", "/small")));
  peer.send(frame(kData, 0, 3, "12345678901"));
  EXPECT_THAT(peer.body(3), HasSubstr("the limit of 10 bytes"));
  // Past the window that we gave: the peer breaks the rules, not a handler.
  peer.send(frame(kHeaders, kEndHeaders, 5, head("POST", "/echo")));
  peer.send(frame(kData, 0, 5, "12345678901234567"));
  EXPECT_EQ(peer.reset_code(5), kFlowControlError);
}

TEST(Http2Server, AnEarlyAnswerStopsTheUploadWithoutAnError) {
  TestServer test(http2_routes());
  Http2Peer peer(test.port);
  peer.send(frame(kHeaders, kEndHeaders, 1, head("POST", "/early")));
  EXPECT_EQ(peer.body(1), "early");
  EXPECT_EQ(peer.reset_code(1), 0U);
}

TEST(Http2Server, ThePeersWindowHoldsTheProducer) {
  std::atomic<std::uint64_t> produced = 0;
  Router router;
  router.add("GET", "/", [&](Request&, Response& response) { return pours(&produced, response); });
  router.add("GET", "/hello", http2_hello);
  TestServer test(std::move(router));
  Http2Peer peer(test.port);
  peer.get(1, "/");
  std::size_t received = 0;
  while (received < 65'535) received += peer.next(kData, 1).payload.size();
  EXPECT_EQ(received, 65'535U);  // the default window, exactly
  // A HEADERS answer still passes, so the connection is alive while the stream waits.
  peer.send(frame(kPing, 0, 0, "12345678"));
  EXPECT_EQ(peer.next(kPing).payload, "12345678");
  EXPECT_LE(produced, 65'535 + 64 * 1024 + 10'000U);
  peer.send(frame(kWindowUpdate, 0, 0, big_endian(5'000, 4)) +
            frame(kWindowUpdate, 0, 1, big_endian(5'000, 4)));
  received = 0;
  while (received < 5'000) received += peer.next(kData, 1).payload.size();
  EXPECT_EQ(received, 5'000U);
}

TEST(Http2Server, AResetAndADisconnectCancelTheHandler) {
  for (const bool by_reset : {true, false}) {
    Latch entered, cancelled;
    Router router;
    router.add("GET", "/",
               [&](Request& request, Response&) { return wait_in(&entered, &cancelled, request); });
    TestServer test(std::move(router));
    Http2Peer peer(test.port);
    peer.get(1, "/");
    ASSERT_TRUE(entered.wait());
    if (by_reset) {
      peer.send(frame(kRst, 0, 1, big_endian(8, 4)));
    } else {
      peer.raw().close();
    }
    EXPECT_TRUE(cancelled.wait());
    EXPECT_EQ(test.probe.finished(1)[0].second, 499);
  }
}

TEST(Http2Server, FloodsEndTheConnection) {
  TestServer test(http2_routes());
  std::string resets, pings, settings, priorities, empty_data;
  for (std::uint32_t i = 0; i < 1500; ++i) {
    const std::uint32_t id = 2 * i + 1;
    resets += frame(kHeaders, kEndHeaders, id, head("POST", "/echo")) +
              frame(kRst, 0, id, big_endian(8, 4));
    pings += frame(kPing, 0, 0, "12345678");
    settings += frame(kSettings, 0, 0, "");
    priorities += frame(kPriority, 0, 1, big_endian(0, 4) + "x");
    empty_data += frame(kData, 0, 1, "");
  }
  empty_data = frame(kHeaders, kEndHeaders, 1, head("POST", "/echo")) + empty_data;
  for (const std::string& flood : {resets, pings, settings, priorities, empty_data}) {
    Http2Peer peer(test.port);
    peer.send(flood);
    EXPECT_EQ(peer.goaway_code(), kEnhanceYourCalm);
    EXPECT_TRUE(peer.raw().at_end());
  }
}

TEST(Http2Server, StreamsPastTheLimitAreRefused) {
  Latch entered, cancelled;
  Router router;
  router.add("GET", "/",
             [&](Request& request, Response&) { return wait_in(&entered, &cancelled, request); });
  ServerLimits limits;
  limits.h2_streams_max = 2;
  TestServer test(std::move(router), limits);
  Http2Peer peer(test.port);
  for (const std::uint32_t id : {1, 3, 5}) peer.get(id, "/");
  EXPECT_EQ(peer.reset_code(5), 7U);  // REFUSED_STREAM
}

TEST(Http2Server, DrainSaysGoaway) {
  Latch entered, cancelled;
  Router router;
  router.add("GET", "/wait",
             [&](Request& request, Response&) { return wait_in(&entered, &cancelled, request); });
  TestServer test(std::move(router));
  Http2Peer idle(test.port);
  idle.get(1, "/none");
  EXPECT_THAT(idle.body(1), HasSubstr("NOT_FOUND"));
  Http2Peer busy(test.port);
  busy.get(1, "/wait");
  ASSERT_TRUE(entered.wait());
  test.server.drain(base::Deadline::after(test.clock, std::chrono::milliseconds(100)));
  EXPECT_EQ(idle.goaway_code(), 0U);
  EXPECT_TRUE(cancelled.wait());
  EXPECT_EQ(busy.goaway_code(), 0U);
  EXPECT_THAT(busy.body(1), HasSubstr("shutting down"));
  EXPECT_TRUE(busy.raw().at_end());
}

TEST(Http2Server, AnIdleConnectionEndsByTheClock) {
  TestServer test(http2_routes());
  Http2Peer peer(test.port);
  peer.get(1, "/");
  EXPECT_EQ(peer.body(1), "hello ");
  for (int i = 0; i < 1000 && !peer.raw().readable(); ++i) {
    test.clock.advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(peer.goaway_code(), 0U);
  peer.raw().close();
  EXPECT_EQ(test.probe.closed(1)[0], CloseReason::kIdle);
}

}  // namespace
}  // namespace seine::net
