#include "net/websocket.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"
#include "net/detail/exchange.h"
#include "net/detail/websocket_codec.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::net {

using base::Code;
using base::fail;
using detail::Buffer;
using detail::IoResult;
using detail::IoStatus;
using detail::Transport;
using detail::WsEvent;
using detail::WsOpcode;
using detail::WsRole;

namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::chrono::seconds kCloseTime{5};
// Pongs and close frames that wait behind a slow writer; a peer that pings without reading is cut.
constexpr std::size_t kPendingBytesMax = 64 * 1024;

}  // namespace

struct WebSocket::Impl {
  Impl(Transport& wire, Buffer& input, std::string head, std::size_t message_bytes_max,
       std::chrono::milliseconds interval)
      : transport(wire),
        in(input),
        out(std::move(head)),
        decoder(WsRole::kServer, message_bytes_max),
        ping_interval(interval) {}

  base::TimePoint now() const { return transport.state().ticker.clock().now(); }

  // Frames leave whole and in order: whoever finds nobody writing writes for all.
  asio::awaitable<base::Result<void>> flush();
  asio::awaitable<base::Result<void>> send(WsOpcode opcode, std::string_view data);
  asio::awaitable<base::Result<WebSocketMessage>> fail_with(std::uint16_t code, Code error,
                                                            std::string what);

  Transport& transport;
  Buffer& in;
  std::string out;
  std::string in_flight;
  bool writing = false;
  bool close_sent = false;
  bool close_seen = false;
  bool gone = false;
  bool ping_waits = false;
  detail::WsDecoder decoder;
  std::chrono::milliseconds ping_interval;
};

asio::awaitable<base::Result<void>> WebSocket::Impl::flush() {
  if (writing) co_return base::Result<void>{};
  writing = true;
  IoStatus outcome = IoStatus::kOk;
  while (!out.empty() && outcome == IoStatus::kOk) {
    in_flight.swap(out);
    out.clear();
    outcome = co_await transport.write_all(in_flight);
  }
  writing = false;
  if (outcome == IoStatus::kOk) co_return base::Result<void>{};
  gone = true;
  if (outcome == IoStatus::kTimeout) {
    co_return fail(Code::kDeadlineExceeded, "the peer reads too slowly");
  }
  co_return fail(Code::kCancelled, "the peer is gone");
}

asio::awaitable<base::Result<void>> WebSocket::Impl::send(WsOpcode opcode, std::string_view data) {
  if (close_sent || gone) co_return fail(Code::kCancelled, "the WebSocket is closed");
  append_ws_frame(out, opcode, data, WsRole::kServer);
  if (writing && out.size() > kPendingBytesMax) {
    gone = true;
    transport.close();
    co_return fail(Code::kResourceExhausted, "the peer takes too little");
  }
  co_return co_await flush();
}

asio::awaitable<base::Result<WebSocketMessage>> WebSocket::Impl::fail_with(std::uint16_t code,
                                                                           Code error,
                                                                           std::string what) {
  if (!std::exchange(close_sent, true)) {
    append_ws_close(out, code, what, WsRole::kServer);
    co_await flush();
  }
  gone = true;
  transport.shutdown_send();
  co_return std::unexpected(base::Error{error, std::move(what)});
}

WebSocket::WebSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WebSocket::WebSocket(WebSocket&&) noexcept = default;
WebSocket& WebSocket::operator=(WebSocket&&) noexcept = default;
WebSocket::~WebSocket() = default;

asio::awaitable<base::Result<WebSocket>> WebSocket::accept(Request& request, Response& response,
                                                           WebSocketOptions options) {
  const Headers& headers = request.headers();
  const std::optional<std::string_view> key = headers.get("sec-websocket-key");
  if (request.protocol() != Protocol::kHttp1 || request.method() != "GET" ||
      !headers.has_token("connection", "upgrade") || !headers.has_token("upgrade", "websocket")) {
    co_return fail(Code::kInvalidArgument, "this address serves WebSocket upgrades over HTTP/1.1");
  }
  const std::optional<std::string> nonce = key ? base::from_base64(*key) : std::nullopt;
  if (headers.get("sec-websocket-version") != "13" || !nonce || nonce->size() != 16) {
    co_return fail(Code::kInvalidArgument, "not a WebSocket upgrade of version 13");
  }
  std::string head =
      "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
      "sec-websocket-accept: " +
      detail::ws_accept_key(*key) + "\r\n";
  if (!options.subprotocol.empty()) {
    if (!headers.has_token("sec-websocket-protocol", options.subprotocol)) {
      co_return fail(Code::kInvalidArgument, "the client does not offer subprotocol '{}'",
                     options.subprotocol);
    }
    head += "sec-websocket-protocol: " + options.subprotocol + "\r\n";
  }
  head += "\r\n";
  detail::Exchange& exchange = response.exchange_;
  const auto [transport, in] = exchange.upgrade();
  if (transport == nullptr) {
    co_return fail(Code::kFailedPrecondition, "this request cannot be upgraded any more");
  }
  auto impl = std::make_unique<Impl>(*transport, *in, std::move(head),
                                     options.message_bytes_max != 0
                                         ? options.message_bytes_max
                                         : exchange.config.limits.websocket_message_bytes_max,
                                     options.ping_interval);
  SEINE_CO_CHECK(co_await impl->flush());
  co_return WebSocket(std::move(impl));
}

