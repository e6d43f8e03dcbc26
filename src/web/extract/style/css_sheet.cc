#include <algorithm>
#include <array>

#include "base/text.h"
#include "web/extract/style/css.h"

namespace seine::web::css {
namespace {

using html::Node;

constexpr std::size_t kSelectorsOfRuleMax = 200;
constexpr int kNestingMax = 6;

// The end of the block that `open` ('{') starts, strings and nesting respected.
std::size_t block_end(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{') ++depth;
    if (c == '}' && --depth == 0) return i;
    if (c == '"' || c == '\'') {
      const std::size_t close = text.find(c, i + 1);
      if (close == std::string_view::npos) return text.size();
      i = close;
    }
  }
  return text.size();
}

}  // namespace

bool may_hide(std::string_view declarations) {
  for (const std::string_view word :
       {"display", "visib", "opacity", "font-size", "color", "position", "indent", "clip",
        "overflow", "transform", "DISPLAY", "background"}) {
    if (declarations.find(word) != std::string_view::npos) return true;
  }
  return false;
}

bool media_applies(std::string_view condition) {
  constexpr float kScreenWidth = 1280;
  for (const std::string_view query : base::split(condition, ',')) {
    const std::string lower = base::ascii_lower(base::trim(query));
    bool holds = true;
    if (lower.starts_with("print") || lower.starts_with("speech") ||
        lower.starts_with("only print") || lower.starts_with("not ")) {
      holds = false;
    }
    for (std::size_t at = lower.find("-width"); at != std::string::npos;
         at = lower.find("-width", at + 1)) {
      const std::size_t colon = lower.find(':', at);
      if (colon == std::string::npos) break;
      const auto width = parse_length(
          std::string_view(lower).substr(colon + 1, lower.find(')', colon) - colon - 1));
      if (!width || at < 3) continue;
      const std::string_view kind = std::string_view(lower).substr(at - 3, 3);
      if (kind == "min" && *width > kScreenWidth) holds = false;
      if (kind == "max" && *width < kScreenWidth) holds = false;
    }
    for (const std::string_view feature :
         {"prefers-", "hover", "orientation", "max-height", "portrait", "scripting"}) {
      if (lower.find(feature) != std::string::npos) holds = false;  // depends on the reader
    }
    if (holds) return true;
  }
  return false;
}

void StyleSheet::add(std::string_view text) {
  if (bytes_ + text.size() > kBytesMax) return;
  bytes_ += text.size();
  add_rules(text, 0);
}

void StyleSheet::add_rules(std::string_view text, int depth) {
  std::size_t at = 0;
  while (at < text.size() && rules_.size() < kRulesMax) {
    const char c = text[at];
    if (static_cast<unsigned char>(c) <= ' ' || c == '}' || c == ';') {
      ++at;
      continue;
    }
    if (text.substr(at).starts_with("/*")) {
      const std::size_t end = text.find("*/", at + 2);
      if (end == std::string_view::npos) return;
      at = end + 2;
      continue;
    }
    if (text.substr(at).starts_with("<!--") || text.substr(at).starts_with("-->")) {
      at += text[at] == '<' ? 4 : 3;
      continue;
    }
    const std::size_t open = text.find('{', at);
    if (c == '@') {
      const std::size_t semicolon = text.find(';', at);
      if (open == std::string_view::npos || semicolon < open) {  // @import, @charset
        if (semicolon == std::string_view::npos) return;
        at = semicolon + 1;
        continue;
      }
      const std::size_t end = block_end(text, open);
      const std::string_view prelude = text.substr(at, open - at);
      const std::string_view body = text.substr(open + 1, end - open - 1);
      const bool nested = (prelude.starts_with("@media") && media_applies(prelude.substr(6))) ||
                          prelude.starts_with("@layer") || prelude.starts_with("@supports");
      if (nested && depth < kNestingMax) add_rules(body, depth + 1);
      at = std::min(end + 1, text.size());
      continue;
    }
    if (open == std::string_view::npos) return;
    const std::size_t end = block_end(text, open);
    const std::string_view body = text.substr(open + 1, end - open - 1);
    if (may_hide(body)) add_rule(text.substr(at, open - at), body);
    at = std::min(end + 1, text.size());
  }
}

void StyleSheet::add_rule(std::string_view selectors, std::string_view declarations) {
  // Keep only what could hide: most rules set a colour or a size that no reader would miss.
  Style probe;
  probe.apply_block(declarations);
  if (probe.set == 0) return;
  std::size_t budget = kSelectorsOfRuleMax;
  for (const std::string_view text : base::split(selectors, ',')) {
    if (budget-- == 0 || rules_.size() >= kRulesMax) return;
    std::optional<Selector> selector = Selector::parse(base::trim(text));
    if (!selector) continue;
    Rule rule;
    rule.declarations = declarations;
    rule.order = static_cast<std::uint32_t>(rules_.size());
    rule.specificity = selector->specificity();
    const Selector::Simple& last = selector->last();
    auto& list = !last.id.empty()        ? by_id_[last.id]
                 : !last.classes.empty() ? by_class_[last.classes.front()]
                                         : by_tag_[last.tag];
    list.push_back(rule.order);
    rule.selector = std::move(*selector);
    rules_.push_back(std::move(rule));
  }
}

void StyleSheet::apply(const Node* element, Style& style) const {
  std::vector<const Rule*> matching;
  const auto collect = [&](const auto& index, std::string_view key) {
    const auto found = index.find(key);
    if (found == index.end()) return;
    for (const std::uint32_t i : found->second) {
      if (rules_[i].selector.matches(element)) matching.push_back(&rules_[i]);
    }
  };
  if (const std::string_view id = element->get("id"); !id.empty()) collect(by_id_, id);
  std::string_view classes = element->get("class");
  int budget = 32;
  while (!classes.empty() && budget-- > 0) {
    const auto space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    const auto end =
        static_cast<std::size_t>(std::ranges::find_if(classes, space) - classes.begin());
    if (end > 0) collect(by_class_, classes.substr(0, end));
    classes.remove_prefix(std::min(end + 1, classes.size()));
  }
  collect(by_tag_, element->name);
  collect(by_tag_, "");
  std::ranges::sort(matching, [](const Rule* a, const Rule* b) {
    return std::pair(a->specificity, a->order) < std::pair(b->specificity, b->order);
  });
  for (const Rule* rule : matching) style.apply_block(rule->declarations);
}

}  // namespace seine::web::css
