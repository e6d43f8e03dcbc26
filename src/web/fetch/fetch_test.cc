// The network half against real, often hostile, servers on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#define ZLIB_CONST
#include <zlib.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <optional>

#include "base/random.h"
#include "net/runtime.h"
#include "web/detail/raw_server.h"
#include "web/detail/task_group.h"
#include "web/fetch/curl_transport.h"
#include "web/fetch/fetcher.h"
#include "web/fetch/polite_transport.h"
#include "web/fetch/refresh.h"
#include "web/fetch/robots_cache.h"
#include "web/fetch/test_codings.h"

namespace seine::web {
namespace {

using asio::awaitable;
using detail::RawServer;
using detail::tcp;

std::string gzip_of(std::string_view bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<z_const Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string deflate_of(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  EXPECT_EQ(compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                      reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 9),
            Z_OK);
  out.resize(size);
  return out;
}

// A byte now and then, for ever: never idle for long, never at an end.
awaitable<void> trickle(tcp::socket& socket, std::string start) {
  co_await RawServer::say(socket, std::move(start));
  while (true) {
    co_await RawServer::say(socket, "x");
    co_await net::sleep_for(std::chrono::milliseconds(20));
  }
}

// Never answers; ends when the peer goes away.
awaitable<void> hold(tcp::socket& socket) {
  char byte = 0;
  while (true) co_await socket.async_read_some(asio::buffer(&byte, 1), asio::use_awaitable);
}

awaitable<void> hostile(tcp::socket& socket, std::string path, std::string head) {
  const std::string host = head.substr(head.find("Host: ") + 6);
  const std::string port = host.substr(host.find(':') + 1, host.find("\r\n") - host.find(':') - 1);
  if (path == "/robots.txt") {
    co_await RawServer::answer(socket, "200 OK", "", "User-agent: *\nDisallow: /private\n");
  } else if (path == "/agent") {
    co_await RawServer::answer(socket, "200 OK", "", head);
  } else if (path == "/gzip") {
    co_await RawServer::answer(socket, "200 OK", "Content-Encoding: gzip\r\n", gzip_of("hello"));
  } else if (path == "/bomb") {
    co_await RawServer::answer(socket, "200 OK", "Content-Encoding: gzip\r\n",
                               gzip_of(std::string(std::size_t{64} << 20, 'a')));
  } else if (path == "/nested") {
    co_await RawServer::answer(socket, "200 OK", "Content-Encoding: gzip, gzip\r\n",
                               gzip_of(gzip_of(std::string(std::size_t{64} << 20, 'a'))));
  } else if (path == "/three") {
    co_await RawServer::answer(socket, "200 OK", "Content-Encoding: gzip, gzip, gzip\r\n", "x");
  } else if (path == "/cut-gzip") {
    co_await RawServer::answer(socket, "200 OK", "Content-Encoding: gzip\r\n",
                               gzip_of("hello hello hello").substr(0, 15));
  } else if (path == "/bomb-deflate") {
    co_await RawServer::answer(socket, "200 OK", "Content-Encoding: deflate\r\n",
                               deflate_of(std::string(std::size_t{64} << 20, 'a')));
  } else if (path == "/bomb-br") {
    co_await RawServer::answer(socket, "200 OK", "Content-Encoding: br\r\n",
                               brotli_of(std::string(std::size_t{64} << 20, 'a')));
  } else if (path == "/bomb-zstd") {
    co_await RawServer::answer(socket, "200 OK", "Content-Encoding: zstd\r\n",
                               zstd_of(std::string(std::size_t{64} << 20, 'a')));
  } else if (path == "/slow-head") {
    co_await trickle(socket, "HTTP/1.1 200 OK\r\nX-Slow: ");
  } else if (path == "/slow-body") {
    co_await trickle(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
  } else if (path == "/slow-chunks") {
    co_await RawServer::say(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (true) {
      co_await RawServer::say(socket, "1\r\nx\r\n");
      co_await net::sleep_for(std::chrono::milliseconds(20));
    }
  } else if (path == "/bad-chunk") {
    co_await RawServer::say(
        socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n");
  } else if (path == "/cut-chunk") {
    co_await RawServer::say(socket,
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nabc");
  } else if (path == "/two-lengths") {
    co_await RawServer::say(
        socket, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 30\r\n\r\nabcdef");
  } else if (path == "/reset-head") {
    co_await RawServer::say(socket, "HTTP/1.1 200 OK\r\nContent-");
    socket.set_option(asio::socket_base::linger(true, 0));
  } else if (path == "/refresh-header") {
    co_await RawServer::answer(socket, "200 OK", "Refresh: 0; url=/gzip\r\n", "look there");
  } else if (path == "/refresh") {
    co_await RawServer::answer(
        socket, "200 OK", "Content-Type: text/html\r\n",
        "<!doctype html><META HTTP-EQUIV='refresh' CONTENT='1;URL=\"/gzip\"'><p>look there");
  } else if (path == "/refresh-late") {
    co_await RawServer::answer(socket, "200 OK", "Content-Type: text/html\r\n",
                               "<meta http-equiv=refresh content='30; url=/gzip'><p>read me");
  } else if (path == "/refresh-private") {
    co_await RawServer::answer(
        socket, "200 OK", "Content-Type: text/html\r\n",
        "<meta http-equiv=refresh content='0; url=http://169.254.169.254/'>");
  } else if (path == "/refresh-forbidden") {
    co_await RawServer::answer(socket, "200 OK", "Content-Type: text/html\r\n",
                               "<meta http-equiv=refresh content='0; url=/private/x'>");
  } else if (path.starts_with("/refresh-loop")) {
    co_await RawServer::answer(socket, "200 OK", "Content-Type: text/html\r\n",
                               "<meta http-equiv=refresh content='0; url=" + path + "x'>");
  } else if (path == "/endless") {
    co_await RawServer::say(socket, "HTTP/1.1 200 OK\r\n\r\n");
    const std::string piece(65'536, 'x');
    while (true) co_await RawServer::say(socket, piece);
  } else if (path == "/header") {
    co_await RawServer::say(socket, "HTTP/1.1 200 OK\r\n");
    const std::string line = "X-Long: " + std::string(8'000, 'x') + "\r\n";
    while (true) co_await RawServer::say(socket, line);
  } else if (path == "/short") {
    co_await RawServer::say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
  } else if (path == "/reset") {
    co_await RawServer::say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
    socket.set_option(asio::socket_base::linger(true, 0));  // the close sends RST
  } else if (path == "/nonsense") {
    co_await RawServer::say(socket, "SSH-2.0-OpenSSH_9.2\r\n");
  } else if (path == "/hold") {
    co_await hold(socket);
  } else if (path == "/stall") {
    co_await RawServer::say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0");
    co_await hold(socket);
  } else if (path == "/loop") {
    co_await RawServer::answer(socket, "302 Found", "Location: /loop\r\n", "");
  } else if (path == "/to-page") {
    co_await RawServer::answer(socket, "301 Moved", "Location: /gzip\r\n", "");
  } else if (path == "/to-private") {
    co_await RawServer::answer(socket, "302 Found", "Location: http://127.0.0.1:1/admin\r\n", "");
  } else if (path == "/to-metadata") {
    co_await RawServer::answer(socket, "302 Found",
                               "Location: http://[::ffff:169.254.169.254]/latest\r\n", "");
  } else if (path == "/to-file") {
    co_await RawServer::answer(socket, "302 Found", "Location: file:///etc/passwd\r\n", "");
  } else if (path == "/to-forbidden") {
    co_await RawServer::answer(socket, "302 Found", "Location: /private/x\r\n", "");
  } else if (path == "/to-other") {
    co_await RawServer::answer(socket, "302 Found",
                               "Location: http://localhost:" + port + "/agent\r\n", "");
  } else {
    co_await RawServer::answer(socket, "200 OK", "", "page " + path);
  }
}

class FetchTest : public testing::Test {
 protected:
  FetchTest() : runtime_(1, clock_) {
    on_context([this]() -> awaitable<void> {
      server_ = std::make_unique<RawServer>(runtime_.context(0), hostile);
      make_transport({});
      co_return;
    });
    auto policy = std::make_shared<GuardPolicy>();
    policy->endpoints.push_back(*parse_endpoint(server_->url("")));
    policy_ = policy;
  }
  ~FetchTest() override {
    runtime_.stop();
    fetcher_.reset();
    robots_.reset();
    transport_.reset();
    server_.reset();
  }

  void make_transport(std::vector<std::string> resolve) {
    CurlOptions options{.user_agent = default_user_agent("test", "https://example.org/bot")};
    options.resolve = std::move(resolve);
    options.on_connect = [this](const IpAddress& address, std::uint16_t port) {
      connects_.push_back(fmt::format("{}:{}", address.to_string(), port));
    };
    transport_ = std::make_unique<CurlTransport>(runtime_.context(0), clock_, std::move(options));
    robots_ = std::make_unique<RobotsCache>(*transport_, clock_);
    fetcher_ = std::make_unique<Fetcher>(*transport_, *robots_, clock_);
  }

  void on_context(std::function<awaitable<void>()> work) { runtime_.run(0, std::move(work)); }

  static awaitable<void> keep(Fetcher& fetcher, FetchRequest request,
                              std::optional<base::Result<FetchResponse>>& out) {
    out.emplace(co_await fetcher.fetch(std::move(request)));
  }
  base::Result<FetchResponse> fetch(FetchRequest request) {
    if (!request.policy) request.policy = policy_;
    std::optional<base::Result<FetchResponse>> out;
    on_context([&] { return keep(*fetcher_, request, out); });
    return *std::move(out);
  }
  base::Result<FetchResponse> get(std::string_view path) {
    return fetch({.url = server_->url(path)});
  }
  Verdict verdict(std::string_view path, FetchLimits limits = {}) {
    const auto result = fetch({.url = server_->url(path), .limits = limits});
    return result ? Verdict::kOk : verdict_of(result.error());
  }

  base::SystemClock clock_;
  net::Runtime runtime_;
  std::unique_ptr<RawServer> server_;
  std::unique_ptr<CurlTransport> transport_;
  std::unique_ptr<RobotsCache> robots_;
  std::unique_ptr<Fetcher> fetcher_;
  std::shared_ptr<const GuardPolicy> policy_;
  std::vector<std::string> connects_;
};

TEST_F(FetchTest, SaysWhoItIs) {
  const auto response = get("/agent");
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_THAT(response->hop.body, testing::HasSubstr("SeineBot/test; +https://example.org/bot"));
  EXPECT_THAT(response->hop.body, testing::HasSubstr("Accept-Encoding: gzip, deflate, br, zstd"));
  EXPECT_THAT(response->hop.body, testing::Not(testing::HasSubstr("Cookie")));
}

TEST_F(FetchTest, Decodes) {
  const auto response = get("/gzip");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->hop.body, "hello");
}

TEST_F(FetchTest, StopsBombs) {
  EXPECT_EQ(verdict("/bomb"), Verdict::kTooLarge);
  EXPECT_EQ(verdict("/nested"), Verdict::kTooLarge);
  EXPECT_EQ(verdict("/bomb-deflate"), Verdict::kTooLarge);
  EXPECT_EQ(verdict("/bomb-br"), Verdict::kTooLarge);
  EXPECT_EQ(verdict("/bomb-zstd"), Verdict::kTooLarge);
  EXPECT_EQ(verdict("/three"), Verdict::kBroken);
  EXPECT_EQ(verdict("/cut-gzip"), Verdict::kBroken);
}

TEST_F(FetchTest, StopsWhatHasNoEnd) {
  FetchLimits limits;
  limits.body_bytes_max = std::uint64_t{1} << 20;
  EXPECT_EQ(verdict("/endless", limits), Verdict::kTooLarge);
  EXPECT_EQ(verdict("/header"), Verdict::kTooLarge);
  EXPECT_EQ(verdict("/loop"), Verdict::kRedirects);
}

TEST_F(FetchTest, NoticesWhatIsCutOff) {
  EXPECT_EQ(verdict("/short"), Verdict::kBroken);
  EXPECT_EQ(verdict("/reset"), Verdict::kBroken);
  EXPECT_EQ(verdict("/nonsense"), Verdict::kBroken);
  EXPECT_EQ(verdict("/bad-chunk"), Verdict::kBroken);
  EXPECT_EQ(verdict("/cut-chunk"), Verdict::kBroken);
  EXPECT_EQ(verdict("/two-lengths"), Verdict::kBroken);
  EXPECT_EQ(verdict("/reset-head"), Verdict::kBroken);
}

TEST_F(FetchTest, GivesUpOnTheSlow) {
  FetchLimits limits;
  limits.total_timeout = std::chrono::milliseconds(300);
  EXPECT_EQ(verdict("/hold", limits), Verdict::kTimeout);
  limits.total_timeout = std::chrono::seconds(30);
  limits.idle_timeout = std::chrono::seconds(1);
  EXPECT_EQ(verdict("/stall", limits), Verdict::kTimeout);
}

// A byte now and then keeps nobody waiting past the whole time.
TEST_F(FetchTest, TheWholeTimeIsBounded) {
  FetchLimits limits;
  limits.total_timeout = std::chrono::milliseconds(500);
  for (const char* path : {"/slow-head", "/slow-body", "/slow-chunks"})
    EXPECT_EQ(verdict(path, limits), Verdict::kTimeout) << path;
  EXPECT_EQ(transport_->in_flight(), 0u);
}

TEST_F(FetchTest, FollowsRedirectsByHand) {
  const auto response = get("/to-page#part");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->final_url.href(), server_->url("/gzip#part"));
  ASSERT_EQ(response->redirects.size(), 1u);
  EXPECT_EQ(response->redirects[0].status, 301);
}

TEST_F(FetchTest, RedirectsCannotReachPrivatePlaces) {
  EXPECT_EQ(verdict("/to-private"), Verdict::kRefused);
  EXPECT_EQ(verdict("/to-metadata"), Verdict::kRefused);
  EXPECT_EQ(verdict("/to-file"), Verdict::kRedirects);
  const std::string own = fmt::format("127.0.0.1:{}", server_->port());
  EXPECT_THAT(connects_, testing::Each(own));
}

TEST_F(FetchTest, RedirectsGoThroughRobots) {
  EXPECT_EQ(verdict("/private/x"), Verdict::kRobots);
  EXPECT_EQ(verdict("/to-forbidden"), Verdict::kRobots);
  EXPECT_TRUE(fetch({.url = server_->url("/private/x"), .robots = RobotsPolicy::kIgnore}));
}

TEST_F(FetchTest, APageThatLeadsOnIsARedirect) {
  for (const char* path : {"/refresh-header", "/refresh"}) {
    const auto response = get(path);
    ASSERT_TRUE(response) << response.error().to_string();
    EXPECT_EQ(response->hop.body, "hello") << path;
    ASSERT_EQ(response->redirects.size(), 1u);
    EXPECT_EQ(response->redirects[0].status, 200);
  }
  EXPECT_THAT(get("/refresh-late")->hop.body, testing::HasSubstr("read me"));
  EXPECT_EQ(verdict("/refresh-private"), Verdict::kRefused);
  EXPECT_EQ(verdict("/refresh-forbidden"), Verdict::kRobots);
  EXPECT_EQ(verdict("/refresh-loop"), Verdict::kRedirects);
}

TEST(Refresh, ReadsWhatTheStandardReads) {
  const auto read = [](std::string_view text) {
    const auto refresh = parse_refresh(text);
    return refresh ? fmt::format("{} {}", refresh->delay.count(), refresh->url) : "none";
  };
  EXPECT_EQ(read("5; url=/a"), "5 /a");
  EXPECT_EQ(read(" 0 ; URL = '/a b' x"), "0 /a b");
  EXPECT_EQ(read("1.9,\"/q\""), "1 /q");
  EXPECT_EQ(read("3 /plain"), "3 /plain");
  EXPECT_EQ(read("7"), "7 ");
  EXPECT_EQ(read("0;urls"), "0 urls");
  EXPECT_EQ(read(".5;url=/a"), "0 /a");
  EXPECT_EQ(read("99999999999999999999; url=/a"), "1000000 /a");
  for (const char* nothing : {"", "url=/a", "-1; url=/a", "5x url=/a"})
    EXPECT_EQ(read(nothing), "none") << nothing;
}

TEST_F(FetchTest, SecretsStayWithTheirOrigin) {
  auto policy = std::make_shared<GuardPolicy>(*policy_);
  policy->endpoints.push_back(*parse_endpoint(fmt::format("http://localhost:{}", server_->port())));
  const auto response = fetch({.url = server_->url("/to-other"),
                               .headers = {{"Authorization", "Bearer x"}, {"Cookie", "a=b"}},
                               .policy = policy});
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_THAT(response->hop.body, testing::Not(testing::HasSubstr("Bearer")));
  EXPECT_THAT(response->hop.body, testing::Not(testing::HasSubstr("a=b")));
}

// A name whose DNS answer is a private address: no socket is opened.
TEST_F(FetchTest, RebindingOpensNoSocket) {
  on_context([this]() -> awaitable<void> {
    make_transport({"rebound.example.com:80:127.0.0.1", "mixed.example.com:80:10.0.0.1,[::1]"});
    co_return;
  });
  for (const char* name : {"http://rebound.example.com/", "http://mixed.example.com/"}) {
    const auto result = fetch(
        {.url = name, .policy = std::make_shared<GuardPolicy>(), .robots = RobotsPolicy::kIgnore});
    ASSERT_FALSE(result);
    EXPECT_EQ(verdict_of(result.error()), Verdict::kRefused);
  }
  EXPECT_THAT(connects_, testing::IsEmpty());
}

// A connection that an operator's permission opened is not lent to a request without it.
TEST_F(FetchTest, PooledConnectionsAreJudgedAgain) {
  const std::string name = fmt::format("pool.example.com:{}", server_->port());
  on_context([&]() -> awaitable<void> {
    make_transport({name + ":127.0.0.1"});
    co_return;
  });
  auto named = std::make_shared<GuardPolicy>();
  named->endpoints.push_back(*parse_endpoint("http://" + name));
  ASSERT_TRUE(fetch({.url = "http://" + name + "/a", .policy = named}));
  auto plain = std::make_shared<GuardPolicy>();
  plain->ports.push_back(server_->port());
  const auto refused =
      fetch({.url = "http://" + name + "/b", .policy = plain, .robots = RobotsPolicy::kIgnore});
  ASSERT_FALSE(refused);
  EXPECT_EQ(verdict_of(refused.error()), Verdict::kRefused);
}

TEST_F(FetchTest, TwoHundredAtOnceOnOneThread) {
  std::size_t good = 0;
  on_context([&]() -> awaitable<void> {
    detail::TaskGroup<base::Result<FetchResponse>> group(co_await asio::this_coro::executor);
    for (int i = 0; i < 200; ++i)
      group.start(fetcher_->fetch({.url = server_->url(fmt::format("/{}", i)), .policy = policy_}));
    while (!group.empty()) {
      auto result = co_await group.next(std::chrono::seconds(60), clock_);
      if (result && *result && (*result)->hop.status == 200) ++good;
    }
  });
  EXPECT_EQ(good, 200u);
  EXPECT_EQ(transport_->in_flight(), 0u);
}

TEST_F(FetchTest, CancellationStopsAtOnce) {
  on_context([&]() -> awaitable<void> {
    {
      detail::TaskGroup<base::Result<FetchResponse>> group(co_await asio::this_coro::executor);
      group.start(fetcher_->fetch(
          {.url = server_->url("/hold"), .policy = policy_, .robots = RobotsPolicy::kIgnore}));
      while (server_->requests() == 0) (void)co_await net::sleep_for(std::chrono::milliseconds(1));
      EXPECT_EQ(transport_->in_flight(), 1u);
    }
    for (int turn = 0; turn < 100 && transport_->in_flight() > 0; ++turn)
      (void)co_await net::sleep_for(std::chrono::milliseconds(1));
  });
  EXPECT_EQ(transport_->in_flight(), 0u);
}

TEST_F(FetchTest, UnreachableIsNoEmptyRobots) {
  auto policy = std::make_shared<GuardPolicy>();
  policy->endpoints.push_back(*parse_endpoint("http://127.0.0.1:1"));
  const auto result = fetch({.url = "http://127.0.0.1:1/x", .policy = policy});
  ASSERT_FALSE(result);
  EXPECT_EQ(verdict_of(result.error()), Verdict::kUnreachable);
}

}  // namespace
}  // namespace seine::web
