#include "server/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "base/text.h"

namespace seine::server {

ServiceManager::ServiceManager(const Environment& environment)
    : socket_(variable(environment, "NOTIFY_SOCKET")) {
  const auto allowed_us = base::parse_u64(variable(environment, "WATCHDOG_USEC"));
  const auto meant_for = base::parse_u64(variable(environment, "WATCHDOG_PID"));
  const bool ours = !meant_for || *meant_for == static_cast<std::uint64_t>(getpid());
  if (allowed_us && *allowed_us > 0 && ours) watchdog_ = std::chrono::microseconds(*allowed_us / 2);
}

void ServiceManager::notify(std::string_view state) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';  // an abstract socket
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  // A manager that does not listen is no reason to fail.
  (void)sendto(fd, state.data(), state.size(), MSG_NOSIGNAL,
               reinterpret_cast<const sockaddr*>(&address), length);
  close(fd);
}

}  // namespace seine::server
