// Markers: the literal signs in a model's output, with the spellings that models drift to. For
// parse, and for what keeps text from spelling them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace seine::engine {

class Markers {
 public:
  // One sign a name; `spellings` of it.
  void add(int name, std::vector<std::string> spellings);

  struct Found {
    int name = -1;
    std::size_t at = 0;
    std::size_t length = 0;
  };
  // The first one, the longest where several start there.
  std::optional<Found> find(std::string_view text) const;
  // The one at the start of `text`.
  std::optional<Found> at_start(std::string_view text) const;
  std::vector<std::string> spellings() const;
  // How much of the end of `text` may become one.
  std::size_t partial(std::string_view text) const;

 private:
  struct Sign {
    int name;
    std::string text;
  };
  std::vector<Sign> signs_;
};

// "<｜tool▁calls▁begin｜>" for `words` "tool calls begin", and with ASCII bars and underscores.
std::vector<std::string> deepseek_spellings(std::string_view words);
// "<｜DSML｜invoke" for `open` "<" and `word` "invoke", and with other bars.
std::vector<std::string> dsml_spellings(std::string_view open, std::string_view word);

}  // namespace seine::engine
