#include "net/detail/client_connection.h"

#include <algorithm>
#include <utility>

namespace seine::net::detail {
namespace {

using base::Code;
using base::fail;

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr int kInformationalMax = 16;

}  // namespace

ClientConnection::ClientConnection(std::unique_ptr<Transport> transport, std::string origin)
    : transport_(std::move(transport)), origin_(std::move(origin)) {}

void ClientConnection::begin(const ClientLimits& limits, base::Deadline total) {
  limits_ = limits;
  total_ = total;
}

std::unexpected<base::Error> ClientConnection::io_error(IoStatus status,
                                                        std::string_view phase) const {
  switch (status) {
    case IoStatus::kTimeout:
      return fail(Code::kDeadlineExceeded, "{}: {} took too long", origin_, phase);
    case IoStatus::kCancelled:
      return fail(Code::kCancelled, "{}: cancelled during {}", origin_, phase);
    default:
      return fail(used_ ? Code::kDataLoss : Code::kUnavailable,
                  "{}: the connection broke off during {}", origin_, phase);
  }
}

asio::awaitable<base::Result<void>> ClientConnection::write(std::string_view bytes) {
  const base::Duration left = total_.remaining(transport_->state().ticker.clock());
  transport_->write_timeout(std::min<base::Duration>(limits_.idle_timeout, left));
  const IoStatus outcome = co_await transport_->write_all(bytes);
  if (outcome != IoStatus::kOk) co_return io_error(outcome, "sending the request");
  co_return base::Result<void>{};
}

asio::awaitable<base::Result<void>> ClientConnection::need_input(base::Duration wait,
                                                                 std::string_view phase) {
  const base::Clock& clock = transport_->state().ticker.clock();
  transport_->read_deadline(base::Deadline::after(clock, wait).earlier_of(total_).when());
  const IoResult result = co_await transport_->read_some(in_.prepare(kReadBytes));
  if (result.status != IoStatus::kOk) co_return io_error(result.status, phase);
  in_.commit(result.bytes);
  co_return base::Result<void>{};
}

asio::awaitable<base::Result<ResponseHead>> ClientConnection::read_head(bool to_head) {
  const HeadLimits limits{.target_bytes_max = 8 * 1024,
                          .header_bytes_max = limits_.header_bytes_max,
                          .header_count_max = limits_.header_count_max};
  const base::Deadline first =
      base::Deadline::after(transport_->state().ticker.clock(), limits_.first_byte_timeout);
  for (int informational = 0; informational < kInformationalMax; ++informational) {
    HeadScanner scanner;
    HeadScanner::Outcome found;
    while (!(found = scanner.scan(in_.view(), limits)).fault && found.size == 0) {
      SEINE_CO_CHECK(co_await need_input(first.remaining(transport_->state().ticker.clock()),
                                         "waiting for the response"));
    }
    ResponseHead head;
    HeadFault fault = found.fault;
    if (!fault) {
      fault = parse_response_head(in_.view().substr(0, found.size), limits, to_head, head);
    }
    if (fault) co_return fail(Code::kDataLoss, "{}: ill-formed response: {}", origin_, fault.what);
    in_.consume(found.size);
    if (head.status == 101) {
      co_return fail(Code::kDataLoss, "{}: switched protocols unasked", origin_);
    }
    if (head.status < 200) continue;
    framing_ = head.framing;
    body_left_ = head.content_length;
    chunks_ = {};
    consume_next_ = 0;
    keep_alive_ = head.keep_alive;
    body_complete_ = framing_ == Framing::kNone;
    used_ = true;
    co_return head;
  }
  co_return fail(Code::kDataLoss, "{}: more than {} informational responses", origin_,
                 kInformationalMax);
}

base::Result<void> ClientConnection::begin_tunnel() {
  if (!in_.empty()) {
    return fail(Code::kDataLoss, "{}: the proxy sent bytes of its own behind its answer to CONNECT",
                origin_);
  }
  body_complete_ = true;
  used_ = false;
  return {};
}

asio::awaitable<base::Result<std::string_view>> ClientConnection::read_body() {
  in_.consume(std::exchange(consume_next_, 0));
  while (!body_complete_) {
    std::string_view piece;
    switch (framing_) {
      case Framing::kLength:
        piece = in_.view().substr(0, body_left_);
        consume_next_ = piece.size();
        body_left_ -= piece.size();
        body_complete_ = body_left_ == 0;
        break;
      case Framing::kChunked: {
        base::Result<ChunkDecoder::Step> step = chunks_.step(in_.view());
        if (!step) {
          co_return fail(Code::kDataLoss, "{}: {}", origin_, step.error().message);
        }
        piece = step->data;
        body_complete_ = chunks_.done();
        if (piece.empty()) {
          in_.consume(step->consumed);
        } else {
          consume_next_ = step->consumed;
        }
        break;
      }
      case Framing::kUntilClose:
        piece = in_.view();
        consume_next_ = piece.size();
        break;
      case Framing::kNone:
        break;
    }
    if (!piece.empty()) co_return piece;
    if (body_complete_) break;
    base::Result<void> more = co_await need_input(limits_.idle_timeout, "reading the response");
    if (!more && framing_ == Framing::kUntilClose && more.error().code == Code::kDataLoss) {
      body_complete_ = true;  // its end is the close
      break;
    }
    if (!more) co_return std::unexpected(std::move(more).error());
  }
  co_return std::string_view();
}

bool ClientConnection::reusable() {
  in_.consume(std::exchange(consume_next_, 0));
  return body_complete_ && keep_alive_ && in_.empty() && !transport_->closed();
}

bool ClientConnection::stale() {
  char byte = 0;
  return transport_->try_read({&byte, 1}).status != IoStatus::kWantRead;
}

}  // namespace seine::net::detail
