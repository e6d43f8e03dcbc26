// The events of a run as server-sent events, from any of them on. On the connection's context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>

#include "answer/answers.h"
#include "base/language.h"
#include "net/response.h"

namespace seine::gateway {

using RunPointer = std::shared_ptr<answer::Run>;

// After so long a silence a stream says that it lives.
inline constexpr std::chrono::seconds kRunKeepAlive{10};

// The event at `position`; nothing when `wait` passed first.
boost::asio::awaitable<base::Result<std::optional<answer::Event>>> event_at(RunPointer run,
                                                                            std::size_t position,
                                                                            base::Duration wait);

// Events from `from` on, each with its position as id, until the run has ended or the peer has
// gone. Reasons and errors are told in `language`.
boost::asio::awaitable<void> stream_run(RunPointer run, net::Response& response, std::size_t from,
                                        base::Language language);

}  // namespace seine::gateway
