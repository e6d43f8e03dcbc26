// Sanitiser fixtures. The hard gate: no output holds anything that runs, nor another reading after
// being parsed once more. What equals the fixture's own expectation is told beside it: ours drops
// SVG, MathML, forms and ids on purpose, which the fixtures keep.
#include <algorithm>

#include "base/text.h"
#include "scoring.h"
#include "web/extract/html/parser.h"
#include "web/extract/sanitize/sanitizer.h"
#include "web/url/url.h"

namespace seine::web::conform {
namespace {

bool runs(const html::Node& node) {
  static constexpr std::string_view kElements[] = {"script", "style", "iframe", "object",
                                                   "embed",  "base",  "link",   "meta",
                                                   "form",   "frame", "applet", "template"};
  if (node.ns != html::Namespace::kHtml) return true;
  if (std::ranges::find(kElements, node.name) != std::end(kElements)) return true;
  for (std::uint32_t i = 0; i < node.attribute_count; ++i) {
    const html::Attribute& attribute = node.attributes[i];
    const std::string name = base::ascii_lower(attribute.name);
    if (name.starts_with("on") || name == "style" || name == "srcdoc") return true;
    if (name != "href" && name != "src" && name != "action" && name != "data") continue;
    const auto url = Url::parse(attribute.value);
    if (!url || (!url->is_http() && url->scheme() != "mailto")) return true;
  }
  return false;
}

}  // namespace

Outcome score_dompurify(const std::filesystem::path& dir) {
  Outcome outcome;
  std::size_t total = 0;
  std::size_t leaks = 0;
  std::size_t moving = 0;
  std::size_t equal = 0;
  for (const base::Json& row : read_json(dir / "fixtures.json")) {
    ++total;
    const std::string title = text_of(row, "title");
    const SanitizeOptions options{.base_url = "https://example.org/"};
    const std::string out = sanitize_html(text_of(row, "payload"), options);
    const auto document = html::parse_fragment(out, "div");
    bool leak = false;
    for (const html::Node* node = html::next_in_tree(document->root, document->root);
         node != nullptr; node = html::next_in_tree(node, document->root)) {
      leak = leak || (node->is_element() && runs(*node));
    }
    if (leak) {
      ++leaks;
      outcome.failures.push_back(fmt::format("leak: {}: {}", title, out));
    }
    if (sanitize_html(out, options) != out) {
      ++moving;
      outcome.failures.push_back(fmt::format("no fixed point: {}", title));
    }
    const base::Json& expected = row["expected"];
    const auto same = [&](const base::Json& one) { return one.is_string() && one == out; };
    if (expected.is_array() ? std::ranges::any_of(expected, same) : same(expected)) ++equal;
  }
  outcome.metrics.push_back({"executable leaks", static_cast<double>(leaks), 0, true});
  outcome.metrics.push_back({"changed by a second time", static_cast<double>(moving), 0, true});
  outcome.share("equal to the fixture", equal, total);
  return outcome;
}

}  // namespace seine::web::conform
