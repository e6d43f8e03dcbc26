#include "web/extract/markdown/inline_walk.h"

#include "base/text.h"
#include "web/extract/content/hints.h"
#include "web/extract/content/text_measure.h"
#include "web/extract/markdown/formula.h"

namespace seine::web {
namespace {

using html::Node;
using html::Tag;

constexpr std::size_t kAltBytesMax =
    160;  // longer "alternatives" are captions at best, bait at worst
constexpr std::size_t kLinkBytesMax = 2048;

std::string_view mark_of(const Node* node) {
  if (node->ns != html::Namespace::kHtml) return {};
  switch (node->tag) {
    case Tag::kB:
    case Tag::kStrong:
      return "**";
    case Tag::kI:
    case Tag::kEm:
      return "*";
    case Tag::kCode:
    case Tag::kKbd:
    case Tag::kSamp:
    case Tag::kTt:
      return "`";
    case Tag::kDel:
    case Tag::kS:
    case Tag::kStrike:
      return "~~";
    default:
      return {};
  }
}

// Pixels that count readers, not pictures.
bool is_tracking_pixel(const Node* image) {
  const auto tiny = [](std::string_view size) {
    const auto value = base::parse_u64(size);
    return value && *value <= 2;
  };
  return tiny(image->get("width")) || tiny(image->get("height"));
}

}  // namespace

std::string InlineWalk::absolute(std::string_view reference) const {
  reference = base::trim(reference);
  if (reference.empty() || reference.size() > kLinkBytesMax || reference.starts_with('#'))
    return {};
  if (options_.base == nullptr) {
    return base::ascii_iequals(reference.substr(0, 11), "javascript:") ? ""
                                                                       : std::string(reference);
  }
  const auto url = Url::parse(reference, options_.base);
  if (!url || (!url->is_http() && url->scheme() != "mailto")) return {};
  return url->href();
}

bool InlineWalk::leaf(const Node* node) {
  if (std::optional<Formula> formula = read_formula(node)) {
    if (formula->display) line_.line_break();
    line_.verbatim(formula->display ? "$$" + formula->tex + "$$" : "$" + formula->tex + "$",
                   formula->tex, node->offset);
    if (formula->display) line_.line_break();
    return true;
  }
  if (node->ns != html::Namespace::kHtml) return node->ns == html::Namespace::kSvg;
  switch (node->tag) {
    case Tag::kBr:
      line_.line_break();
      return true;
    case Tag::kWbr:
      return true;
    case Tag::kImg: {
      if (!options_.images || is_tracking_pixel(node)) return true;
      const std::string_view alt = base::trim(node->get("alt"));
      if (alt.empty() || alt.size() > kAltBytesMax) return true;
      std::string_view source = node->get("src");
      if (source.empty() || source.starts_with("data:")) source = node->get("data-src");
      const std::string url = absolute(source);
      if (url.empty()) return true;
      std::string shown = strip_invisible(alt);
      for (char& c : shown) {
        if (c == '[' || c == ']' || c == '\n') c = ' ';
      }
      line_.verbatim("![" + shown + "](" + url + ")", "", node->offset);
      return true;
    }
    case Tag::kScript:
    case Tag::kStyle:
    case Tag::kTemplate:
    case Tag::kSelect:
    case Tag::kTextarea:
    case Tag::kIframe:
    case Tag::kObject:
    case Tag::kVideo:
    case Tag::kAudio:
    case Tag::kCanvas:
    case Tag::kNoembed:
    case Tag::kNoframes:
    case Tag::kDatalist:
      return true;
    default:
      return false;
  }
}

void InlineWalk::open(const Node* node) {
  if (const std::string_view mark = mark_of(node); !mark.empty()) {
    line_.open(mark);
  } else if (options_.links && node->is_html(Tag::kA) && node->has("href")) {
    line_.open_link();
  } else if (node->is_html(Tag::kSup)) {
    line_.open("");
  } else if (node->is_html(Tag::kQ)) {
    line_.verbatim("\"", "\"", node->offset);
  }
}

void InlineWalk::close(const Node* node) {
  if (const std::string_view mark = mark_of(node); !mark.empty()) {
    line_.close(mark);
  } else if (options_.links && node->is_html(Tag::kA) && node->has("href")) {
    line_.close_link(absolute(node->get("href")));
  } else if (node->is_html(Tag::kSup)) {
    line_.close("");
  } else if (node->is_html(Tag::kQ)) {
    line_.verbatim("\"", "\"", node->offset);
  }
}

void write_inline(const Node* root, const WriterOptions& options, InlineText& line) {
  InlineWalk walk(options, line);
  const Node* node = root->first_child;
  while (node != nullptr) {
    bool enter = false;
    if (options.skip && options.skip(node)) {
      enter = false;
    } else if (node->is_text()) {
      line.text(node->text, node->offset);
    } else if (node->is_element() && !walk.leaf(node)) {
      if (is_block(node)) {
        line.space();
      } else {
        walk.open(node);
        if (node->first_child == nullptr) walk.close(node);
      }
      enter = node->first_child != nullptr;
    }
    if (enter) {
      node = node->first_child;
      continue;
    }
    while (node != root && node->next == nullptr) {
      node = node->parent;
      if (node == root) break;
      if (is_block(node)) {
        line.space();
      } else {
        walk.close(node);
      }
    }
    node = node == root ? nullptr : node->next;
  }
}

}  // namespace seine::web
