#include "web/extract/sanitize/sanitizer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/html.h"
#include "base/text.h"
#include "web/extract/html/parser.h"
#include "web/url/url.h"

namespace seine::web {
namespace {

using html::Namespace;
using html::Node;

constexpr std::array<std::string_view, 62> kAllowed = {
    "a",   "abbr",    "address", "article", "aside", "b",          "bdi",    "bdo",    "blockquote",
    "br",  "caption", "cite",    "code",    "col",   "colgroup",   "dd",     "del",    "details",
    "dfn", "div",     "dl",      "dt",      "em",    "figcaption", "figure", "footer", "h1",
    "h2",  "h3",      "h4",      "h5",      "h6",    "header",     "hr",     "i",      "img",
    "ins", "kbd",     "li",      "main",    "mark",  "nav",        "ol",     "p",      "pre",
    "q",   "s",       "samp",    "section", "small", "span",       "strong", "sub",    "summary",
    "sup", "table",   "tbody",   "td",      "tfoot", "th",         "thead",  "time"};
constexpr std::array<std::string_view, 8> kAllowedMore = {"tr",  "u",    "ul", "var",
                                                          "wbr", "ruby", "rt", "rp"};

// With everything in them. All other unknown elements give their children.
constexpr std::array<std::string_view, 31> kDropped = {
    "script",   "style",  "template", "noscript", "noembed", "noframes", "iframe",    "frame",
    "frameset", "object", "embed",    "applet",   "param",   "xmp",      "plaintext", "listing",
    "textarea", "select", "option",   "optgroup", "title",   "head",     "base",      "link",
    "meta",     "audio",  "video",    "canvas",   "map",     "area",     "dialog"};

constexpr std::array<std::string_view, 5> kVoid = {"br", "col", "hr", "img", "wbr"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& list, std::string_view name) {
  return std::ranges::find(list, name) != list.end();
}

bool is_allowed(const Node& node) {
  return node.ns == Namespace::kHtml &&
         (among(kAllowed, node.name) || among(kAllowedMore, node.name));
}

bool is_dropped(const Node& node) {
  return node.ns != Namespace::kHtml || among(kDropped, node.name);
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_language(std::string_view text) {
  return !text.empty() && text.size() <= 35 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z') ||
           c == '-';
  });
}

class Writer {
 public:
  using Skip = std::function<bool(const Node*)>;
  explicit Writer(const SanitizeOptions& options, const Skip& skip = nullptr)
      : options_(options), skip_(skip) {
    if (auto base = Url::parse(options.base_url); base && base->is_http()) base_ = *std::move(base);
  }

  std::string write(const Node* root) {
    // Down and up again by the parents, never by recursion.
    const Node* node = root->first_child;
    while (node != nullptr) {
      const bool open = enter(*node);
      if (open && node->first_child != nullptr) {
        node = node->first_child;
        continue;
      }
      if (open) leave(*node);
      while (node != nullptr && node->next == nullptr) {
        node = node->parent == root ? nullptr : node->parent;
        if (node != nullptr) leave(*node);
      }
      if (node != nullptr) node = node->next;
    }
    return std::move(out_);
  }

 private:
  // False: nothing below is looked at.
  bool enter(const Node& node) {
    if (skip_ && skip_(&node)) return false;
    if (node.is_text()) {
      if (out_.size() + node.text.size() <= options_.output_bytes_max) {
        base::append_html(out_, node.text, base::HtmlPlace::kText);
      }
      return false;
    }
    if (!node.is_element()) return false;
    if (is_dropped(node) || out_.size() > options_.output_bytes_max) return false;
    if (!is_allowed(node)) return true;
    if (node.name == "img") {
      image(node);
      return false;
    }
    out_ += '<';
    out_ += node.name;
    attributes(node);
    out_ += '>';
    if (among(kVoid, node.name)) return false;
    // The parser takes a newline at the start of <pre> away.
    if (node.name == "pre" && node.first_child != nullptr && node.first_child->is_text() &&
        node.first_child->text.starts_with('\n')) {
      out_ += '\n';
    }
    return true;
  }

