#include "server/signals.h"

#include <ctime>

namespace seine::server {

sigset_t block_signals(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int each : signals) sigaddset(&set, each);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

int wait_for_signal(const sigset_t& set, std::chrono::nanoseconds within) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(within);
  const timespec time{static_cast<time_t>(seconds.count()),
                      static_cast<long>((within - seconds).count())};
  const int signal = sigtimedwait(&set, nullptr, &time);
  return signal > 0 ? signal : 0;
}

}  // namespace seine::server
