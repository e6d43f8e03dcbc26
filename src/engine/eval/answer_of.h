// Waits for the one answer of a port that calls back, on whatever thread.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <utility>

#include "base/error.h"

namespace seine::engine {

// ask(done) starts the work; `done` is called once.
template <typename T, typename Ask>
base::Result<T> answer_of(Ask ask) {
  // Shared: the thread that answers may still be at it when the waiter has gone on.
  const auto promise = std::make_shared<std::promise<base::Result<T>>>();
  auto answer = promise->get_future();
  ask(std::function<void(base::Result<T>)>(
      [promise](base::Result<T> result) { promise->set_value(std::move(result)); }));
  return answer.get();
}

}  // namespace seine::engine
