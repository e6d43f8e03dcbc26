// Connector: from a host and port to a connected socket, within one deadline: name, approval of
// each address, and a second attempt beside a slow first one (RFC 8305, simplified). On one
// context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/client.h"
#include "net/detail/context_state.h"
#include "net/detail/transport.h"

namespace seine::net::detail {

// `host` and `port` are where to connect, a proxy or the origin; `approve` may be empty.
asio::awaitable<base::Result<std::unique_ptr<Transport>>> connect_tcp(ContextState& state,
                                                                      std::string host,
                                                                      std::uint16_t port,
                                                                      AddressApproval approve,
                                                                      base::Deadline deadline);

}  // namespace seine::net::detail