asio::awaitable<base::Result<WebSocketMessage>> WebSocket::read() {
  Impl& ws = *impl_;
  for (;;) {
    WsEvent event{};
    while (ws.decoder.next(event)) {
      ws.ping_waits = false;
      switch (event.opcode) {
        case WsOpcode::kText:
        case WsOpcode::kBinary:
          co_return WebSocketMessage{event.opcode == WsOpcode::kText, std::move(event.data)};
        case WsOpcode::kPing:
          SEINE_CO_CHECK(co_await ws.send(WsOpcode::kPong, event.data));
          break;
        case WsOpcode::kClose:
          ws.close_seen = true;
          co_return co_await ws.fail_with(event.close_code == 1005 ? 1000 : event.close_code,
                                          Code::kCancelled, "the peer has closed the WebSocket");
        case WsOpcode::kPong:
        case WsOpcode::kContinuation:
          break;
      }
    }
    if (ws.gone) co_return fail(Code::kCancelled, "the WebSocket is closed");
    if (const std::uint16_t code = ws.decoder.fault(); code != 0) {
      co_return co_await ws.fail_with(
          code, code == 1009 ? Code::kResourceExhausted : Code::kInvalidArgument,
          code == 1009   ? "message too large"
          : code == 1007 ? "text is not UTF-8"
                         : "protocol error");
    }
    if (ws.in.empty()) {
      ws.transport.read_deadline(ws.now() + ws.ping_interval);
      const IoResult result = co_await ws.transport.read_some(ws.in.prepare(kReadBytes));
      if (result.status == IoStatus::kTimeout) {
        if (std::exchange(ws.ping_waits, true)) {
          co_return co_await ws.fail_with(1001, Code::kDeadlineExceeded, "no answer to a ping");
        }
        SEINE_CO_CHECK(co_await ws.send(WsOpcode::kPing, {}));
        continue;
      }
      if (result.status != IoStatus::kOk) {
        ws.gone = true;
        co_return fail(Code::kCancelled, "the peer is gone");
      }
      ws.in.commit(result.bytes);
    }
    ws.decoder.feed(ws.in.view());
    ws.in.consume(ws.in.size());
  }
}

asio::awaitable<base::Result<void>> WebSocket::send_text(std::string_view data) {
  return impl_->send(WsOpcode::kText, data);
}
asio::awaitable<base::Result<void>> WebSocket::send_binary(std::string_view data) {
  return impl_->send(WsOpcode::kBinary, data);
}

asio::awaitable<void> WebSocket::close(std::uint16_t code, std::string_view reason) {
  Impl& ws = *impl_;
  if (ws.gone || std::exchange(ws.close_sent, true)) co_return;
  append_ws_close(ws.out, code, reason, WsRole::kServer);
  if (!co_await ws.flush()) co_return;
  // What was on its way is passed over until the peer's own close frame.
  ws.transport.read_deadline(ws.now() + kCloseTime);
  for (WsEvent event{}; event.opcode != WsOpcode::kClose && ws.decoder.fault() == 0;) {
    if (ws.decoder.next(event)) continue;
    const IoResult result = co_await ws.transport.read_some(ws.in.prepare(kReadBytes));
    if (result.status != IoStatus::kOk) break;
    ws.in.commit(result.bytes);
    ws.decoder.feed(ws.in.view());
    ws.in.consume(ws.in.size());
  }
  ws.gone = true;
  ws.transport.shutdown_send();
}

}  // namespace seine::net
