#include "web/render/visible_text.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/text.h"

namespace seine::web {
namespace {

// Below these nobody reads.
constexpr double kFontPixelsMin = 4;
constexpr double kOpacityMin = 0.1;
constexpr double kPartPixelsMin = 2;
constexpr double kContrastMin = 20;  // of 255, in the channel that differs most
constexpr double kRightMax = 10'000;

double leading_number(std::string_view text) {
  const std::string copy(text.substr(0, 32));
  return std::strtod(copy.c_str(), nullptr);
}

struct Colour {
  std::array<double, 3> rgb{};
  double alpha = 1;
};
std::optional<Colour> parse_colour(std::string_view text) {
  const std::size_t open = text.find('(');
  if (!text.starts_with("rgb") || open == std::string_view::npos || !text.ends_with(')')) {
    return std::nullopt;
  }
  Colour colour;
  std::size_t part = 0;
  for (const std::string_view value : base::split(text.substr(open + 1), ',')) {
    if (part < 3) {
      colour.rgb[part] = leading_number(base::trim(value));
    } else {
      colour.alpha = leading_number(base::trim(value));
    }
    ++part;
  }
  return part == 3 || part == 4 ? std::optional(colour) : std::nullopt;
}

bool no_contrast(const Colour& text, const Colour& behind) {
  double most = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    most = std::max(most, std::abs(text.rgb[i] - behind.rgb[i]) * text.alpha);
  }
  return most < kContrastMin;
}

// A clip-path or clip that leaves nothing to see.
bool clipped_away(const Box& box) {
  const std::string_view path = box.style[kClipPath];
  if (path.starts_with("inset(") || path.starts_with("circle(") || path.starts_with("ellipse(")) {
    const double first = leading_number(path.substr(path.find('(') + 1));
    const bool percent = path.find('%') < path.find_first_of(" )");
    if (path.starts_with("inset(") ? percent && first >= 50 : first <= 0) return true;
  }
  if (path.starts_with("polygon(")) {
    // Every point the same: "polygon(0px 0px, 0px 0px, 0px 0px)".
    const auto points = base::split(path.substr(8, path.size() - 9), ',');
    if (std::ranges::all_of(points, [&](std::string_view point) {
          return base::trim(point) == base::trim(points.front());
        })) {
      return true;
    }
  }
  const std::string_view clip = box.style[kClip];
  const bool clips = box.style[kPosition] == "absolute" || box.style[kPosition] == "fixed";
  if (clips && clip.starts_with("rect(")) {
    std::array<double, 4> edge{};
    std::size_t i = 0;
    for (const std::string_view value : base::split(clip.substr(5), ',')) {
      if (i < 4) edge[i++] = leading_number(base::trim(value));
    }
    if (i == 4 && (edge[1] - edge[3] <= kPartPixelsMin || edge[2] - edge[0] <= kPartPixelsMin)) {
      return clip.find("auto") == std::string_view::npos;
    }
  }
  return false;
}

bool hides_overflow(std::string_view overflow) {
  return overflow == "hidden" || overflow == "clip";
}

struct Part {
  double left, top, right, bottom;
  bool readable() const { return right - left >= kPartPixelsMin && bottom - top >= kPartPixelsMin; }
};

}  // namespace

bool is_visible_text(const std::vector<Box>& boxes, std::size_t node) {
  const Box& text = boxes[node];
  if (!text.laid_out) return false;
  if (!text.style[kVisibility].empty() && text.style[kVisibility] != "visible") return false;
  const double font = leading_number(text.style[kFontSize]);
  if (!text.style[kFontSize].empty() && font < kFontPixelsMin) return false;
  Part part{text.x, text.y, text.x + text.width, text.y + text.height};
  if (!part.readable()) return false;
  // Nobody can scroll to the left of a page's start or above it.
  if (part.right <= 0 || part.bottom <= 0 || part.left > kRightMax) return false;

  double opacity = 1;
  bool picture_behind = false;
  bool fills_text = false;
  // An absolutely placed box is clipped only by the boxes that it is placed in.
  bool only_positioned = false;
  for (std::size_t at = text.parent; at != Box::kNoParent; at = boxes[at].parent) {
    const Box& above = boxes[at];
    if (!above.laid_out) continue;
    if (!above.style[kOpacity].empty()) opacity *= leading_number(above.style[kOpacity]);
    if (opacity < kOpacityMin || clipped_away(above) ||
        above.style[kFilter].find("opacity(0)") != std::string_view::npos) {
      return false;
    }
    picture_behind |=
        !above.style[kBackgroundImage].empty() && above.style[kBackgroundImage] != "none";
    fills_text |= above.style[kBackgroundClip] == "text";
    const std::string_view position = above.style[kPosition];
    const bool positioned = !position.empty() && position != "static";
    // html and body: their overflow is the viewport's, which pages lock under dialogues.
    const bool viewport = above.parent == Box::kNoParent ||
                          boxes[above.parent].parent == Box::kNoParent ||
                          boxes[boxes[above.parent].parent].parent == Box::kNoParent;
    if (!viewport && (!only_positioned || positioned)) {
      if (hides_overflow(above.style[kOverflowX])) {
        part.left = std::max(part.left, above.x);
        part.right = std::min(part.right, above.x + above.width);
      }
      if (hides_overflow(above.style[kOverflowY])) {
        part.top = std::max(part.top, above.y);
        part.bottom = std::min(part.bottom, above.y + above.height);
      }
      if (!part.readable()) return false;
    }
    if (position == "fixed") break;
    if (positioned) only_positioned = position == "absolute";
  }
  const auto colour = parse_colour(text.style[kColor]);
  if (!colour || fills_text) return true;
  if (colour->alpha < kOpacityMin) return false;
  std::string_view background = text.background;
  for (std::size_t at = text.parent; background.empty() && at != Box::kNoParent;
       at = boxes[at].parent) {
    background = boxes[at].background;
  }
  const auto behind = parse_colour(background.empty() ? "rgb(255, 255, 255)" : background);
  return picture_behind || !behind || !no_contrast(*colour, *behind);
}

}  // namespace seine::web
