#include "engine/parse/json_scan.h"

namespace seine::engine {

std::size_t JsonScan::feed(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (done_) return i;
    const char c = text[i];
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
        done_ = depth_ == 0;
      }
      continue;
    }
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    switch (c) {
      case '"':
        if (depth_ == 0 && started_) {  // a scalar runs into a string
          done_ = true;
          return i;
        }
        in_string_ = true;
        break;
      case '{':
      case '[':
        ++depth_;
        break;
      case '}':
      case ']':
        if (depth_ == 0) {
          done_ = true;
          return i;
        }
        done_ = --depth_ == 0;
        break;
      default:
        if (depth_ == 0 && started_ && (c == ',' || space)) {
          done_ = true;
          return i;
        }
        break;
    }
    started_ = started_ || !space;
  }
  return text.size();
}

}  // namespace seine::engine