  void leave(const Node& node) {
    if (!node.is_element() || !is_allowed(node) || among(kVoid, node.name)) return;
    out_ += "</";
    out_ += node.name;
    out_ += '>';
  }

  void attribute(std::string_view name, std::string_view value) {
    out_ += ' ';
    out_ += name;
    out_ += "=\"";
    base::append_html(out_, value, base::HtmlPlace::kAttribute);
    out_ += '"';
  }

  std::optional<std::string> address(std::string_view text, bool mail) const {
    const auto url = Url::parse(text, base_ ? &*base_ : nullptr);
    if (!url || url->has_credentials()) return std::nullopt;
    if (!url->is_http() && !(mail && url->scheme() == "mailto")) return std::nullopt;
    return url->href();
  }

  void image(const Node& node) {
    if (!options_.images) {
      base::append_html(out_, node.get("alt"), base::HtmlPlace::kText);
      return;
    }
    const auto source = address(node.get("src"), false);
    if (!source) return;
    out_ += "<img";
    attribute("src", *source);
    attribute("alt", node.get("alt"));
    for (const std::string_view size : {"width", "height"}) {
      if (is_number(node.get(size))) attribute(size, node.get(size));
    }
    out_ += " loading=\"lazy\" referrerpolicy=\"no-referrer\">";
  }

  void attributes(const Node& node) {
    const std::string_view name = node.name;
    if (name == "a") {
      if (const auto href = address(node.get("href"), true); href && node.has("href")) {
        attribute("href", *href);
        out_ += " rel=\"noopener noreferrer nofollow ugc\"";
      }
    }
    if (node.has("title")) attribute("title", node.get("title"));
    if (is_language(node.get("lang"))) attribute("lang", node.get("lang"));
    const std::string direction = base::ascii_lower(node.get("dir"));
    if (direction == "ltr" || direction == "rtl" || direction == "auto") {
      attribute("dir", direction);
    }
    if (name == "td" || name == "th") {
      for (const std::string_view span : {"colspan", "rowspan"}) {
        if (is_number(node.get(span))) attribute(span, node.get(span));
      }
    }
    if ((name == "col" || name == "colgroup") && is_number(node.get("span"))) {
      attribute("span", node.get("span"));
    }
    if (name == "ol" && is_number(node.get("start"))) attribute("start", node.get("start"));
    if (name == "li" && is_number(node.get("value"))) attribute("value", node.get("value"));
    if (name == "time" && node.has("datetime")) attribute("datetime", node.get("datetime"));
    if (name == "details" && node.has("open")) attribute("open", "");
    // The one class that says something: the language of code.
    if (name == "code" && node.get("class").starts_with("language-") &&
        is_language(node.get("class"))) {
      attribute("class", node.get("class"));
    }
  }

  const SanitizeOptions& options_;
  Skip skip_;
  std::optional<Url> base_;
  std::string out_;
};

std::string once(std::string html, const SanitizeOptions& options) {
  const auto document = html::parse_fragment(std::move(html), "div");
  return Writer(options).write(document->root);
}

// Taking elements away can leave others where the parser would put them elsewhere: until it agrees.
std::string settle(std::string out, const SanitizeOptions& options) {
  static constexpr int kRoundsMax = 8;
  for (int round = 0; round < kRoundsMax; ++round) {
    std::string again = once(out, options);
    if (again == out) return out;
    out = std::move(again);
  }
  // It never does: the text alone.
  const auto document = html::parse_fragment(std::move(out), "div");
  std::string text;
  base::append_html(text, html::text_content(document->root), base::HtmlPlace::kText);
  return text;
}

}  // namespace

std::string sanitize_html(std::string_view html, const SanitizeOptions& options) {
  return settle(once(std::string(html), options), options);
}

std::string sanitize_html(const html::Node* root, const SanitizeOptions& options,
                          const std::function<bool(const html::Node*)>& skip) {
  return settle(Writer(options, skip).write(root), options);
}

}  // namespace seine::web
