// JsonScan: finds the end of one JSON value that arrives in pieces, without judging it. Private to
// parse.
#pragma once

#include <cstddef>
#include <string_view>

namespace seine::engine {

class JsonScan {
 public:
  // Takes bytes of `text` up to the end of the value; how many. A scalar ends before the byte that
  // cannot belong to it.
  std::size_t feed(std::string_view text);
  bool done() const { return done_; }

 private:
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool started_ = false;
  bool done_ = false;
};

}  // namespace seine::engine
