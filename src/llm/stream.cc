#include "llm/stream.h"

#include <utility>

namespace seine::llm {
namespace {

// Appends `delta` to `last` where both are text of one kind.
bool merge(Delta& last, Delta& delta) {
  if (auto* text = std::get_if<TextDelta>(&delta)) {
    auto* before = std::get_if<TextDelta>(&last);
    if (before == nullptr) return false;
    before->text += text->text;
    before->logprobs.insert(before->logprobs.end(), std::make_move_iterator(text->logprobs.begin()),
                            std::make_move_iterator(text->logprobs.end()));
    return true;
  }
  if (auto* reasoning = std::get_if<ReasoningDelta>(&delta)) {
    auto* before = std::get_if<ReasoningDelta>(&last);
    if (before == nullptr) return false;
    before->text += reasoning->text;
    return true;
  }
  if (auto* call = std::get_if<ToolCallDelta>(&delta)) {
    auto* before = std::get_if<ToolCallDelta>(&last);
    if (before == nullptr || before->index != call->index) return false;
    before->arguments += call->arguments;
    return true;
  }
  return false;
}

}  // namespace

void DeltaStream::wake(std::unique_lock<std::mutex> lock) {
  std::function<void()> ready = std::exchange(ready_, nullptr);
  lock.unlock();
  changed_.notify_all();
  if (ready) ready();
}

void DeltaStream::push(Delta delta) {
  std::unique_lock lock(mutex_);
  if (ended_ || stop_.stop_requested()) return;
  if (std::holds_alternative<Finish>(delta)) ended_ = true;
  if (pieces_.size() < kPiecesMax || !merge(pieces_.back(), delta)) {
    pieces_.push_back(std::move(delta));
  }
  wake(std::move(lock));
}

void DeltaStream::fail(base::Error error) {
  std::unique_lock lock(mutex_);
  if (ended_) return;
  ended_ = true;
  error_ = std::move(error);
  wake(std::move(lock));
}

DeltaStream::Next DeltaStream::take() {
  if (!pieces_.empty()) {
    Next next{State::kPiece, std::move(pieces_.front()), {}};
    pieces_.pop_front();
    return next;
  }
  return {ended_ ? State::kEnded : State::kWaiting, {}, ended_ ? error_ : std::nullopt};
}

DeltaStream::Next DeltaStream::try_next() {
  const std::lock_guard lock(mutex_);
  return take();
}

DeltaStream::Next DeltaStream::next(base::Deadline deadline) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return has_news(); };
  if (deadline.is_never()) {
    changed_.wait(lock, ready);
  } else {
    changed_.wait_until(lock, deadline.when(), ready);
  }
  return take();
}

void DeltaStream::notify_once(std::function<void()> ready) {
  std::unique_lock lock(mutex_);
  if (!has_news()) {
    ready_ = std::move(ready);
    return;
  }
  lock.unlock();
  ready();
}

void DeltaStream::cancel() {
  // Outside the lock: a stop callback may push or fail.
  stop_.request_stop();
  fail({base::Code::kCancelled, "the reader went away"});
}

StreamReader& StreamReader::operator=(StreamReader&& other) noexcept {
  if (this != &other) {
    reset();
    stream_ = std::move(other.stream_);
  }
  return *this;
}

void StreamReader::reset() {
  if (stream_) stream_->cancel();
  stream_.reset();
}

}  // namespace seine::llm
