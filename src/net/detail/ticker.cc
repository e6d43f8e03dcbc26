#include "net/detail/ticker.h"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace seine::net::detail {
namespace {

// Swap with the last: order does not matter, removal costs nothing.
template <typename T>
void take_out(std::vector<T*>& list, std::size_t slot, std::size_t T::* member) {
  list[slot] = list.back();
  list[slot]->*member = slot;
  list.pop_back();
}

}  // namespace

DeadlineEntry::DeadlineEntry(Ticker& ticker, std::function<void()> expired)
    : ticker_(ticker), expired_(std::move(expired)), slot_(ticker.deadlines_.size()) {
  ticker_.deadlines_.push_back(this);
}
DeadlineEntry::~DeadlineEntry() {
  take_out(ticker_.deadlines_, slot_, &DeadlineEntry::slot_);
}

void DeadlineEntry::arm(base::TimePoint when) {
  when_ = when;
  if (when >= ticker_.earliest_) return;
  ticker_.earliest_ = when;
  ticker_.wake();
}
void DeadlineEntry::arm_after(base::Duration wait) {
  arm(base::Deadline::after(ticker_.clock_, wait));
}

HangupWatch::HangupWatch(Ticker& ticker, int fd, std::function<void()> gone)
    : ticker_(ticker), fd_(fd), gone_(std::move(gone)) {}
HangupWatch::~HangupWatch() {
  stop();
}

void HangupWatch::start() {
  if (active_) return;
  active_ = true;
  slot_ = ticker_.watches_.size();
  ticker_.watches_.push_back(this);
  ticker_.wake();
}
void HangupWatch::stop() {
  if (std::exchange(active_, false)) take_out(ticker_.watches_, slot_, &HangupWatch::slot_);
}

Ticker::Ticker(asio::io_context& context, const base::Clock& clock)
    : context_(context), clock_(clock), timer_(context) {}
Ticker::~Ticker() = default;

void Ticker::wake() {
  if (!running_) {
    running_ = true;
    schedule();
  }
}

void Ticker::schedule() {
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

void Ticker::tick() {
  check_deadlines();
  check_hangups();
  running_ = !watches_.empty() || earliest_ != base::TimePoint::max();
  if (running_) schedule();
}

void Ticker::check_deadlines() {
  const base::TimePoint now = clock_.now();
  if (now < earliest_) return;
  // Due ones are collected first: a callback may add and remove entries, so each is looked up again
  // before it is called.
  std::vector<DeadlineEntry*> due;
  earliest_ = base::TimePoint::max();
  for (DeadlineEntry* entry : deadlines_) {
    if (entry->when_ <= now) {
      due.push_back(entry);
    } else {
      earliest_ = std::min(earliest_, entry->when_);
    }
  }
  for (DeadlineEntry* entry : due) {
    if (std::ranges::find(deadlines_, entry) == deadlines_.end() || entry->when_ > now) continue;
    entry->when_ = base::TimePoint::max();
    entry->expired_();
  }
}

void Ticker::check_hangups() {
  if (watches_.empty()) return;
  polled_.clear();
  for (const HangupWatch* watch : watches_) polled_.push_back({watch->fd_, POLLRDHUP, 0});
  if (::poll(polled_.data(), polled_.size(), 0) <= 0) return;
  std::vector<HangupWatch*> gone;
  for (std::size_t i = 0; i < polled_.size(); ++i) {
    if (polled_[i].revents != 0) gone.push_back(watches_[i]);
  }
  for (HangupWatch* watch : gone) {
    if (std::ranges::find(watches_, watch) == watches_.end()) continue;
    watch->stop();
    watch->gone_();
  }
}

}  // namespace seine::net::detail
