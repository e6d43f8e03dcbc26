// StopMatcher: cuts a stream of text at the first stop string, also where one is split over pieces.
// Text that may yet turn out to begin a stop string is held back. One stream, one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace seine::engine {

class StopMatcher {
 public:
  // Empty strings are ignored.
  explicit StopMatcher(std::vector<std::string> stops);

  // What may be shown now. After stopped() nothing more comes.
  std::string push(std::string_view piece);
  // What was held back, when the stream ends without a stop string.
  std::string finish();
  bool stopped() const { return stopped_; }
  // The stop string that ended the stream: the one that was whole first, the longest of several.
  // Empty before.
  const std::string& stop() const { return stop_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  std::string stop_;
  bool stopped_ = false;
};

}  // namespace seine::engine
