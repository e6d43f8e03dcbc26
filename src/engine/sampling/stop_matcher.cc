#include "engine/sampling/stop_matcher.h"

#include <algorithm>
#include <utility>

namespace seine::engine {

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase(stops_, std::string());
}

std::string StopMatcher::push(std::string_view piece) {
  if (stopped_) return {};
  held_ += piece;
  // Which is whole first does not depend on how the stream is cut.
  std::size_t end = std::string::npos;
  for (const std::string& stop : stops_) {
    const std::size_t at = held_.find(stop);
    if (at == std::string::npos) continue;
    const bool is_first = at + stop.size() < end;
    if (!is_first && (at + stop.size() > end || stop.size() < stop_.size())) continue;
    end = at + stop.size();
    stop_ = stop;
  }
  if (end != std::string::npos) {
    stopped_ = true;
    held_.resize(end - stop_.size());
    return std::exchange(held_, {});
  }
  // Held back: the longest tail that begins a stop string.
  std::size_t keep = 0;
  for (const std::string& stop : stops_) {
    for (std::size_t n = std::min(stop.size() - 1, held_.size()); n > keep; --n) {
      if (std::string_view(held_).ends_with(std::string_view(stop).substr(0, n))) {
        keep = n;
        break;
      }
    }
  }
  std::string out = held_.substr(0, held_.size() - keep);
  held_.erase(0, out.size());
  return out;
}

std::string StopMatcher::finish() {
  return stopped_ ? std::string() : std::exchange(held_, {});
}

}  // namespace seine::engine
