#include "web/extract/markdown/formula.h"

#include <vector>

#include "base/text.h"

namespace seine::web {
namespace {

using html::Namespace;
using html::Node;
using html::Tag;

constexpr std::size_t kTexBytesMax = 4000;

bool has_class(const Node* node, std::string_view name) {
  for (const std::string_view one : base::split(node->get("class"), ' ')) {
    if (one == name) return true;
  }
  return false;
}

// An annotation is invisible: only what can be a formula is believed, not sentences.
bool looks_like_tex(std::string_view text) {
  if (text.empty() || text.size() > kTexBytesMax) return false;
  const bool marks = text.find_first_of("\\^_{}=+<>|") != std::string_view::npos;
  return marks || text.find(' ') == std::string_view::npos;
}

const Node* find_annotation(const Node* root) {
  for (const Node* node = root; node != nullptr; node = html::next_in_tree(node, root)) {
    if (node->ns == Namespace::kMathml && node->tag == Tag::kAnnotation &&
        node->get("encoding").find("tex") != std::string_view::npos) {
      return node;
    }
  }
  return nullptr;
}

// MathML in one line: fractions, powers and roots by their tags, the rest in order.
std::string linear(const Node* root) {
  std::string out;
  struct Frame {
    const Node* node;
    int child = 0;
  };
  std::vector<Frame> path = {{root, 0}};
  const auto before = [&](const Node* parent, int child) {
    switch (parent->tag) {
      case Tag::kMfrac:
        out += child == 0 ? "\\frac{" : "{";
        break;
      case Tag::kMsqrt:
        if (child == 0) out += "\\sqrt{";
        break;
      case Tag::kMsup:
      case Tag::kMover:
        if (child == 1) out += "^{";
        break;
      case Tag::kMsub:
      case Tag::kMunder:
        if (child == 1) out += "_{";
        break;
      case Tag::kMsubsup:
      case Tag::kMunderover:
        if (child == 1) out += "_{";
        if (child == 2) out += "^{";
        break;
      default:
        break;
    }
  };
  const auto after = [&](const Node* parent, int child, bool last) {
    switch (parent->tag) {
      case Tag::kMfrac:
        out += "}";
        break;
      case Tag::kMsqrt:
        if (last) out += "}";
        break;
      case Tag::kMsup:
      case Tag::kMsub:
      case Tag::kMover:
      case Tag::kMunder:
      case Tag::kMsubsup:
      case Tag::kMunderover:
        if (child > 0) out += "}";
        break;
      default:
        break;
    }
  };
  const Node* node = root->first_child;
  while (node != nullptr) {
    const bool skipped = node->ns == Namespace::kMathml &&
                         (node->tag == Tag::kAnnotation || node->tag == Tag::kAnnotationXml);
    if (node->is_text()) out += base::trim(node->text);
    if (node->is_element() && !skipped) {
      before(node->parent, path.back().child);
      if (node->first_child != nullptr) {
        path.push_back({node, 0});
        node = node->first_child;
        continue;
      }
      after(node->parent, path.back().child++, node->next == nullptr);
    }
    while (node != root && node->next == nullptr) {
      node = node->parent;
      path.pop_back();
      if (node == root) break;
      after(node->parent, path.back().child++, node->next == nullptr);
    }
    node = node == root ? nullptr : node->next;
    if (out.size() > kTexBytesMax) break;
  }
  return out;
}

std::optional<Formula> from_math(const Node* math, bool display) {
  if (const Node* annotation = find_annotation(math)) {
    const std::string tex(base::trim(html::text_content(annotation)));
    if (looks_like_tex(tex)) return Formula{tex, display};
  }
  std::string tex = linear(math);
  if (tex.empty()) return std::nullopt;
  return Formula{std::move(tex), display};
}

const Node* find_math(const Node* root) {
  for (const Node* node = root; node != nullptr; node = html::next_in_tree(node, root)) {
    if (node->ns == Namespace::kMathml && node->tag == Tag::kMath) return node;
  }
  return nullptr;
}

}  // namespace

std::optional<Formula> read_formula(const Node* node) {
  if (!node->is_element()) return std::nullopt;
  if (node->ns == Namespace::kMathml && node->tag == Tag::kMath) {
    return from_math(node, node->get("display") == "block");
  }
  if (node->ns != Namespace::kHtml) return std::nullopt;
  if (node->tag == Tag::kScript) {
    const std::string_view type = node->get("type");
    if (!type.starts_with("math/tex")) return std::nullopt;
    const std::string tex(base::trim(html::text_content(node)));
    if (!looks_like_tex(tex)) return std::nullopt;
    return Formula{tex, type.find("mode=display") != std::string_view::npos};
  }
  if (node->tag == Tag::kImg) {
    const std::string_view alt = base::trim(node->get("alt"));
    const bool tex_image = has_class(node, "tex") ||
                           node->get("class").find("math") != std::string_view::npos ||
                           node->get("class").find("latex") != std::string_view::npos;
    if (tex_image && looks_like_tex(alt) && alt.find('\\') != std::string_view::npos)
      return Formula{std::string(alt), false};
    return std::nullopt;
  }
  const std::string_view classes = node->get("class");
  if (classes.empty()) return std::nullopt;
  if (has_class(node, "katex") || has_class(node, "katex-display") ||
      has_class(node, "mwe-math-element")) {
    if (const Node* math = find_math(node))
      return from_math(math, has_class(node, "katex-display"));
  }
  if (has_class(node, "MathJax_Preview") || has_class(node, "MathJax_SVG") ||
      has_class(node, "MathJax")) {
    // The TeX stands in the script beside it.
    const Node* sibling = node->next;
    while (sibling != nullptr && sibling->is_text() && base::trim(sibling->text).empty())
      sibling = sibling->next;
    if (sibling != nullptr && sibling->is_html(Tag::kScript) &&
        sibling->get("type").starts_with("math/tex"))
      return Formula{};
  }
  return std::nullopt;
}

}  // namespace seine::web
