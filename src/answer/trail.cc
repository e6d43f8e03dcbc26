#include "answer/trail.h"

#include <utility>

#include "base/json.h"

namespace seine::answer {
namespace {

std::int64_t milliseconds(base::Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

int Trail::begin(StepKind kind, std::string title, const base::Json& detail) {
  Step step{.id = static_cast<int>(steps_.size()) + 1,
            .kind = kind,
            .title = std::move(title),
            .detail = base::to_text(detail)};
  steps_.push_back(step);
  begun_.push_back({clock_.now()});
  log_.append(std::move(step));
  return steps_.back().id;
}

void Trail::done(int step, const base::Json& detail) {
  Step& own = steps_[static_cast<std::size_t>(step) - 1];
  own.state = StepState::kDone;
  own.detail = base::to_text(detail);
  own.elapsed_ms = milliseconds(clock_.now() - begun_[static_cast<std::size_t>(step) - 1].at);
  log_.append(own);
}

void Trail::failed(int step, std::string reason) {
  Step& own = steps_[static_cast<std::size_t>(step) - 1];
  own.state = StepState::kFailed;
  own.reason = std::move(reason);
  own.elapsed_ms = milliseconds(clock_.now() - begun_[static_cast<std::size_t>(step) - 1].at);
  log_.append(own);
}

int Trail::add(Source source) {
  source.id = static_cast<int>(sources_.size()) + 1;
  sources_.push_back(std::move(source));
  return sources_.back().id;
}

void Trail::update(const Source& source) {
  const int id = source.id;
  Source& own = this->source(id);
  if (&own != &source) own = source;
  log_.append(own);
}

std::int64_t Trail::elapsed_ms() const {
  return milliseconds(clock_.now() - started_);
}

}  // namespace seine::answer
