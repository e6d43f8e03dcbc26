// Tells systemd how the service fares, by the protocol of sd_notify(3): one datagram to the socket
// that NOTIFY_SOCKET names. Does nothing where the variable is not set. Never blocks.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "server/invocation.h"

namespace seine::server {

class ServiceManager {
 public:
  explicit ServiceManager(const Environment& environment);

  // "READY=1", "STATUS=…", "STOPPING=1", "WATCHDOG=1"; several lines in one call.
  void notify(std::string_view state) const;
  // How often WATCHDOG=1 must come (half of what the unit allows); nothing without a watchdog.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

 private:
  std::string socket_;
  std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace seine::server
