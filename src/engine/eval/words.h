// The words of a text, as scores and hashed features count them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace seine::engine {

struct Words {
  std::vector<std::string> words;
  bool has_han = false;
};

// Lower case, marks taken out, a word for each Han character.
Words words_of(std::string_view text);

}  // namespace seine::engine
