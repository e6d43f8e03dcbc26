#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "web/extract/style/css.h"
#include "web/url/percent.h"

namespace seine::web::css {
namespace {

constexpr std::pair<std::string_view, std::uint32_t> kNamed[] = {
    {"white", 0xFFFFFF},      {"black", 0},
    {"red", 0xFF0000},        {"green", 0x008000},
    {"blue", 0x0000FF},       {"gray", 0x808080},
    {"grey", 0x808080},       {"silver", 0xC0C0C0},
    {"yellow", 0xFFFF00},     {"snow", 0xFFFAFA},
    {"ivory", 0xFFFFF0},      {"whitesmoke", 0xF5F5F5},
    {"ghostwhite", 0xF8F8FF}, {"floralwhite", 0xFFFAF0},
    {"lightgray", 0xD3D3D3},  {"lightgrey", 0xD3D3D3},
    {"navy", 0x000080},       {"orange", 0xFFA500}};

// The numbers of "rgb(1 2 3 / 40%)" or "rgba(1,2,3,.4)".
std::vector<float> numbers_in(std::string_view text) {
  std::vector<float> out;
  for (std::size_t i = 0; i < text.size() && out.size() < 8;) {
    const std::size_t start = text.find_first_of("0123456789.-", i);
    if (start == std::string_view::npos) break;
    const std::size_t end = std::min(text.find_first_not_of("0123456789.-", start), text.size());
    if (const auto value = base::parse_double(text.substr(start, end - start))) {
      const bool percent = end < text.size() && text[end] == '%';
      out.push_back(
          static_cast<float>(percent ? *value / 100 * (out.size() < 3 ? 255 : 1) : *value));
    }
    i = std::max(end, start + 1);
  }
  return out;
}

std::string_view function_arguments(std::string_view value, std::string_view name) {
  const std::size_t at = value.find(name);
  if (at == std::string_view::npos) return {};
  const std::size_t open = at + name.size();
  if (open >= value.size() || value[open] != '(') return {};
  return value.substr(open + 1, std::min(value.find(')', open), value.size()) - open - 1);
}

bool transform_hides(std::string_view value) {
  for (const std::string_view name : {"scale", "scalex", "scaley", "scale3d"}) {
    if (const std::string_view arguments = function_arguments(value, name); !arguments.empty()) {
      const auto numbers = numbers_in(arguments);
      if (!numbers.empty() && std::abs(numbers.front()) < 0.05F) return true;
    }
  }
  for (const std::string_view name : {"translate", "translatex", "translatey", "translate3d"}) {
    for (const float number : numbers_in(function_arguments(value, name))) {
      if (number <= -1000) return true;
    }
  }
  return false;
}

bool clip_hides(std::string_view value) {
  if (!value.starts_with("rect")) return false;
  auto numbers = numbers_in(value);
  if (numbers.size() < 4) return false;
  return numbers[2] - numbers[0] <= 1 || numbers[1] - numbers[3] <= 1;
}

bool clip_path_hides(std::string_view value) {
  const auto numbers_of = [&](std::string_view name) {
    std::vector<float> numbers;
    std::string_view arguments = function_arguments(value, name);
    for (const std::string_view part : base::split(arguments, ' ')) {
      if (part.ends_with('%')) {
        if (const auto number = base::parse_double(part.substr(0, part.size() - 1))) {
          numbers.push_back(static_cast<float>(*number));
        }
      } else if (const auto length = parse_length(part)) {
        numbers.push_back(*length == 0 ? 0 : -1);
      }
    }
    return numbers;
  };
  if (const auto inset = numbers_of("inset"); !inset.empty()) {
    const float top = inset[0];
    const float bottom = inset.size() > 2 ? inset[2] : top;
    return top + bottom >= 100;
  }
  if (const auto circle = numbers_of("circle"); !circle.empty()) return circle[0] == 0;
  return value.starts_with("polygon(0 0,0 0") || value.starts_with("polygon(0 0, 0 0");
}

}  // namespace

std::optional<Color> parse_color(std::string_view text) {
  if (text == "transparent") return Color{0, 0, 0, 0};
  if (text.starts_with('#')) {
    std::array<int, 8> digits{};
    const std::size_t count = std::min<std::size_t>(text.size() - 1, 8);
    for (std::size_t i = 0; i < count; ++i) {
      digits[i] = hex_value(text[i + 1]);
      if (digits[i] < 0) return std::nullopt;
    }
    const auto channel = [&](std::size_t i) {
      return static_cast<float>(count <= 4 ? digits[i] * 17
                                           : digits[2 * i] * 16 + digits[2 * i + 1]);
    };
    if (count != 3 && count != 4 && count != 6 && count != 8) return std::nullopt;
    return Color{channel(0), channel(1), channel(2),
                 count == 4 || count == 8 ? channel(3) / 255 : 1};
  }
  if (text.starts_with("rgb")) {
    const auto numbers = numbers_in(text);
    if (numbers.size() < 3) return std::nullopt;
    return Color{numbers[0], numbers[1], numbers[2], numbers.size() > 3 ? numbers[3] : 1};
  }
  if (text.starts_with("hsl")) {
    const auto numbers = numbers_in(text);
    if (numbers.size() > 3 && numbers[3] < 0.05F) return Color{0, 0, 0, 0};
    return std::nullopt;
  }
  for (const auto& [name, value] : kNamed) {
    if (text == name) {
      return Color{static_cast<float>(value >> 16), static_cast<float>(value >> 8 & 255),
                   static_cast<float>(value & 255), 1};
    }
  }
  return std::nullopt;
}

std::optional<float> parse_length(std::string_view text) {
  text = base::trim(text);
  const std::size_t end = std::min(text.find_first_not_of("0123456789.-+"), text.size());
  std::string_view digits = text.substr(0, end);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const auto number = base::parse_double(digits);
  if (!number) return std::nullopt;
  const std::string_view unit = text.substr(end);
  double scale = 1;
  if (unit == "em" || unit == "rem" || unit == "ch" || unit == "ex") {
    scale = 16;
  } else if (unit == "pt") {
    scale = 4.0 / 3;
  } else if (unit == "vw" || unit == "vh") {
    scale = 10;
  } else if (unit == "%" && *number <= -100) {
    scale = 10;  // off by more than the whole box
  } else if (unit == "%" && *number == 0) {
    scale = 0;
  } else if (!unit.empty() && unit != "px") {
    return std::nullopt;
  }
  return static_cast<float>(*number * scale);
}

void Style::apply(std::string_view property, std::string_view value, bool is_important) {
  const auto claim = [&](Property which) {
    if ((important & which) != 0 && !is_important) return false;
    set |= which;
    if (is_important) important |= which;
    return true;
  };
  const auto length_into = [&](Property which, float& field) {
    if (const auto length = parse_length(value); claim(which)) field = length.value_or(0);
  };
  if (property == "display") {
    if (claim(kDisplay)) display_none = value == "none";
  } else if (property == "visibility") {
    if (claim(kVisibility)) visibility_hidden = value == "hidden" || value == "collapse";
  } else if (property == "opacity") {
    if (const auto number = base::parse_double(value); number && claim(kOpacity))
      opacity = static_cast<float>(*number);
    if (value.ends_with('%')) {
      if (const auto number = parse_length(value); number && claim(kOpacity))
        opacity = *number / 100;
    }
  } else if (property == "font-size") {
    if (const auto length = parse_length(value); length && claim(kFontSize)) font_px = *length;
  } else if (property == "color") {
    if (const auto parsed = parse_color(value); parsed && claim(kColor)) color = *parsed;
  } else if (property == "background" || property == "background-color") {
    if (!claim(kBackground)) return;
    const auto parsed =
        parse_color(value.substr(0, value.starts_with("rgb") ? value.find(')') : value.find(' ')));
    if (parsed) {
      background = *parsed;
    } else {
      background = Color{128, 128, 128, 1};  // an image or a gradient: taken as contrast
    }
  } else if (property == "position") {
    if (claim(kPosition)) out_of_flow = value == "absolute" || value == "fixed";
  } else if (property == "left") {
    length_into(kLeft, left);
  } else if (property == "right") {
    length_into(kRight, right);
  } else if (property == "top") {
    length_into(kTop, top);
  } else if (property == "margin-left" || property == "margin-top") {
    length_into(kMargin, margin_left);
  } else if (property == "text-indent") {
    length_into(kIndent, indent);
  } else if (property == "clip") {
    if (claim(kClip)) clipped = clip_hides(value);
  } else if (property == "clip-path" || property == "-webkit-clip-path") {
    if (claim(kClipPath)) clip_path_empty = clip_path_hides(value);
  } else if (property == "width" || property == "max-width") {
    if (const auto length = parse_length(value); claim(kWidth)) width = length.value_or(-1);
  } else if (property == "height" || property == "max-height") {
    if (const auto length = parse_length(value); claim(kHeight)) height = length.value_or(-1);
  } else if (property == "overflow" || property == "overflow-x" || property == "overflow-y") {
    if (claim(kOverflow))
      overflow_hidden = value.starts_with("hidden") || value.starts_with("clip");
  } else if (property == "transform" || property == "-webkit-transform") {
    if (claim(kTransform)) transform_hides = seine::web::css::transform_hides(value);
  }
}

void Style::apply_block(std::string_view declarations) {
  int budget = 200;  // declarations of one block
  while (!declarations.empty() && budget-- > 0) {
    const std::size_t end = std::min(declarations.find(';'), declarations.size());
    const std::string_view one = declarations.substr(0, end);
    declarations.remove_prefix(std::min(end + 1, declarations.size()));
    const std::size_t colon = one.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string property = base::ascii_lower(base::trim(one.substr(0, colon)));
    std::string value = base::ascii_lower(base::trim(one.substr(colon + 1)));
    bool is_important = false;
    if (const std::size_t bang = value.find('!'); bang != std::string::npos) {
      is_important = value.find("important", bang) != std::string::npos;
      value.resize(bang);
    }
    apply(property, base::trim(value), is_important);
  }
}

}  // namespace seine::web::css
