// DeltaStream: where a generator's thread hands pieces to a reader on another thread. The generator
// never waits for the reader: past kPiecesMax waiting pieces, text is appended to the last one, so
// that a slow reader costs at most the text of its own answer (bounded by max_tokens). The reader
// polls with try_next from its notification, or blocks with next. Dropping the reader's handle, or
// cancel(), is the cancellation: the generator sees it through stop_token(). Safe on any thread;
// one producer, one consumer.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/clock.h"
#include "base/error.h"
#include "llm/delta.h"

namespace seine::llm {

class DeltaStream {
 public:
  static constexpr std::size_t kPiecesMax = 256;

  // Producer. Pieces after the end, or after cancellation, are dropped.
  void push(Delta delta);
  // Ends the stream with an error in place of a Finish.
  void fail(base::Error error);
  std::stop_token stop_token() const { return stop_.get_token(); }

  // Consumer.
  enum class State : std::uint8_t { kPiece, kWaiting, kEnded };
  struct Next {
    State state;
    std::optional<Delta> delta;        // kPiece
    std::optional<base::Error> error;  // kEnded by an error
  };
  Next try_next();
  // Waits until the deadline of the real steady clock; kWaiting when it passed.
  Next next(base::Deadline deadline);
  // Called once, on the producer's thread or on this one, as soon as try_next has something; then
  // it is forgotten.
  void notify_once(std::function<void()> ready);
  void cancel();

 private:
  bool has_news() const { return !pieces_.empty() || ended_; }
  Next take();
  void wake(std::unique_lock<std::mutex> lock);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Delta> pieces_;
  bool ended_ = false;
  std::optional<base::Error> error_;
  std::function<void()> ready_;
  std::stop_source stop_;
};

// The reader's end: cancels when it goes away.
class StreamReader {
 public:
  explicit StreamReader(std::shared_ptr<DeltaStream> stream) : stream_(std::move(stream)) {}
  StreamReader(StreamReader&&) noexcept = default;
  StreamReader& operator=(StreamReader&& other) noexcept;
  ~StreamReader() { reset(); }

  DeltaStream* operator->() const { return stream_.get(); }
  // For the code that must outlive this handle, such as a pending notification.
  const std::shared_ptr<DeltaStream>& shared() const { return stream_; }

 private:
  void reset();
  std::shared_ptr<DeltaStream> stream_;
};

}  // namespace seine::llm
