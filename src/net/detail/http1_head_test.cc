#include "net/detail/http1_head.h"

#include <gtest/gtest.h>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/random.h"

namespace seine::net::detail {
namespace {

// The status that a request gets from us: 0 for a good one.
int judge(std::string_view text, RequestHead& head, HeadLimits limits = {}) {
  HeadScanner scanner;
  const HeadScanner::Outcome found = scanner.scan(text, limits);
  if (found.fault) return found.fault.status;
  if (found.size == 0) return -1;
  return parse_request_head(text.substr(0, found.size), limits, head).status;
}
int judge(std::string_view text) {
  RequestHead head;
  return judge(text, head);
}

TEST(RequestHead, Parts) {
  RequestHead head;
  ASSERT_EQ(
      judge("POST /a?b HTTP/1.1\r\nHost: h:1\r\nContent-Length: 12\r\nX:  y \t\r\n\r\n", head), 0);
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/a?b");
  EXPECT_EQ(head.authority, "h:1");
  EXPECT_EQ(head.framing, Framing::kLength);
  EXPECT_EQ(head.content_length, 12U);
  EXPECT_EQ(head.headers.get("x"), "y");
  EXPECT_TRUE(head.keep_alive);
  ASSERT_EQ(judge("GET http://o/p HTTP/1.1\r\nHost: h\r\nConnection: x, close\r\n\r\n", head), 0);
  EXPECT_EQ(head.target, "/p");
  EXPECT_EQ(head.authority, "o");
  EXPECT_FALSE(head.keep_alive);
  ASSERT_EQ(judge("GET / HTTP/1.0\r\n\r\n", head), 0);
  EXPECT_FALSE(head.keep_alive);
  ASSERT_EQ(judge("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", head), 0);
  EXPECT_TRUE(head.keep_alive);
  ASSERT_EQ(judge("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", head), 0);
  EXPECT_EQ(head.target, "*");
}

TEST(RequestHead, WhatIsRefused) {
  const auto with = [](std::string_view fields) {
    return judge("POST / HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n");
  };
  EXPECT_EQ(with(""), 0);
  // Request smuggling: anything two readers may frame in two ways.
  EXPECT_EQ(with("Content-Length: 1\r\nContent-Length: 1\r\n"), 400);
  EXPECT_EQ(with("Content-Length: 1, 1\r\n"), 400);
  EXPECT_EQ(with("Content-Length: +1\r\n"), 400);
  EXPECT_EQ(with("Content-Length: 0x1\r\n"), 400);
  EXPECT_EQ(with("Content-Length: 9223372036854775808\r\n"), 400);
  EXPECT_EQ(with("Content-Length: \r\n"), 400);
  EXPECT_EQ(with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(with("Transfer-Encoding: gzip, chunked\r\n"), 501);
  EXPECT_EQ(with("Transfer-Encoding: xchunked\r\n"), 501);
  EXPECT_EQ(with("Transfer-Encoding : chunked\r\n"), 400);
  EXPECT_EQ(with("Transfer-Encoding\t: chunked\r\n"), 400);
  EXPECT_EQ(with("X: a\r\n b\r\n"), 400);
  EXPECT_EQ(with(" X: a\r\n"), 400);
  EXPECT_EQ(with("X: a\nY: b\r\n"), 400);
  EXPECT_EQ(with("X: a\rb\r\n"), 400);
  EXPECT_EQ(with(std::string_view("X: a\0b\r\n", 8)), 400);
  EXPECT_EQ(with("X\r\n"), 400);
  EXPECT_EQ(with(": x\r\n"), 400);
  EXPECT_EQ(with("Host: i\r\n"), 400);
  EXPECT_EQ(with("Expect: magic\r\n"), 417);
  EXPECT_EQ(judge("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(judge("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
  EXPECT_EQ(judge("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(judge("GET  / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(judge("GET x HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(judge("G(T / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(judge("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(judge("GET / http/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(judge("GET /\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(judge("\n"), 400);
}

TEST(RequestHead, Limits) {
  HeadLimits limits{.target_bytes_max = 100, .header_bytes_max = 400, .header_count_max = 4};
  RequestHead head;
  const auto path = [&](std::size_t size) {
    return judge("GET /" + std::string(size - 1, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", head,
                 limits);
  };
  EXPECT_EQ(path(100), 0);
  EXPECT_EQ(path(101), 414);
  EXPECT_EQ(judge("GET /" + std::string(300, 'a'), head, limits), 414);
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\n";
  EXPECT_EQ(judge(start + "A: 1\r\nB: 1\r\nC: 1\r\n\r\n", head, limits), 0);
  EXPECT_EQ(judge(start + "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n\r\n", head, limits), 431);
  EXPECT_EQ(judge(start + "A: " + std::string(400, 'x') + "\r\n\r\n", head, limits), 431);
  EXPECT_EQ(judge(start + "A: " + std::string(600, 'x'), head, limits), 431);
}

TEST(HeadScanner, AnyCutGivesTheSame) {
  const std::string text = "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\nrest";
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    HeadScanner scanner;
    std::size_t found = 0;
    for (std::size_t size = cut; found == 0 && size <= text.size() + cut; size += cut) {
      const auto outcome = scanner.scan(std::string_view(text).substr(0, size), {});
      ASSERT_FALSE(outcome.fault);
      found = outcome.size;
    }
    EXPECT_EQ(found, text.size() - 4);
  }
}

// Beast is the independent reader: what we take as a request, it takes too, with the same framing.
TEST(RequestHead, WhatWeAcceptBeastReadsTheSame) {
  namespace http = boost::beast::http;
  constexpr std::string_view kPieces[] = {"GET",
                                          "POST",
                                          " ",
                                          "/",
                                          "/a?b",
                                          " HTTP/1.1",
                                          "\r\n",
                                          "Host: h",
                                          "Content-Length: 3",
                                          "Transfer-Encoding: chunked",
                                          "X: y",
                                          "Connection: close",
                                          "\r\n\r\n",
                                          ":",
                                          "\t",
                                          "a"};
  base::SeededRandom random(11);
  int accepted = 0;
  for (int i = 0; i < 60'000; ++i) {
    std::string text = random.below(8) == 0 ? "" : "POST / HTTP/1.1\r\nHost: h\r\n";
    for (std::uint64_t n = random.below(7); n > 0; --n) {
      text += kPieces[random.below(std::size(kPieces))];
      if (random.below(2) == 0) text += "\r\n";
    }
    text += "\r\n\r\n";
    RequestHead head;
    HeadScanner scanner;
    const auto found = scanner.scan(text, {});
    if (found.fault || found.size == 0) continue;
    if (parse_request_head(std::string_view(text).substr(0, found.size), {}, head)) continue;
    if (head.method != "POST" && head.method != "GET") continue;
    ++accepted;
    http::request_parser<http::string_body> beast;
    boost::system::error_code error;
    beast.eager(false);
    beast.put(boost::asio::buffer(text.data(), found.size), error);
    // Beast also judges the list syntax of Connection, which frames nothing.
    if (error == http::error::bad_value && head.headers.contains("connection")) continue;
    ASSERT_FALSE(error) << error.message() << "\n" << text;
    ASSERT_TRUE(beast.is_header_done()) << text;
    EXPECT_EQ(beast.chunked(), head.framing == Framing::kChunked) << text;
    EXPECT_EQ(beast.content_length().value_or(0), head.content_length) << text;
    EXPECT_EQ(beast.keep_alive(), head.keep_alive) << text;
  }
  EXPECT_GT(accepted, 1000);
}

TEST(ResponseHead, Framing) {
  ResponseHead head;
  const auto parse = [&](std::string_view text, bool to_head = false) {
    return parse_response_head(text, {}, to_head, head).status;
  };
  ASSERT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), 0);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.framing, Framing::kLength);
  ASSERT_EQ(parse("HTTP/1.1 200\r\n\r\n"), 0);
  EXPECT_EQ(head.framing, Framing::kUntilClose);
  EXPECT_FALSE(head.keep_alive);
  ASSERT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true), 0);
  EXPECT_EQ(head.framing, Framing::kNone);
  EXPECT_TRUE(head.keep_alive);
  ASSERT_EQ(parse("HTTP/1.1 204 No\r\n\r\n"), 0);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_NE(parse("HTTP/1.1 2x0 OK\r\n\r\n"), 0);
  EXPECT_NE(parse("HTTP/1.1 200OK\r\n\r\n"), 0);
  EXPECT_NE(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), 0);
}

}  // namespace
}  // namespace seine::net::detail
