#include <algorithm>
#include <array>

#include "base/text.h"
#include "web/extract/style/css.h"

namespace seine::web::css {
namespace {

using html::Node;

constexpr std::size_t kSelectorsOfRuleMax = 200;
constexpr int kNestingMax = 6;

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

std::string_view take_name(std::string_view text, std::size_t& at) {
  const std::size_t start = at;
  while (at < text.size() && is_name_char(text[at])) ++at;
  return text.substr(start, at - start);
}

bool has_class(std::string_view list, std::string_view name) {
  for (std::size_t at = list.find(name); at != std::string_view::npos;
       at = list.find(name, at + 1)) {
    const auto is_edge = [&](std::size_t i) {
      return i >= list.size() || static_cast<unsigned char>(list[i]) <= ' ';
    };
    if ((at == 0 || is_edge(at - 1)) && is_edge(at + name.size())) return true;
  }
  return false;
}

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
    std::optional<std::vector<Simple>> selector = parse_selector(base::trim(text));
    if (!selector || selector->empty()) continue;
    Rule rule;
    rule.declarations = declarations;
    rule.order = static_cast<std::uint32_t>(rules_.size());
    for (const Simple& simple : *selector) {
      rule.specificity +=
          (simple.id.empty() ? 0U : 10000U) + (simple.tag.empty() ? 0U : 1U) +
          static_cast<std::uint32_t>(simple.classes.size() + simple.attributes.size()) * 100U;
    }
    const Simple& last = selector->back();
    auto& list = !last.id.empty()        ? by_id_[last.id]
                 : !last.classes.empty() ? by_class_[last.classes.front()]
                                         : by_tag_[last.tag];
    list.push_back(rule.order);
    rule.selector = std::move(*selector);
    rules_.push_back(std::move(rule));
  }
}

std::optional<std::vector<StyleSheet::Simple>> StyleSheet::parse_selector(std::string_view text) {
  std::vector<Simple> out;
  bool child = false;
  std::size_t at = 0;
  while (at < text.size()) {
    if (static_cast<unsigned char>(text[at]) <= ' ') {
      ++at;
      continue;
    }
    if (text[at] == '>') {
      if (out.empty()) return std::nullopt;
      child = true;
      ++at;
      continue;
    }
    Simple simple;
    simple.child = std::exchange(child, false);
    bool any = false;
    while (at < text.size() && static_cast<unsigned char>(text[at]) > ' ' && text[at] != '>') {
      const char c = text[at];
      any = true;
      if (c == '*') {
        ++at;
      } else if (c == '.' || c == '#') {
        ++at;
        const std::string_view name = take_name(text, at);
        if (name.empty()) return std::nullopt;
        if (c == '#') {
          simple.id = name;
        } else {
          simple.classes.push_back(name);
        }
      } else if (c == '[') {
        const std::size_t close = text.find(']', at);
        if (close == std::string_view::npos) return std::nullopt;
        std::string_view inside = base::trim(text.substr(at + 1, close - at - 1));
        at = close + 1;
        Simple::Attribute attribute;
        std::size_t name_end = 0;
        attribute.name = take_name(inside, name_end);
        inside = base::trim(inside.substr(name_end));
        if (!inside.empty()) {
          if (inside.front() != '=') {
            attribute.op = inside.front();
            inside.remove_prefix(1);
          } else {
            attribute.op = '=';
          }
          if (!inside.starts_with('=')) return std::nullopt;
          inside = base::trim(inside.substr(1));
          if (inside.size() >= 2 && (inside.front() == '"' || inside.front() == '\'')) {
            inside = inside.substr(1, inside.size() - 2);
          }
          attribute.value = inside;
        }
        simple.attributes.push_back(attribute);
      } else if (is_name_char(c)) {
        simple.tag = take_name(text, at);
      } else {
        return std::nullopt;  // pseudo-classes, siblings, namespaces
      }
    }
    if (!any || simple.classes.size() + simple.attributes.size() > 16) return std::nullopt;
    out.push_back(std::move(simple));
    if (out.size() > 16) return std::nullopt;
  }
  return out;
}

bool StyleSheet::matches(const Simple& simple, const Node* element) {
  if (!simple.tag.empty() && !base::ascii_iequals(simple.tag, element->name)) return false;
  if (!simple.id.empty() && element->get("id") != simple.id) return false;
  if (!simple.classes.empty()) {
    const std::string_view list = element->get("class");
    for (const std::string_view name : simple.classes) {
      if (!has_class(list, name)) return false;
    }
  }
  for (const Simple::Attribute& wanted : simple.attributes) {
    const html::Attribute* found = element->find(wanted.name);
    if (found == nullptr) return false;
    const std::string_view value = found->value;
    switch (wanted.op) {
      case '=':
        if (value != wanted.value) return false;
        break;
      case '^':
        if (!value.starts_with(wanted.value)) return false;
        break;
      case '$':
        if (!value.ends_with(wanted.value)) return false;
        break;
      case '*':
        if (value.find(wanted.value) == std::string_view::npos) return false;
        break;
      case '~':
        if (!has_class(value, wanted.value)) return false;
        break;
      case '|':
        if (!value.starts_with(wanted.value)) return false;
        break;
      default:
        break;
    }
  }
  return true;
}

// Right to left; a descendant combinator takes the nearest ancestor that fits, which is enough for
// the selectors people write.
bool StyleSheet::matches(const Rule& rule, const Node* element) {
  std::size_t i = rule.selector.size() - 1;
  if (!matches(rule.selector[i], element)) return false;
  const Node* node = element->parent;
  while (i > 0) {
    const bool child = rule.selector[i].child;
    --i;
    while (true) {
      if (node == nullptr || !node->is_element()) return false;
      if (matches(rule.selector[i], node)) break;
      if (child) return false;
      node = node->parent;
    }
    node = node->parent;
  }
  return true;
}

void StyleSheet::apply(const Node* element, Style& style) const {
  std::vector<const Rule*> matching;
  const auto collect = [&](const auto& index, std::string_view key) {
    const auto found = index.find(key);
    if (found == index.end()) return;
    for (const std::uint32_t i : found->second) {
      if (matches(rules_[i], element)) matching.push_back(&rules_[i]);
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
