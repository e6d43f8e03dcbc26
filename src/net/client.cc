#include "net/client.h"

#include <boost/asio/this_coro.hpp>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/text.h"
#include "net/detail/client_connection.h"
#include "net/detail/connector.h"
#include "net/detail/field_syntax.h"
#include "net/event.h"
#include "net/runtime.h"
#include "net/tls.h"

namespace seine::net {

using base::Code;
using base::Deadline;
using base::fail;
using detail::ClientConnection;

namespace {

// One origin's connections on one context.
struct Origin {
  std::vector<std::unique_ptr<ClientConnection>> idle;  // most recently used last
  std::size_t open = 0;                                 // idle and in use
  std::size_t turns = 0;                                // calls in the queue or just woken
  std::deque<std::shared_ptr<Event>> waiters;

  void wake_one() {
    if (waiters.empty()) return;
    waiters.front()->set();
    waiters.pop_front();
  }
};

// One context's pools. Shared with responses, which may outlive the client.
struct Pool {
  std::map<std::string, Origin, std::less<>> origins;

  void one_less(const std::string& key) {
    const auto found = origins.find(key);
    if (found == origins.end()) return;
    Origin& origin = found->second;
    --origin.open;
    origin.wake_one();
    if (origin.open == 0 && origin.waiters.empty() && origin.turns == 0) origins.erase(found);
  }
};

// A place in an origin's queue. Whoever leaves with a wake-up that it did not use, cancelled or
// destroyed, passes it on: else the next one would sleep beside a free connection.
class Turn {
 public:
  Turn(Origin& origin, asio::any_io_executor executor)
      : origin_(origin), event_(std::make_shared<Event>(std::move(executor))) {
    ++origin_.turns;
    origin_.waiters.push_back(event_);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    --origin_.turns;
    const bool waited = std::erase(origin_.waiters, event_) > 0;
    if (!waited && !used_) origin_.wake_one();
  }
  asio::awaitable<Event::Outcome> wait_for(base::Duration wait) { return event_->wait_for(wait); }
  void use() { used_ = true; }

 private:
  Origin& origin_;  // stays while it has turns
  std::shared_ptr<Event> event_;
  bool used_ = false;
};

// A place among the origin's connections, given back at the end of the scope that holds it.
class Place {
 public:
  Place(std::shared_ptr<Pool> pool, std::string key)
      : pool_(std::move(pool)), key_(std::move(key)) {}
  Place(Place&& other) noexcept = default;
  Place& operator=(Place&&) = delete;
  ~Place() {
    if (pool_) pool_->one_less(key_);
  }

  std::unique_ptr<ClientConnection> connection;

  // Hands the connection back for the next request.
  void give_back(const ClientLimits& limits, base::TimePoint now) {
    Origin& origin = pool_->origins[key_];
    if (origin.idle.size() >= limits.idle_per_origin_max) return;
    connection->idle_since = now;
    origin.idle.push_back(std::move(connection));
    origin.wake_one();
    pool_.reset();
  }

 private:
  std::shared_ptr<Pool> pool_;  // null: the place has gone back with its connection
  const std::string key_;
};

bool is_idempotent(std::string_view method) {  // RFC 9110 section 9.2.2
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" ||
         method == "DELETE" || method == "TRACE";
}

std::string userinfo_of(std::string_view proxy) {
  const std::size_t at = proxy.find('@');
  const std::size_t start = proxy.find("://");
  if (at == std::string_view::npos) return {};
  const std::size_t from = start == std::string_view::npos ? 0 : start + 3;
  return std::string(proxy.substr(from, at - from));
}

// A proxy's address without its user information, with http:// where no scheme is given.
base::Result<Url> proxy_url(std::string_view proxy) {
  std::string text(proxy);
  if (text.find("://") == std::string::npos) text.insert(0, "http://");
  const std::size_t from = text.find("://") + 3;
  if (const std::size_t at = text.find('@', from); at != std::string::npos) {
    text.erase(from, at + 1 - from);
  }
  return parse_url(text);
}

std::string proxy_authorization(std::string_view proxy) {
  const std::string user = userinfo_of(proxy);
  if (user.empty()) return {};
  return "proxy-authorization: Basic " + base::base64(percent_decode(user).value_or(user)) + "\r\n";
}

}  // namespace

struct ClientResponse::Impl {
  explicit Impl(Place held) : place(std::move(held)) {}
  Place place;
  detail::ResponseHead head;
  ClientLimits limits;
  bool returned = false;

