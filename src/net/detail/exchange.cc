#include "net/detail/exchange.h"

#include <exception>

#include "base/text.h"
#include "net/detail/field_syntax.h"
#include "net/router.h"

namespace seine::net::detail {

using base::Code;

Exchange::Exchange(const ServerConfig& server, ContextState& context, std::string_view peer_name,
                   bool over_tls, Protocol wire)
    : request(*this),
      response(*this),
      config(server),
      state(context),
      peer(peer_name),
      tls(over_tls),
      protocol(wire),
      deadline_entry_(context.ticker, [this] { cancel(CancelReason::kDeadline); }) {}

Exchange::~Exchange() = default;

std::pair<Transport*, Buffer*> Exchange::upgrade() {
  return {nullptr, nullptr};
}

void Exchange::begin() {
  route = nullptr;
  params.clear();
  query.reset();
  attachment.reset();
  extra_headers.clear();
  body_limit = config.limits.body_bytes_max;
  body_received = 0;
  body_sent = 0;
  status = 0;
  stop.reset();
  cancelled = CancelReason::kNone;
  complete_ = false;
  id_.clear();
  trace_.reset();
  body_fault_status_ = 0;
  started_at_ = state.ticker.clock().now();
  set_deadline(base::Deadline::at(started_at_ + config.limits.request_timeout));
}

void Exchange::set_deadline(base::Deadline until) {
  deadline = until;
  deadline_entry_.arm(until);
}

void Exchange::cancel(CancelReason reason) {
  if (cancelled != CancelReason::kNone) return;
  cancelled = reason;
  if (stop) stop->request_stop();
  emit_cancel();
}

asio::awaitable<bool> Exchange::run_handler() {
  config.probe.request_started();
  std::string failure;
  bool failed = false;
  try {
    co_await config.handler(request, response);
  } catch (const std::exception& exception) {
    failed = true;
    failure = exception.what();
  } catch (...) {
    failed = true;
    failure = "an exception of unknown type";
  }
  disarm_deadline();
  if (cancelled != CancelReason::kNone) {
    // The exception, if any, is the cancellation on its way out.
    if (status == 0 && cancelled == CancelReason::kDeadline) {
      response.send_error({Code::kDeadlineExceeded, "the request took too long"});
      co_return true;
    }
    if (status == 0 && cancelled == CancelReason::kDrain) {
      response.send_error({Code::kUnavailable, "the server is shutting down"});
      co_return true;
    }
    co_return complete_;
  }
  if (!failed && status == 0) {
    failed = true;
    failure = "the handler returned without a response";
  }
  if (failed) {
    const bool answered = status != 0;
    if (!answered) response.send_error({Code::kInternal, "internal error"});
    config.probe.handler_failed(summary(), failure);
    co_return !answered || complete_;
  }
  co_return true;
}

void Exchange::end() {
  config.probe.request_finished(summary());
}

RequestSummary Exchange::summary() const {
  const base::TimePoint now = state.ticker.clock().now();
  const std::string_view target = head.target;
  const bool left = cancelled == CancelReason::kPeerGone && !complete_;
  return {.id = id_,
          .trace_id = trace_ ? std::string_view(trace_->trace_id) : std::string_view(),
          .method = head.method,
          .path = target.substr(0, target.find('?')),
          .route = route != nullptr ? std::string_view(route->pattern) : std::string_view(),
          .peer = peer,
          .protocol = protocol,
          .tls = tls,
          .status = left || status == 0 ? 499 : status,
          .request_body_bytes = body_received,
          .response_body_bytes = body_sent,
          .duration = now - started_at_,
          .first_byte = (status != 0 ? first_byte_at_ : now) - started_at_};
}

std::unexpected<base::Error> Exchange::body_fault(int http_status, Code code, std::string message) {
  body_fault_status_ = http_status;
  return std::unexpected(base::Error{code, std::move(message), "body"});
}

int Exchange::status_for(const base::Error& error) const {
  if (body_fault_status_ != 0 && error.field == "body") return body_fault_status_;
  return base::http_status(error.code);
}

void Exchange::mark_started(int response_status) {
  status = response_status;
  first_byte_at_ = state.ticker.clock().now();
}

std::string_view Exchange::id() {
  if (id_.empty()) id_ = "req_" + base::make_hex_id(state.ids, 12);
  return id_;
}

const base::TraceContext& Exchange::trace() {
  if (!trace_) {
    if (const auto header = head.headers.get("traceparent")) {
      trace_ = base::parse_traceparent(*header);
    }
    if (!trace_) trace_ = base::make_trace(state.ids);
  }
  return *trace_;
}

bool Exchange::is_framing_field(std::string_view name) {
  using base::ascii_iequals;
  switch (name.size()) {
    case 4:
      return ascii_iequals(name, "date");
    case 7:
      return ascii_iequals(name, "trailer") || ascii_iequals(name, "upgrade");
    case 10:
      return ascii_iequals(name, "connection") || ascii_iequals(name, "keep-alive");
    case 14:
      return ascii_iequals(name, "content-length");
    case 17:
      return ascii_iequals(name, "transfer-encoding");
    default:
      return false;
  }
}

bool is_sendable_field(std::string_view name, std::string_view value) {
  return is_token(name) && is_field_value(value);
}

}  // namespace seine::net::detail
