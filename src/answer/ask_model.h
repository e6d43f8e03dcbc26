// One call of a model from a run's thread: pieces go to the caller as they come, the whole is kept
// for the record. Blocks until the stream ends, the deadline passes, or a stop is asked for.
#pragma once

#include <functional>
#include <stop_token>
#include <string_view>

#include "answer/record.h"
#include "base/clock.h"
#include "llm/ports.h"

namespace seine::answer {

struct ModelListener {
  std::function<void(std::string_view)> text = {};
  std::function<void(std::string_view)> reasoning = {};
};

// Tool calls are dropped: nothing that a page says may act. On a failure the reply holds what came
// before it, and the error.
RecordedReply ask_model(llm::Generator& generator, llm::ChatRequest request,
                        base::Deadline deadline, const std::stop_token& stop,
                        const ModelListener& listener = {});

}  // namespace seine::answer