  void maybe_return() {
    if (returned || !place.connection || !place.connection->body_complete()) return;
    returned = true;
    if (place.connection->reusable()) {
      const base::TimePoint now = place.connection->transport().state().ticker.clock().now();
      place.give_back(limits, now);
    }
  }
};

ClientResponse::ClientResponse(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ClientResponse::ClientResponse(ClientResponse&&) noexcept = default;
ClientResponse& ClientResponse::operator=(ClientResponse&&) noexcept = default;
ClientResponse::~ClientResponse() = default;

int ClientResponse::status() const {
  return impl_->head.status;
}
const Headers& ClientResponse::headers() const {
  return impl_->head.headers;
}

asio::awaitable<base::Result<std::string_view>> ClientResponse::read_some() {
  if (impl_->returned) co_return std::string_view();
  base::Result<std::string_view> piece = co_await impl_->place.connection->read_body();
  if (piece && piece->empty()) impl_->maybe_return();
  co_return piece;
}

asio::awaitable<base::Result<std::string>> ClientResponse::read_all(std::uint64_t bytes_max) {
  const std::uint64_t limit = std::min(bytes_max, impl_->limits.body_bytes_max);
  std::string body;
  for (;;) {
    const std::string_view piece = SEINE_CO_TRY(co_await read_some());
    if (piece.empty()) co_return body;
    if (piece.size() > limit - body.size()) {
      co_return fail(Code::kResourceExhausted, "the response passes the limit of {} bytes", limit);
    }
    body += piece;
  }
}

struct Client::Impl {
  Runtime& runtime;
  ClientOptions options;
  std::vector<std::shared_ptr<Pool>> pools;
  std::shared_ptr<TlsClient> tls;
  std::string tls_error;

  // What one call needs on its way.
  struct Call {
    ClientRequest& request;
    ClientLimits limits;
    Deadline total;
    std::string proxy;
    std::string key;
    std::size_t lane;
  };

  asio::awaitable<base::Result<Place>> take(const Call& call, bool fresh);
  asio::awaitable<base::Result<std::unique_ptr<ClientConnection>>> connect(const Call& call);
  asio::awaitable<base::Result<ClientResponse>> exchange(const Call& call, Place place);
  base::Result<std::string> head_of(const Call& call) const;
};

// A kept connection, or room for a new one; waits for its turn when the origin is full.
asio::awaitable<base::Result<Place>> Client::Impl::take(const Call& call, bool fresh) {
  const std::shared_ptr<Pool> pool = pools[call.lane];
  const base::Clock& clock = runtime.clock();
  const Deadline deadline =
      Deadline::after(clock, call.limits.connect_timeout).earlier_of(call.total);
  for (;;) {
    Origin& origin = pool->origins[call.key];
    while (!origin.idle.empty()) {
      std::unique_ptr<ClientConnection> kept = std::move(origin.idle.back());
      origin.idle.pop_back();
      const bool good =
          !fresh && clock.now() - kept->idle_since < call.limits.keep_idle && !kept->stale();
      if (!good) {
        --origin.open;
        continue;
      }
      Place place(pool, call.key);
      place.connection = std::move(kept);
      co_return place;
    }
    if (origin.open < call.limits.connections_per_origin_max) {
      ++origin.open;
      Place place(pool, call.key);
      place.connection = SEINE_CO_TRY(co_await connect(call));
      co_return place;
    }
    Turn turn(origin, runtime.context(call.lane).get_executor());
    const Event::Outcome outcome = co_await turn.wait_for(deadline.remaining(clock));
    if (outcome == Event::Outcome::kSet) turn.use();
    if (outcome == Event::Outcome::kTimeout) {
      co_return fail(Code::kDeadlineExceeded, "{}: no free connection in time",
                     call.request.url.authority());
    }
    if (outcome == Event::Outcome::kCancelled) {
      co_return fail(Code::kCancelled, "{}: cancelled", call.request.url.authority());
    }
  }
}

asio::awaitable<base::Result<std::unique_ptr<ClientConnection>>> Client::Impl::connect(
    const Call& call) {
  const Url& url = call.request.url;
  const Deadline deadline =
      Deadline::after(runtime.clock(), call.limits.connect_timeout).earlier_of(call.total);
  std::string host = url.host;
  std::uint16_t port = url.port;
  if (!call.proxy.empty()) {
    const Url proxy = SEINE_CO_TRY(proxy_url(call.proxy));
    if (proxy.secure()) {
      co_return fail(Code::kUnimplemented, "a proxy that is itself reached over TLS: {}",
                     proxy.authority());
    }
    host = proxy.host;
    port = proxy.port;
  }
  std::unique_ptr<detail::Transport> transport = SEINE_CO_TRY(co_await detail::connect_tcp(
      runtime.state(call.lane), host, port, options.approve, deadline));
  auto connection = std::make_unique<ClientConnection>(std::move(transport), url.authority());
  connection->begin(call.limits, deadline);
  if (!url.secure()) co_return connection;
  if (!call.proxy.empty()) {
    const std::string target =
        (url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]") + ":" +
        std::to_string(url.port);
    SEINE_CO_CHECK(co_await connection->write("CONNECT " + target + " HTTP/1.1\r\nhost: " + target +
                                              "\r\n" + proxy_authorization(call.proxy) + "\r\n"));
    // A 2xx answer to CONNECT has no body (RFC 9110 section 9.3.6), as if it were to a HEAD.
    const detail::ResponseHead head = SEINE_CO_TRY(co_await connection->read_head(true));
    if (head.status / 100 != 2) {
      co_return fail(Code::kUnavailable, "the proxy refused {}: status {}", target, head.status);
    }
    SEINE_CO_CHECK(connection->begin_tunnel());
  }
  if (!tls) co_return fail(Code::kFailedPrecondition, "TLS is not set up: {}", tls_error);
  connection->transport().read_deadline(deadline.when());
  SEINE_CO_CHECK(co_await connection->transport().handshake_client(tls->context(), url.host));
  co_return connection;
}

base::Result<std::string> Client::Impl::head_of(const Call& call) const {
  const ClientRequest& request = call.request;
  if (!detail::is_token(request.method) || !detail::is_target(request.url.target)) {
    return fail(Code::kInvalidArgument, "ill-formed method or target");
  }
  const bool absolute = !call.proxy.empty() && !request.url.secure();
  std::string head = request.method + " " +
                     (absolute ? request.url.to_string() : request.url.target) +
                     " HTTP/1.1\r\nhost: " + request.url.authority() + "\r\n";
  if (absolute) head += proxy_authorization(call.proxy);
  for (const Headers::Field field : request.headers) {
    if (!detail::is_token(field.name) || !detail::is_field_value(field.value)) {
      return fail_field(Code::kInvalidArgument, field.name, "ill-formed header field");
    }
    for (const char* own : {"host", "content-length", "transfer-encoding", "connection"}) {
      if (base::ascii_iequals(field.name, own)) {
        return fail_field(Code::kInvalidArgument, field.name, "the client sets {} itself", own);
      }
    }
    head.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  if (!options.user_agent.empty() && !request.headers.contains("user-agent")) {
    head += "user-agent: " + options.user_agent + "\r\n";
  }
  if (request.body_source) {
    head += "transfer-encoding: chunked\r\n";
  } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    head += "content-length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return head + "\r\n";
}

asio::awaitable<base::Result<ClientResponse>> Client::Impl::exchange(const Call& call,
                                                                     Place place) {
  ClientConnection& connection = *place.connection;
  connection.begin(call.limits, call.total);
  std::string bytes = SEINE_CO_TRY(head_of(call));
  bytes += call.request.body_source ? std::string() : call.request.body;
  SEINE_CO_CHECK(co_await connection.write(bytes));
  while (call.request.body_source) {
    const std::string piece = SEINE_CO_TRY(co_await call.request.body_source());
    bytes.clear();
    detail::append_chunk_size(bytes, piece.size());
    bytes.append(piece).append(detail::kChunkEnd);
    SEINE_CO_CHECK(co_await connection.write(bytes));
    if (piece.empty()) break;
  }
  auto impl = std::make_unique<ClientResponse::Impl>(std::move(place));
  impl->limits = call.limits;
  impl->head = SEINE_CO_TRY(co_await connection.read_head(call.request.method == "HEAD"));
  impl->maybe_return();
  co_return ClientResponse(std::move(impl));
}

Client::Client(Runtime& runtime, ClientOptions options)
    : impl_(std::make_unique<Impl>(runtime, std::move(options))) {
  for (std::size_t i = 0; i < runtime.size(); ++i) impl_->pools.push_back(std::make_shared<Pool>());
  impl_->tls = impl_->options.tls;
  if (!impl_->tls) {
    auto loaded = TlsClient::load({});
    if (loaded) {
      impl_->tls = *loaded;
    } else {
      impl_->tls_error = loaded.error().message;
    }
  }
}

// Kept connections end on the threads that own them.
Client::~Client() {
  for (std::size_t i = 0; i < impl_->pools.size(); ++i) {
    impl_->runtime.post(i, [pool = std::move(impl_->pools[i])] {
      for (auto& [key, origin] : pool->origins) {
        origin.open -= origin.idle.size();
        origin.idle.clear();
      }
    });
  }
}

asio::awaitable<base::Result<ClientResponse>> Client::send(ClientRequest request) {
  const std::size_t lane = impl_->runtime.current();
  SEINE_ASSERT(lane < impl_->runtime.size(), "a call runs on a context of its runtime");
  const ClientLimits limits = request.limits.value_or(impl_->options.limits);
  const std::string proxy = impl_->options.proxy.choose(request.url);
  const Impl::Call call{.request = request,
                        .limits = limits,
                        .total = Deadline::after(impl_->runtime.clock(), limits.total_timeout)
                                     .earlier_of(request.deadline),
                        .proxy = proxy,
                        .key = proxy + " " + request.url.scheme + "://" + request.url.authority(),
                        .lane = lane};
  Place place = SEINE_CO_TRY(co_await impl_->take(call, false));
  const bool kept = place.connection->used();
  base::Result<ClientResponse> response = co_await impl_->exchange(call, std::move(place));
  // A kept connection may have been closed while the request was on its way (RFC 9112
  // section 9.3.1).
  const bool again = !response && kept && response.error().code == Code::kDataLoss &&
                     is_idempotent(request.method) && !request.body_source;
  if (!again) co_return response;
  Place second = SEINE_CO_TRY(co_await impl_->take(call, true));
  co_return co_await impl_->exchange(call, std::move(second));
}

}  // namespace seine::net
