#include "web/extract/style/selector.h"

#include <utility>

#include "base/text.h"

namespace seine::web::css {
namespace {

using html::Node;

constexpr std::size_t kSelectorsOfListMax = 32;
constexpr std::size_t kListBytesMax = 2'048;

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

}  // namespace

std::optional<Selector> Selector::parse(std::string_view text) {
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
        Selector::Attribute attribute;
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
  if (out.empty() || child) return std::nullopt;
  Selector selector;
  selector.parts_ = std::move(out);
  return selector;
}

std::uint32_t Selector::specificity() const {
  std::uint32_t sum = 0;
  for (const Simple& simple : parts_) {
    sum += (simple.id.empty() ? 0U : 10000U) + (simple.tag.empty() ? 0U : 1U) +
           static_cast<std::uint32_t>(simple.classes.size() + simple.attributes.size()) * 100U;
  }
  return sum;
}

bool Selector::matches(const Simple& simple, const Node* element) {
  if (!simple.tag.empty() && !base::ascii_iequals(simple.tag, element->name)) return false;
  if (!simple.id.empty() && element->get("id") != simple.id) return false;
  if (!simple.classes.empty()) {
    const std::string_view list = element->get("class");
    for (const std::string_view name : simple.classes) {
      if (!has_class(list, name)) return false;
    }
  }
  for (const Selector::Attribute& wanted : simple.attributes) {
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
bool Selector::matches(const Node* element) const {
  std::size_t i = parts_.size() - 1;
  if (!matches(parts_[i], element)) return false;
  const Node* node = element->parent;
  while (i > 0) {
    const bool child = parts_[i].child;
    --i;
    while (true) {
      if (node == nullptr || !node->is_element()) return false;
      if (matches(parts_[i], node)) break;
      if (child) return false;
      node = node->parent;
    }
    node = node->parent;
  }
  return true;
}

base::Result<std::vector<Selector>> parse_selector_list(std::string_view text) {
  std::vector<Selector> out;
  if (text.size() > kListBytesMax)
    return base::fail_field(base::Code::kInvalidArgument, "selector",
                            "the selector has {} bytes, the limit is {}", text.size(),
                            kListBytesMax);
  for (const std::string_view one : base::split(text, ',')) {
    std::optional<Selector> selector = Selector::parse(base::trim(one));
    if (!selector)
      return base::fail_field(base::Code::kInvalidArgument, "selector",
                              "'{}' is no selector of types, classes, ids and attributes joined by "
                              "spaces or '>'",
                              base::trim(one));
    out.push_back(*std::move(selector));
    if (out.size() > kSelectorsOfListMax)
      return base::fail_field(base::Code::kInvalidArgument, "selector",
                              "the selector has more than {} parts", kSelectorsOfListMax);
  }
  return out;
}

}  // namespace seine::web::css
