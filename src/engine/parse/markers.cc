#include "engine/parse/markers.h"

#include <algorithm>

namespace seine::engine {

void Markers::add(int name, std::vector<std::string> spellings) {
  for (std::string& text : spellings) signs_.push_back({name, std::move(text)});
}

std::optional<Markers::Found> Markers::at_start(std::string_view text) const {
  std::optional<Found> out;
  for (const Sign& sign : signs_) {
    if (text.starts_with(sign.text) && (!out || sign.text.size() > out->length)) {
      out = Found{sign.name, 0, sign.text.size()};
    }
  }
  return out;
}

std::optional<Markers::Found> Markers::find(std::string_view text) const {
  std::optional<Found> out;
  for (const Sign& sign : signs_) {
    const std::size_t at = text.find(sign.text);
    if (at == std::string_view::npos) continue;
    if (!out || at < out->at || (at == out->at && sign.text.size() > out->length)) {
      out = Found{sign.name, at, sign.text.size()};
    }
  }
  return out;
}

std::size_t Markers::partial(std::string_view text) const {
  std::size_t out = 0;
  for (const Sign& sign : signs_) {
    const std::string_view whole = sign.text;
    for (std::size_t n = std::min(text.size(), whole.size() - 1); n > out; --n) {
      if (text.ends_with(whole.substr(0, n))) out = n;
    }
  }
  return out;
}

std::vector<std::string> Markers::spellings() const {
  std::vector<std::string> out;
  for (const Sign& sign : signs_) out.push_back(sign.text);
  return out;
}

std::vector<std::string> deepseek_spellings(std::string_view words) {
  std::vector<std::string> out;
  for (const std::string_view bar : {"｜", "|"}) {
    for (const std::string_view gap : {"▁", "_"}) {
      std::string text = "<" + std::string(bar);
      for (const char c : words) text += c == ' ' ? std::string(gap) : std::string(1, c);
      out.push_back(text + std::string(bar) + ">");
    }
  }
  return out;
}

std::vector<std::string> dsml_spellings(std::string_view open, std::string_view word) {
  std::vector<std::string> out;
  for (const std::string_view bars : {"｜", "|", "｜｜"}) {
    out.push_back(std::string(open) + std::string(bars) + "DSML" + std::string(bars) +
                  std::string(word));
  }
  return out;
}

}  // namespace seine::engine
