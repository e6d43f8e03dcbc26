#include "net/probe.h"

namespace seine::net {

std::string_view close_reason_name(CloseReason reason) {
  switch (reason) {
    case CloseReason::kNormal:
      return "normal";
    case CloseReason::kIdle:
      return "idle";
    case CloseReason::kSlowHeader:
      return "slow_header";
    case CloseReason::kSlowBody:
      return "slow_body";
    case CloseReason::kSlowReader:
      return "slow_reader";
    case CloseReason::kProtocolError:
      return "protocol_error";
    case CloseReason::kFlood:
      return "flood";
    case CloseReason::kTlsHandshake:
      return "tls_handshake";
    case CloseReason::kOverload:
      return "overload";
    case CloseReason::kDrain:
      return "drain";
  }
  return "normal";
}

Probe& no_probe() {
  static Probe probe;  // stateless
  return probe;
}

}  // namespace seine::net
