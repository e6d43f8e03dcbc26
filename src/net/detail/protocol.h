// ProtocolConnection: what the server knows of a connection, whichever HTTP it speaks.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "net/probe.h"

namespace seine::net::detail {

namespace asio = boost::asio;

class ProtocolConnection {
 public:
  virtual ~ProtocolConnection() = default;
  // Until the connection is over; never throws for what the peer does.
  virtual asio::awaitable<CloseReason> run() = 0;
  // No new requests; ends after the running ones.
  virtual void drain() = 0;
  // Cancels the running ones.
  virtual void stop_now() = 0;
};

}  // namespace seine::net::detail
