// Whether a reader could see a piece of text, from the boxes and computed styles that the browser
// gave. Pure values of one document.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

namespace seine::web {

enum Style : std::uint8_t {
  kVisibility,
  kOpacity,
  kFontSize,
  kColor,
  kPosition,
  kOverflowX,
  kOverflowY,
  kClip,
  kClipPath,
  kFilter,
  kBackgroundImage,
  kBackgroundClip,
  kStyleCount,
};
inline constexpr std::array<std::string_view, kStyleCount> kStyleNames = {
    "visibility", "opacity", "font-size", "color",  "position",         "overflow-x",
    "overflow-y", "clip",    "clip-path", "filter", "background-image", "background-clip"};

// A node's box; slices are of the snapshot.
struct Box {
  static constexpr std::size_t kNoParent = static_cast<std::size_t>(-1);
  std::size_t parent = kNoParent;  // an earlier index
  bool laid_out = false;
  double x = 0, y = 0, width = 0, height = 0;  // of the document, CSS pixels
  std::string_view background;                 // blended, "rgb(…)"
  std::array<std::string_view, kStyleCount> style = {};
};

bool is_visible_text(const std::vector<Box>& boxes, std::size_t node);

}  // namespace seine::web
