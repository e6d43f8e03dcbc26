// The language of a text by its script: enough to tell Chinese, Japanese, Korean and Russian from
// Latin text, which counts as English. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace seine::web {

class ScriptCounts {
 public:
  void add(std::string_view text);
  // More text would not change the verdict.
  bool enough() const { return han_ + latin_ + cyrillic_ + hangul_ >= 4000; }
  std::string language() const;  // "zh", "en"; empty: no letters

 private:
  std::size_t han_ = 0;
  std::size_t kana_ = 0;
  std::size_t hangul_ = 0;
  std::size_t cyrillic_ = 0;
  std::size_t latin_ = 0;
};

}  // namespace seine::web
