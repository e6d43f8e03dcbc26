// Exchange: one request and its response, the part that both protocols share, behind Request and
// Response. A protocol derives from it. Lives on one context.
#pragma once

#include <any>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "net/detail/buffer.h"
#include "net/detail/context_state.h"
#include "net/detail/http1_head.h"
#include "net/detail/transport.h"
#include "net/handler.h"
#include "net/limits.h"
#include "net/probe.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::net::detail {

// What all connections of a server share.
struct ServerConfig {
  ServerLimits limits;
  Probe& probe;
  std::string server_name;
  Handler handler;
};

enum class CancelReason : std::uint8_t { kNone, kPeerGone, kDeadline, kDrain };

class Exchange {
 public:
  Exchange(const ServerConfig& config, ContextState& state, std::string_view peer, bool tls,
           Protocol protocol);
  virtual ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // --- What Request and Response need of a protocol.
  virtual asio::awaitable<base::Result<std::string_view>> read_some() = 0;
  virtual void send(int status, Headers headers, std::string body) = 0;
  virtual asio::awaitable<base::Result<void>> start(int status, Headers headers) = 0;
  virtual asio::awaitable<base::Result<void>> write(std::string_view piece) = 0;
  virtual asio::awaitable<base::Result<void>> finish(Headers trailers) = 0;
  // The raw connection for an upgrade, which ends HTTP on it and writes its own 101; null where
  // there is none.
  virtual std::pair<Transport*, Buffer*> upgrade();

  // Ends what the handler awaits; the protocol emits to its coroutine.
  void cancel(CancelReason reason);

  void set_deadline(base::Deadline deadline);
  void disarm_deadline() { deadline_entry_.disarm(); }
  RequestSummary summary() const;
  int status_for(const base::Error& error) const;
  std::string_view id();
  const base::TraceContext& trace();

  RequestHead head;
  Request request;
  Response response;
  const ServerConfig& config;
  ContextState& state;
  const std::string_view peer;
  const bool tls;
  const Protocol protocol;

  const Route* route = nullptr;
  std::vector<std::pair<std::string_view, std::string>> params;
  std::optional<QueryParams> query;
  std::any attachment;
  Headers extra_headers;  // of add_header
  std::uint64_t body_limit = 0;
  std::uint64_t body_received = 0;  // given to the handler
  std::uint64_t body_sent = 0;
  int status = 0;  // of the response; 0 until started
  base::Deadline deadline = base::Deadline::never();
  std::optional<std::stop_source> stop;
  CancelReason cancelled = CancelReason::kNone;

 protected:
  virtual void emit_cancel() = 0;

  // From the end of the head until the next one.
  void begin();
  // Runs the handler and sees to it that there is a response, unless the peer is gone. True when
  // the response is complete or may be completed by finish().
  asio::awaitable<bool> run_handler();
  void end();  // tells the probe
  // Body faults: remembered, so that send_error answers with the right status.
  std::unexpected<base::Error> body_fault(int http_status, base::Code code, std::string message);
  void mark_started(int response_status);
  // Calls `put(name, value)` for each field the response shall have, the framing fields apart.
  template <typename Put>
  void each_response_field(const Headers& headers, Put put);
  static bool is_framing_field(std::string_view name);

  bool complete_ = false;  // the response's last byte has been handed on

 private:
  std::string id_;
  std::optional<base::TraceContext> trace_;
  int body_fault_status_ = 0;
  base::TimePoint started_at_;
  base::TimePoint first_byte_at_;
  DeadlineEntry deadline_entry_;
};

bool is_sendable_field(std::string_view name, std::string_view value);

template <typename Put>
void Exchange::each_response_field(const Headers& headers, Put put) {
  for (const Headers* list : {&headers, &std::as_const(extra_headers)}) {
    for (const Headers::Field field : *list) {
      // A field that could break the framing is dropped: its text may come from outside.
      if (is_framing_field(field.name) || !is_sendable_field(field.name, field.value)) continue;
      put(field.name, field.value);
    }
  }
  put("date", state.http_date());
  if (!config.server_name.empty()) put("server", config.server_name);
  put("x-request-id", id());
}

}  // namespace seine::net::detail
