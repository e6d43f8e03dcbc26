// As much CSS as it takes to see that text is invisible: declarations that can hide, and
// style-sheet rules with the selectors of selector.h: a rule that is not understood hides nothing.
// Reading is linear and bounded. Slices of the text given.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "web/extract/html/dom.h"
#include "web/extract/style/selector.h"

namespace seine::web::css {

struct Color {
  float r = 0, g = 0, b = 0;  // 0-255
  float a = 1;
};
std::optional<Color> parse_color(std::string_view text);
// Pixels of a length ("0", "-9999px", "2em" as 16 px each); nothing for percentages and keywords.
std::optional<float> parse_length(std::string_view text);

// What is set of the properties that can hide. Not a cascade of all of CSS.
struct Style {
  enum Property : std::uint32_t {
    kDisplay = 1,
    kVisibility = 2,
    kOpacity = 4,
    kFontSize = 8,
    kColor = 16,
    kBackground = 32,
    kPosition = 64,
    kLeft = 128,
    kTop = 256,
    kIndent = 512,
    kClip = 1024,
    kClipPath = 2048,
    kWidth = 4096,
    kHeight = 8192,
    kOverflow = 16384,
    kTransform = 32768,
    kRight = 65536,
    kMargin = 131072,
  };
  std::uint32_t set = 0;
  std::uint32_t important = 0;
  bool display_none = false;
  bool visibility_hidden = false;
  bool out_of_flow = false;  // position absolute or fixed
  bool clipped = false;
  bool clip_path_empty = false;
  bool overflow_hidden = false;
  bool transform_hides = false;
  float opacity = 1;
  float font_px = 16;
  float left = 0, top = 0, right = 0, indent = 0, margin_left = 0;
  float width = -1, height = -1;  // -1: not a plain length
  Color color, background;

  // One declaration; unknown properties are ignored.
  void apply(std::string_view property, std::string_view value, bool is_important);
  // "color: red; display:none !important"
  void apply_block(std::string_view declarations);
};

class StyleSheet {
 public:
  static constexpr std::size_t kRulesMax = 20'000;
  static constexpr std::size_t kBytesMax = std::size_t{2} << 20;

  // The text of one <style>; later ones weigh more. Rules of @media apply when they are for a
  // screen 1,280 pixels wide.
  void add(std::string_view text);
  bool empty() const { return rules_.empty(); }
  // Applies every matching rule in cascade order.
  void apply(const html::Node* element, Style& style) const;

 private:
  struct Rule {
    Selector selector;
    std::string_view declarations;
    std::uint32_t specificity = 0;
    std::uint32_t order = 0;
  };

  void add_rules(std::string_view text, int depth);
  void add_rule(std::string_view selectors, std::string_view declarations);

  std::vector<Rule> rules_;
  std::size_t bytes_ = 0;
  // Rules by what their last compound needs: an id, else a class, else a tag, else "".
  std::unordered_map<std::string_view, std::vector<std::uint32_t>> by_id_, by_class_, by_tag_;
};

// Whether a declaration block can hide anything: a quick look before a rule is kept.
bool may_hide(std::string_view declarations);
// Whether a @media condition holds on a screen 1,280 pixels wide.
bool media_applies(std::string_view condition);

}  // namespace seine::web::css
