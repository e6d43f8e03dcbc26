#include "web/extract/style/visibility.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "web/extract/style/css.h"

namespace seine::web {
namespace {

using css::Color;
using css::Style;
using html::Namespace;
using html::Node;
using html::Tag;

// What the element hands down to its children.
struct Inherited {
  bool visibility_hidden = false;
  bool tiny = false;
  Color color{0, 0, 0, 1};
  Color background{255, 255, 255, 1};
  bool color_set = false;        // a rule that we know of set it; browsers' defaults contrast
  bool background_known = true;  // nothing but colours up to the root
};

float distance(const Color& a, const Color& b) {
  return std::max({std::abs(a.r - b.r), std::abs(a.g - b.g), std::abs(a.b - b.b)});
}

constexpr float kFarOff = -500;   // pixels: past the edge of every window
constexpr float kSameColor = 12;  // largest channel difference that no reader sees
constexpr float kTinyFont = 3;    // pixels

bool is_never_shown(const Node* node) {
  if (node->ns == Namespace::kMathml)
    return node->tag == Tag::kAnnotation || node->tag == Tag::kAnnotationXml;
  if (node->ns == Namespace::kSvg)
    return node->tag == Tag::kDesc || node->tag == Tag::kTitle || node->name == "metadata";
  switch (node->tag) {
    case Tag::kHead:
    case Tag::kScript:
    case Tag::kStyle:
    case Tag::kTemplate:
    case Tag::kIframe:
    case Tag::kObject:
    case Tag::kEmbed:
    case Tag::kApplet:
    case Tag::kNoembed:
    case Tag::kNoframes:
    case Tag::kDatalist:
      return true;
    case Tag::kInput:
      return base::ascii_iequals(node->get("type"), "hidden");
    case Tag::kDialog:
      return !node->has("open");
    default:
      return false;
  }
}

bool hidden_by_attribute(const Node* node) {
  if (node->has("hidden")) return true;
  if (node->ns == Namespace::kSvg && node->tag == Tag::kSvg) {
    return node->get("width") == "0" || node->get("height") == "0";
  }
  return false;
}

bool hidden_by_box(const Style& style) {
  if (style.display_none || style.opacity < 0.1F || style.transform_hides || style.clip_path_empty)
    return true;
  if (style.clipped && style.out_of_flow) return true;
  if (style.out_of_flow &&
      (style.left <= kFarOff || style.top <= kFarOff || style.right <= kFarOff))
    return true;
  if (style.indent <= kFarOff || style.margin_left <= kFarOff * 2) return true;
  const bool no_box =
      (style.width >= 0 && style.width <= 1) || (style.height >= 0 && style.height <= 1);
  return no_box && style.overflow_hidden;
}

std::size_t text_bytes(const Node* root) {
  std::size_t bytes = 0;
  for (const Node* node = root; node != nullptr;) {
    if (node->is_element() && is_never_shown(node)) {
      node = html::next_after_subtree(node, root);
      continue;
    }
    if (node->is_text()) bytes += base::trim(node->text).size();
    node = html::next_in_tree(node, root);
  }
  return bytes;
}

}  // namespace

Visibility::Visibility(const html::Document& document) : hidden_(document.node_count, 0) {
  css::StyleSheet sheet;
  for (const Node* node = document.root; node != nullptr;
       node = html::next_in_tree(node, document.root)) {
    if (!node->is_html(Tag::kStyle) || node->first_child == nullptr) continue;
    const std::string_view media = node->get("media");
    // The text node is a slice of the source or of the arena: it lives as long as the document.
    if (media.empty() || css::media_applies(media)) sheet.add(node->first_child->text);
  }
  const std::size_t all_text = text_bytes(document.root);

  std::vector<Inherited> inherited(1);  // a stack parallel to the path from the root
  const Node* node = document.root;
  while (node != nullptr) {
    bool enter = true;
    if (node->is_element()) {
      Inherited own = inherited.back();
      bool hides = is_never_shown(node) || hidden_by_attribute(node);
      if (!hides) {
        Style style;
        if (!sheet.empty()) sheet.apply(node, style);
        const std::uint32_t from_sheet = style.set;
        const std::string_view inline_style = node->get("style");
        if (!inline_style.empty()) style.apply_block(inline_style);
        if (style.set != 0) {
          hides = hidden_by_box(style);
          if ((style.set & Style::kVisibility) != 0)
            own.visibility_hidden = style.visibility_hidden;
          if ((style.set & Style::kFontSize) != 0) own.tiny = style.font_px < kTinyFont;
          if ((style.set & Style::kBackground) != 0) {
            if (style.background.a > 0.5F) own.background = style.background;
          }
          if ((style.set & Style::kColor) != 0) {
            own.color = style.color;
            own.color_set = true;
          }
          const bool unreadable =
              own.color_set &&
              (own.color.a < 0.05F || distance(own.color, own.background) < kSameColor);
          hides = hides || own.visibility_hidden || own.tiny || unreadable;
          // A style block that hides most of the page waits for a script to show it again.
          if (hides && from_sheet != 0 && text_bytes(node) * 2 > all_text) {
            hides = false;
            own = inherited.back();
          }
        }
      }
      if (hides) {
        hidden_[node->id] = 1;
        enter = false;
        for (const Node* below = node; below != nullptr; below = html::next_in_tree(below, node))
          hidden_[below->id] = 1;
      } else if (node->first_child != nullptr) {
        inherited.push_back(own);
      }
    } else if (node->first_child != nullptr) {
      inherited.push_back(inherited.back());
    }
    if (enter && node->first_child != nullptr) {
      node = node->first_child;
      continue;
    }
    while (node != nullptr && node->next == nullptr) {
      node = node->parent;
      if (node != nullptr) inherited.pop_back();
    }
    if (node != nullptr) node = node->next;
  }
}

}  // namespace seine::web
