// Probe: what the network side tells whoever counts. The composition root implements it with the
// metrics registry and the log; the default does nothing. Called on the context threads, several at
// once: an implementation is thread-safe and never blocks. Outlives the Server or Client it is
// given to.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace seine::net {

enum class Protocol : std::uint8_t { kHttp1, kHttp2 };

// Why a connection was ended by us and not by its peer or by agreement.
enum class CloseReason : std::uint8_t {
  kNormal,
  kIdle,           // no request in time
  kSlowHeader,     // slow loris
  kSlowBody,       // the peer sent no byte of a body in time
  kSlowReader,     // the peer took no byte of a response in time
  kProtocolError,  // not HTTP
  kFlood,          // control frames without end
  kTlsHandshake,
  kOverload,  // over connections_max
  kDrain,
};
std::string_view close_reason_name(CloseReason reason);

struct RequestSummary {
  std::string_view id;
  std::string_view trace_id;  // W3C, 32 hex digits
  std::string_view method;
  std::string_view path;
  // The pattern that matched ("/v1/models/{id}"), empty if none did: safe as a metric label.
  std::string_view route;
  std::string_view peer;
  Protocol protocol;
  bool tls;
  // 499 when the peer left before the response was complete.
  int status;
  std::uint64_t request_body_bytes;
  std::uint64_t response_body_bytes;
  base::Duration duration;    // from the end of the header to the end of the response
  base::Duration first_byte;  // to the response's header; equals `duration` if it never started
};

class Probe {
 public:
  virtual ~Probe() = default;

  virtual void connection_opened() {}
  virtual void connection_closed(CloseReason) {}
  // Header complete, handler about to start.
  virtual void request_started() {}
  virtual void request_finished(const RequestSummary&) {}
  // An exception left a handler; the client saw 500 with this id.
  virtual void handler_failed(const RequestSummary&, std::string_view what) { (void)what; }
};

// The one that does nothing.
Probe& no_probe();

}  // namespace seine::net
