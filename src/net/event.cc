#include "net/event.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace seine::net {

// A timer that nobody lets expire is Asio's own way to wait for a wake-up: cancel() resumes the
// waiter, and the timeout comes for free.
struct Event::Impl {
  explicit Impl(asio::any_io_executor executor) : timer(std::move(executor)) {}
  asio::steady_timer timer;
  bool set = false;
};

Event::Event(asio::any_io_executor executor) : impl_(std::make_shared<Impl>(std::move(executor))) {}
Event::~Event() {
  if (impl_) impl_->timer.cancel();
}

void Event::set() {
  if (impl_->set) return;
  impl_->set = true;
  impl_->timer.cancel();
}
void Event::reset() {
  impl_->set = false;
}
bool Event::is_set() const {
  return impl_->set;
}

asio::awaitable<Event::Outcome> Event::wait() {
  return wait_for(base::Duration::max());
}

asio::awaitable<Event::Outcome> Event::wait_for(base::Duration wait) {
  return wait_on(impl_, wait);
}

asio::awaitable<Event::Outcome> Event::wait_on(std::shared_ptr<Impl> impl, base::Duration wait) {
  if (!impl->set) {
    const auto now = std::chrono::steady_clock::now();
    const bool never = wait >= base::TimePoint::max() - now;
    impl->timer.expires_at(never ? base::TimePoint::max() : now + wait);
    const auto [error] = co_await impl->timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!impl->set) co_return error ? Outcome::kCancelled : Outcome::kTimeout;
  }
  impl->set = false;
  co_return Outcome::kSet;
}

}  // namespace seine::net
