#include <algorithm>
#include <array>

#include "base/text.h"
#include "web/extract/html/tree_builder.h"

namespace seine::web::html {
namespace {

// Section 13.2.6.1: names that SVG writes in mixed case.
constexpr auto kSvgTags = std::to_array<std::string_view>({"altGlyph",
                                                           "altGlyphDef",
                                                           "altGlyphItem",
                                                           "animateColor",
                                                           "animateMotion",
                                                           "animateTransform",
                                                           "clipPath",
                                                           "feBlend",
                                                           "feColorMatrix",
                                                           "feComponentTransfer",
                                                           "feComposite",
                                                           "feConvolveMatrix",
                                                           "feDiffuseLighting",
                                                           "feDisplacementMap",
                                                           "feDistantLight",
                                                           "feDropShadow",
                                                           "feFlood",
                                                           "feFuncA",
                                                           "feFuncB",
                                                           "feFuncG",
                                                           "feFuncR",
                                                           "feGaussianBlur",
                                                           "feImage",
                                                           "feMerge",
                                                           "feMergeNode",
                                                           "feMorphology",
                                                           "feOffset",
                                                           "fePointLight",
                                                           "feSpecularLighting",
                                                           "feSpotLight",
                                                           "feTile",
                                                           "feTurbulence",
                                                           "foreignObject",
                                                           "glyphRef",
                                                           "linearGradient",
                                                           "radialGradient",
                                                           "textPath"});
constexpr auto kSvgAttributes = std::to_array<std::string_view>({"attributeName",
                                                                 "attributeType",
                                                                 "baseFrequency",
                                                                 "baseProfile",
                                                                 "calcMode",
                                                                 "clipPathUnits",
                                                                 "diffuseConstant",
                                                                 "edgeMode",
                                                                 "filterUnits",
                                                                 "glyphRef",
                                                                 "gradientTransform",
                                                                 "gradientUnits",
                                                                 "kernelMatrix",
                                                                 "kernelUnitLength",
                                                                 "keyPoints",
                                                                 "keySplines",
                                                                 "keyTimes",
                                                                 "lengthAdjust",
                                                                 "limitingConeAngle",
                                                                 "markerHeight",
                                                                 "markerUnits",
                                                                 "markerWidth",
                                                                 "maskContentUnits",
                                                                 "maskUnits",
                                                                 "numOctaves",
                                                                 "pathLength",
                                                                 "patternContentUnits",
                                                                 "patternTransform",
                                                                 "patternUnits",
                                                                 "pointsAtX",
                                                                 "pointsAtY",
                                                                 "pointsAtZ",
                                                                 "preserveAlpha",
                                                                 "preserveAspectRatio",
                                                                 "primitiveUnits",
                                                                 "refX",
                                                                 "refY",
                                                                 "repeatCount",
                                                                 "repeatDur",
                                                                 "requiredExtensions",
                                                                 "requiredFeatures",
                                                                 "specularConstant",
                                                                 "specularExponent",
                                                                 "spreadMethod",
                                                                 "startOffset",
                                                                 "stdDeviation",
                                                                 "stitchTiles",
                                                                 "surfaceScale",
                                                                 "systemLanguage",
                                                                 "tableValues",
                                                                 "targetX",
                                                                 "targetY",
                                                                 "textLength",
                                                                 "viewBox",
                                                                 "viewTarget",
                                                                 "xChannelSelector",
                                                                 "yChannelSelector",
                                                                 "zoomAndPan"});
constexpr auto kXlink =
    std::to_array<std::string_view>({"xlink:actuate", "xlink:arcrole", "xlink:href", "xlink:role",
                                     "xlink:show", "xlink:title", "xlink:type"});

constexpr TagSet kBreakouts = {
    Tag::kB,       Tag::kBig,  Tag::kBlockquote, Tag::kBody,  Tag::kBr,   Tag::kCenter,
    Tag::kCode,    Tag::kDd,   Tag::kDiv,        Tag::kDl,    Tag::kDt,   Tag::kEm,
    Tag::kEmbed,   Tag::kH1,   Tag::kH2,         Tag::kH3,    Tag::kH4,   Tag::kH5,
    Tag::kH6,      Tag::kHead, Tag::kHr,         Tag::kI,     Tag::kImg,  Tag::kLi,
    Tag::kListing, Tag::kMenu, Tag::kMeta,       Tag::kNobr,  Tag::kOl,   Tag::kP,
    Tag::kPre,     Tag::kRuby, Tag::kS,          Tag::kSmall, Tag::kSpan, Tag::kStrong,
    Tag::kStrike,  Tag::kSub,  Tag::kSup,        Tag::kTable, Tag::kTt,   Tag::kU,
    Tag::kUl,      Tag::kVar};

template <std::size_t N>
std::string_view adjusted(std::string_view name, const std::array<std::string_view, N>& table) {
  for (const std::string_view proper : table) {
    if (proper.size() == name.size() && base::ascii_iequals(proper, name)) return proper;
  }
  return name;
}

void adjust_attributes(std::vector<Attribute>& attributes, Namespace ns) {
  for (Attribute& attribute : attributes) {
    if (ns == Namespace::kMathml && attribute.name == "definitionurl")
      attribute.name = "definitionURL";
    if (ns == Namespace::kSvg) attribute.name = adjusted(attribute.name, kSvgAttributes);
    if (std::ranges::find(kXlink, attribute.name) != kXlink.end()) {
      attribute.prefix = AttributePrefix::kXlink;
      attribute.name.remove_prefix(6);
    } else if (attribute.name == "xml:lang" || attribute.name == "xml:space") {
      attribute.prefix = AttributePrefix::kXml;
      attribute.name.remove_prefix(4);
    } else if (attribute.name == "xmlns" || attribute.name == "xmlns:xlink") {
      attribute.prefix = AttributePrefix::kXmlns;
      if (attribute.name.size() > 5) attribute.name.remove_prefix(6);
    }
  }
}

bool breaks_out(const Token& token) {
  if (token.type == TokenType::kEndTag) return token.tag == Tag::kBr || token.tag == Tag::kP;
  if (token.type != TokenType::kStartTag) return false;
  if (token.tag == Tag::kFont) {
    return std::ranges::any_of(token.attributes, [](const Attribute& attribute) {
      return attribute.name == "color" || attribute.name == "face" || attribute.name == "size";
    });
  }
  return kBreakouts.has(token.tag);
}

bool same_name(const Node* node, const Token& token) {
  return node->tag != Tag::kUnknown || token.tag != Tag::kUnknown
             ? node->tag == token.tag
             : base::ascii_iequals(node->name, token.name);
}

}  // namespace

bool is_mathml_text_point(const Node* node) {
  constexpr TagSet kPoints = {Tag::kMi, Tag::kMo, Tag::kMn, Tag::kMs, Tag::kMtext};
  return node->ns == Namespace::kMathml && kPoints.has(node->tag);
}

bool is_html_integration_point(const Node* node) {
  if (node->ns == Namespace::kSvg) {
    return node->tag == Tag::kForeignobject || node->tag == Tag::kDesc || node->tag == Tag::kTitle;
  }
  if (node->ns != Namespace::kMathml || node->tag != Tag::kAnnotationXml) return false;
  const std::string_view encoding = node->get("encoding");
  return base::ascii_iequals(encoding, "text/html") ||
         base::ascii_iequals(encoding, "application/xhtml+xml");
}

// Also inserts the <svg> or <math> that starts foreign content inside HTML.
void TreeBuilder::in_foreign(Token& token) {
  switch (token.type) {
    case TokenType::kText:
      if (token.is_null) return insert_text("\xEF\xBF\xBD", token.offset);
      insert_text(token.text, token.offset);
      if (!space_run_) frameset_ok_ = false;
      return;
    case TokenType::kComment:
      return insert_comment(token);
    case TokenType::kDoctype:
    case TokenType::kEnd:
      return;
    case TokenType::kStartTag:
    case TokenType::kEndTag:
      break;
  }
  if (breaks_out(token)) {
    while (stack_.size() > 1 && current()->ns != Namespace::kHtml &&
           !is_mathml_text_point(current()) && !is_html_integration_point(current())) {
      pop();
    }
    return process(mode_, token);
  }
  if (token.type == TokenType::kStartTag) {
    const bool entering = adjusted_current()->ns == Namespace::kHtml || !uses_foreign_rules(token);
    Namespace ns = adjusted_current()->ns;
    if (entering) ns = token.tag == Tag::kSvg ? Namespace::kSvg : Namespace::kMathml;
    if (ns == Namespace::kSvg) token.name = adjusted(token.name, kSvgTags);
    adjust_attributes(token.attributes, ns);
    insert_foreign(token, ns);
    if (token.self_closing) pop();
    return;
  }
  for (std::size_t i = stack_.size() - 1; i > 0; --i) {
    Node* node = stack_[i];
    if (node->ns == Namespace::kHtml) return process(mode_, token);
    if (same_name(node, token)) return pop_until_node(node);
  }
}

}  // namespace seine::web::html
