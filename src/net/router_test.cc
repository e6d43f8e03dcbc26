#include "net/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/detail/test_peer.h"
#include "net/detail/test_server.h"
#include "net/sse.h"

namespace seine::net {
namespace {

using detail::TestPeer;
using detail::TestServer;
using ::testing::EndsWith;
using ::testing::HasSubstr;

asio::awaitable<void> show(Request& request, Response& response) {
  response.send_text(200, request.route()->pattern + " id=" + std::string(request.param("id")));
  co_return;
}
asio::awaitable<bool> guard(Request& request, Response& response, const Route& route) {
  if (route.info.scope.empty() || request.headers().contains("authorization")) co_return true;
  response.add_header("www-authenticate", "Bearer");
  response.send_error({base::Code::kUnauthenticated, "no key"});
  co_return false;
}

Router router_routes() {
  Router router;
  router.add("GET", "/v1/models", show);
  router.add("GET", "/v1/models/{id}", show);
  router.add("GET", "/v1/models/new", show);
  router.add("GET", "/files/{id...}", show);
  router.add("GET", "/x/{id}/y", show);
  router.add("GET", "/x/{id...}", show);
  router.add("POST", "/v1/models/new", show, {.operation_id = "create", .scope = "admin"});
  router.set_guard(guard);
  return router;
}

TEST(Router, LiteralsThenOneThenTheRest) {
  TestServer test(router_routes());
  TestPeer peer(test.port);
  const auto get = [&](const std::string& path) {
    peer.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string response = peer.read_response();
    return response.substr(response.find("\r\n\r\n") + 4);
  };
  EXPECT_EQ(get("/v1/models"), "/v1/models id=");
  EXPECT_EQ(get("/v1/models/a%2Fb?x=1"), "/v1/models/{id} id=a/b");
  EXPECT_EQ(get("/v1/models/new"), "/v1/models/new id=");
  EXPECT_EQ(get("/files/a/b%20c"), "/files/{id...} id=a/b c");
  EXPECT_EQ(get("/files/"), "/files/{id...} id=");
  EXPECT_EQ(get("/x/1/y"), "/x/{id}/y id=1");
  EXPECT_EQ(get("/x/1/z"), "/x/{id...} id=1/z");  // back from {id} to {id...}
  EXPECT_THAT(get("/v1/models/"), HasSubstr("NOT_FOUND"));
  EXPECT_THAT(get("/v1/models/%zz"), HasSubstr("INVALID_ARGUMENT"));
  EXPECT_THAT(get("/v1/models/%00"), HasSubstr("INVALID_ARGUMENT"));
}

TEST(Router, AGuardMayAnswerInstead) {
  TestServer test(router_routes());
  TestPeer peer(test.port);
  peer.send("POST /v1/models/new HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(peer.read_response(),
              AllOf(HasSubstr("401 "), HasSubstr("www-authenticate: Bearer\r\n")));
  peer.send(
      "POST /v1/models/new HTTP/1.1\r\nHost: h\r\nAuthorization: x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(peer.read_response(), EndsWith("/v1/models/new id="));
}

TEST(Router, TheTableIsListed) {
  const Router router = router_routes();
  ASSERT_EQ(router.routes().size(), 7U);
  EXPECT_EQ(router.routes()[6]->info.operation_id, "create");
  EXPECT_EQ(router.routes()[1]->pattern, "/v1/models/{id}");
}

}  // namespace
}  // namespace seine::net
