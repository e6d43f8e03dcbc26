#include "engine/template/text_tools.h"

#include <unicode/uchar.h>

#include <algorithm>

#include "base/utf8.h"
#include "engine/template/interpreter.h"

namespace seine::engine::jinja {
namespace {

// str.isspace().
bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

template <typename Map>
std::string mapped(std::string_view text, Map map) {
  std::u32string points = base::to_utf32(text);
  for (char32_t& point : points) point = map(point);
  return base::to_utf8(points);
}

char32_t to_upper(char32_t point) {
  return static_cast<char32_t>(u_toupper(static_cast<UChar32>(point)));
}
char32_t to_lower(char32_t point) {
  return static_cast<char32_t>(u_tolower(static_cast<UChar32>(point)));
}

// Where the last code point of `text` starts.
std::size_t last_point(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && text.size() - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) {
    --at;
  }
  return at;
}

}  // namespace

std::string_view stripped(std::string_view text, const std::string* characters, bool left,
                          bool right) {
  const std::u32string set = characters != nullptr ? base::to_utf32(*characters) : std::u32string();
  const auto goes = [&](char32_t point) {
    return characters != nullptr ? set.find(point) != std::u32string::npos : is_space(point);
  };
  while (left && !text.empty()) {
    const base::DecodedPoint point = base::decode_utf8(text);
    if (!goes(point.point)) break;
    text.remove_prefix(point.length);
  }
  while (right && !text.empty()) {
    const std::size_t at = last_point(text);
    if (!goes(base::decode_utf8(text.substr(at)).point)) break;
    text = text.substr(0, at);
  }
  return text;
}

std::string upper(std::string_view text) {
  return mapped(text, to_upper);
}
std::string lower(std::string_view text) {
  return mapped(text, to_lower);
}

std::string title(std::string_view text) {
  bool inside = false;
  return mapped(text, [&inside](char32_t point) {
    const bool letter = u_isalpha(static_cast<UChar32>(point)) != 0;
    const char32_t out = letter && inside ? to_lower(point) : to_upper(point);
    inside = letter;
    return out;
  });
}

std::string capitalized(std::string_view text) {
  bool first = true;
  return mapped(text, [&first](char32_t point) {
    const char32_t out = first ? to_upper(point) : to_lower(point);
    first = false;
    return out;
  });
}

std::vector<std::string> split_text(std::string_view text, const std::string* separator,
                                    std::int64_t most, bool from_right) {
  std::vector<std::string> out;
  const auto room = [&] { return most < 0 || static_cast<std::int64_t>(out.size()) < most; };
  if (separator != nullptr && from_right) {
    std::size_t at = std::string_view::npos;
    while (room() && (at = text.rfind(*separator)) != std::string_view::npos) {
      out.emplace_back(text.substr(at + separator->size()));
      text = text.substr(0, at);
    }
    out.emplace_back(text);
    std::ranges::reverse(out);
  } else if (separator != nullptr) {
    std::size_t at = 0;
    while (room() && (at = text.find(*separator)) != std::string_view::npos) {
      out.emplace_back(text.substr(0, at));
      text.remove_prefix(at + separator->size());
    }
    out.emplace_back(text);
  } else {
    text = stripped(text, nullptr, true, true);
    while (!text.empty()) {
      std::size_t end = 0;
      while (room() && end < text.size()) {
        const base::DecodedPoint point = base::decode_utf8(text.substr(end));
        if (is_space(point.point)) break;
        end += point.length;
      }
      if (!room()) end = text.size();
      out.emplace_back(text.substr(0, end));
      text = stripped(text.substr(end), nullptr, true, false);
    }
  }
  return out;
}

base::Result<std::string> replaced(Interpreter& interpreter, std::string_view text,
                                   std::string_view from, std::string_view to, std::int64_t count) {
  static constexpr std::size_t kBytesMax = std::size_t{32} << 20;
  std::string out;
  const auto room = [&]() -> base::Result<> {
    if (out.size() + to.size() > kBytesMax) {
      return base::fail(base::Code::kResourceExhausted, "'replace' makes more than {} bytes",
                        kBytesMax);
    }
    return interpreter.spend(to.size());
  };
  if (from.empty()) {
    // Between all code points, and at both ends.
    while (count != 0) {
      SEINE_CHECK(room());
      out += to;
      --count;
      if (text.empty()) break;
      const std::size_t length = base::decode_utf8(text).length;
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
    out += text;
    return out;
  }
  std::size_t at = 0;
  while (count != 0 && (at = text.find(from)) != std::string_view::npos) {
    SEINE_CHECK(room());
    out += text.substr(0, at);
    out += to;
    text.remove_prefix(at + from.size());
    --count;
  }
  out += text;
  return out;
}

std::int64_t count_of(std::string_view text, std::string_view part) {
  if (part.empty()) return static_cast<std::int64_t>(base::count_points(text)) + 1;
  std::int64_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos;
       at += part.size()) {
    ++count;
  }
  return count;
}

}  // namespace seine::engine::jinja
