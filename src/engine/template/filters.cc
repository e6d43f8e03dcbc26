#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "base/text.h"
#include "base/utf8.h"
#include "engine/template/interpreter.h"
#include "engine/template/text_tools.h"

namespace seine::engine::jinja {
namespace {

using base::Code;
using base::fail;

using Filter = base::Result<Value> (*)(Interpreter&, const Value&, const Arguments&);

std::int64_t int_or(const Value* value, std::int64_t otherwise) {
  std::int64_t out = otherwise;
  return value != nullptr && value->to_int(out) ? out : otherwise;
}

bool truthy(const Value* value) {
  return value != nullptr && value->truthy();
}

base::Result<Value> trim(Interpreter&, const Value& in, const Arguments& given) {
  const Value* chars = given.find(0, "chars");
  const std::string text = in.to_text();
  return Value::of(stripped(text, chars != nullptr ? chars->as_string() : nullptr, true, true));
}

base::Result<Value> tojson(Interpreter&, const Value& in, const Arguments& given) {
  JsonStyle style;
  // The first argument is ensure_ascii, off unless asked for; then the indent, as transformers has
  // it.
  style.ascii = truthy(given.find(SIZE_MAX, "ensure_ascii"));
  const Value* indent = given.find(SIZE_MAX, "indent");
  if (indent == nullptr && !given.values.empty() && given.values[0].as_int() != nullptr) {
    indent = &given.values[0];
  }
  if (indent != nullptr && indent->as_int() != nullptr) {
    style.indent = static_cast<int>(std::clamp<std::int64_t>(*indent->as_int(), 0, 16));
    style.item_separator = ",";
  }
  style.sorted = truthy(given.find(SIZE_MAX, "sort_keys"));
  if (const Value* separators = given.find(SIZE_MAX, "separators")) {
    const List* list = separators->as_list();
    if (list != nullptr && list->size() == 2) {
      style.item_separator = (*list)[0].to_text();
      style.key_separator = (*list)[1].to_text();
    }
  }
  return Value::of(SEINE_TRY(to_json_text(in, style)));
}

base::Result<Value> length(Interpreter&, const Value& in, const Arguments&) {
  if (const std::string* text = in.as_string()) return Value::of(base::count_points(*text));
  if (const List* list = in.as_list()) return Value::of(list->size());
  if (const Dict* dict = in.as_dict()) return Value::of(dict->size());
  if (in.is_undefined()) return Value::of(std::int64_t{0});
  return fail(Code::kInvalidArgument, "a value of type {} has no length", in.type_name());
}

base::Result<Value> default_value(Interpreter&, const Value& in, const Arguments& given) {
  const Value* otherwise = given.find(0, "default_value");
  const bool also_false = truthy(given.find(1, "boolean"));
  if (in.is_undefined() || (also_false && !in.truthy())) {
    return otherwise != nullptr ? *otherwise : Value::of("");
  }
  return in;
}

base::Result<Value> join(Interpreter& interpreter, const Value& in, const Arguments& given) {
  const Value* separator = given.find(0, "d");
  const Value* path = given.find(1, "attribute");
  std::string out;
  bool first = true;
  for (const Value& item : SEINE_TRY(interpreter.items_of(in))) {
    if (!first && separator != nullptr) out += separator->to_text();
    first = false;
    const Value part =
        path != nullptr ? SEINE_TRY(interpreter.attribute(item, path->to_text())) : item;
    const std::string text = part.to_text();
    SEINE_CHECK(interpreter.spend(text.size()));
    out += text;
  }
  return Value::of(std::move(out));
}

base::Result<Value> map(Interpreter& interpreter, const Value& in, const Arguments& given) {
  List out;
  const Value* path = given.find(SIZE_MAX, "attribute");
  const Value* otherwise = given.find(SIZE_MAX, "default");
  if (path == nullptr && given.values.empty()) {
    return fail(Code::kInvalidArgument, "map needs a filter or an attribute");
  }
  Arguments rest;
  if (path == nullptr) rest.values.assign(given.values.begin() + 1, given.values.end());
  for (const Value& item : SEINE_TRY(interpreter.items_of(in))) {
    if (path != nullptr) {
      Value member = SEINE_TRY(interpreter.attribute(item, path->to_text()));
      if (member.is_undefined() && otherwise != nullptr) member = *otherwise;
      out.push_back(std::move(member));
    } else {
      out.push_back(SEINE_TRY(interpreter.filter(given.values[0].to_text(), item, rest)));
    }
  }
  return Value::of(std::move(out));
}

// select, reject, selectattr, rejectattr: what of the arguments is the attribute, what the test.
base::Result<Value> chosen(Interpreter& interpreter, const Value& in, const Arguments& given,
                           bool by_attribute, bool keep) {
  std::size_t at = 0;
  std::string path;
  if (by_attribute) {
    if (given.values.empty()) return fail(Code::kInvalidArgument, "an attribute is needed");
    path = given.values[at++].to_text();
  }
  std::string test;
  if (at < given.values.size()) test = given.values[at++].to_text();
  Arguments rest;
  rest.values.assign(given.values.begin() + static_cast<std::ptrdiff_t>(at), given.values.end());
  List out;
  for (const Value& item : SEINE_TRY(interpreter.items_of(in))) {
    const Value subject = by_attribute ? SEINE_TRY(interpreter.attribute(item, path)) : item;
    const bool holds =
        test.empty() ? subject.truthy() : SEINE_TRY(interpreter.test(test, subject, rest));
    if (holds == keep) out.push_back(item);
  }
  return Value::of(std::move(out));
}

base::Result<Value> first(Interpreter& interpreter, const Value& in, const Arguments&) {
  const List items = SEINE_TRY(interpreter.items_of(in));
  return items.empty() ? Value::undefined("the first of nothing") : items.front();
}

base::Result<Value> last(Interpreter& interpreter, const Value& in, const Arguments&) {
  const List items = SEINE_TRY(interpreter.items_of(in));
  return items.empty() ? Value::undefined("the last of nothing") : items.back();
}

base::Result<Value> list(Interpreter& interpreter, const Value& in, const Arguments&) {
  return Value::of(SEINE_TRY(interpreter.items_of(in)));
}

base::Result<Value> reverse(Interpreter& interpreter, const Value& in, const Arguments&) {
  List items = SEINE_TRY(interpreter.items_of(in));
  std::ranges::reverse(items);
  if (in.as_string() == nullptr) return Value::of(std::move(items));
  std::string out;
  for (const Value& item : items) out += item.to_text();
  return Value::of(std::move(out));
}

base::Result<Value> replace(Interpreter& interpreter, const Value& in, const Arguments& given) {
  const Value* from = given.find(0, "old");
  const Value* to = given.find(1, "new");
  if (from == nullptr || to == nullptr) {
    return fail(Code::kInvalidArgument, "replace needs two strings");
  }
  return Value::of(SEINE_TRY(replaced(interpreter, in.to_text(), from->to_text(), to->to_text(),
                                      int_or(given.find(2, "count"), -1))));
}

base::Result<Value> to_int(Interpreter&, const Value& in, const Arguments& given) {
  const std::int64_t otherwise = int_or(given.find(0, "default"), 0);
  std::int64_t number = 0;
  if (in.to_int(number)) return Value::of(number);
  double real = 0;
  if (const double* held = in.as_float()) {
    real = *held;
  } else if (const std::string* text = in.as_string()) {
    const std::string_view digits = base::trim(*text);
    if (const auto whole = base::parse_i64(digits)) return Value::of(*whole);
    const auto parsed = base::parse_double(digits);
    if (!parsed) return Value::of(otherwise);
    real = *parsed;
  } else {
    return Value::of(otherwise);
  }
  if (!(std::fabs(real) < 9e18)) return Value::of(otherwise);
  return Value::of(static_cast<std::int64_t>(real));
}

base::Result<Value> to_float(Interpreter&, const Value& in, const Arguments& given) {
  if (in.is_number()) return Value::of(in.to_double());
  const std::string* text = in.as_string();
  const auto parsed =
      text != nullptr ? base::parse_double(base::trim(*text)) : std::optional<double>();
  const Value* otherwise = given.find(0, "default");
  return Value::of(parsed.value_or(otherwise != nullptr ? otherwise->to_double() : 0.0));
}

base::Result<Value> absolute(Interpreter& interpreter, const Value& in, const Arguments&) {
  if (in.as_float() != nullptr) return Value::of(std::fabs(*in.as_float()));
  if (in.to_double() >= 0 && in.is_number()) return in;
  return apply_operator(interpreter, "-", Value::of(std::int64_t{0}), in);
}

base::Result<Value> round(Interpreter&, const Value& in, const Arguments& given) {
  if (!in.is_number()) {
    return fail(Code::kInvalidArgument, "round of a value of type {}", in.type_name());
  }
  const std::int64_t places =
      std::clamp<std::int64_t>(int_or(given.find(0, "precision"), 0), -15, 15);
  const Value* method = given.find(1, "method");
  const std::string how = method != nullptr ? method->to_text() : "common";
  const double scale = std::pow(10.0, static_cast<double>(places));
  const double scaled = in.to_double() * scale;
  const double whole = how == "ceil"    ? std::ceil(scaled)
                       : how == "floor" ? std::floor(scaled)
                                        : std::nearbyint(scaled);
  return Value::of(whole / scale);
}

base::Result<Value> items(Interpreter& interpreter, const Value& in, const Arguments&) {
  if (in.is_undefined()) return Value::of(List{});
  if (in.as_dict() == nullptr) {
    return fail(Code::kInvalidArgument, "items of a value of type {}", in.type_name());
  }
  return call_method(interpreter, in, "items", {});
}

// Insertion by comparison keeps equal items in order and survives values without an order.
base::Result<Value> sorted(Interpreter& interpreter, List values, const std::string& path,
                           bool descending, bool ignore_case) {
  std::vector<std::pair<Value, Value>> keyed;
  for (Value& value : values) {
    Value key = path.empty() ? value : SEINE_TRY(interpreter.attribute(value, path));
    if (ignore_case && key.as_string() != nullptr) key = Value::of(lower(*key.as_string()));
    keyed.emplace_back(std::move(key), std::move(value));
  }
  std::optional<base::Error> error;
  // An order that may fail cannot go into std::sort: pairs are checked first.
  for (std::size_t i = 1; i < keyed.size() && !error; ++i) {
    SEINE_CHECK(interpreter.spend(32));
    const auto compared = keyed[i - 1].first.compare(keyed[i].first);
    if (!compared) error = compared.error();
  }
  if (error) return std::unexpected(std::move(*error));
  const auto rank = [](const Value& value) {
    return value.is_number() ? 0 : value.as_string() != nullptr ? 1 : 2;
  };
  for (const auto& [key, value] : keyed) {
    if (rank(key) != rank(keyed.front().first) || rank(key) == 2) {
      return fail(Code::kInvalidArgument, "values of type {} cannot be sorted", key.type_name());
    }
    if (key.as_float() != nullptr && std::isnan(*key.as_float())) {
      return fail(Code::kInvalidArgument, "a number that is none cannot be sorted");
    }
  }
  SEINE_CHECK(interpreter.spend(keyed.size() * 512));
  std::vector<std::size_t> order(keyed.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    const int compared = keyed[a].first.compare(keyed[b].first).value_or(0);
    if (compared == 0) return a < b;
    return descending ? compared > 0 : compared < 0;
  });
  List out;
  for (const std::size_t at : order) out.push_back(std::move(keyed[at].second));
  return Value::of(std::move(out));
}

base::Result<Value> sort(Interpreter& interpreter, const Value& in, const Arguments& given) {
  const Value* path = given.find(2, "attribute");
  return sorted(interpreter, SEINE_TRY(interpreter.items_of(in)),
                path != nullptr ? path->to_text() : "", truthy(given.find(0, "reverse")),
                !truthy(given.find(1, "case_sensitive")));
}

base::Result<Value> dictsort(Interpreter& interpreter, const Value& in, const Arguments& given) {
  const Value pairs = SEINE_TRY(items(interpreter, in, {}));
  const Value* by = given.find(1, "by");
  return sorted(interpreter, *pairs.as_list(),
                by != nullptr && by->to_text() == "value" ? "1" : "0",
                truthy(given.find(2, "reverse")), !truthy(given.find(0, "case_sensitive")));
}

base::Result<Value> unique(Interpreter& interpreter, const Value& in, const Arguments& given) {
  const bool exact = truthy(given.find(0, "case_sensitive"));
  std::map<std::string, bool> seen;
  List out;
  for (const Value& item : SEINE_TRY(interpreter.items_of(in))) {
    const std::string text = exact ? item.to_text() : lower(item.to_text());
    SEINE_CHECK(interpreter.spend(text.size()));
    if (seen.emplace(fmt::format("{}:{}", item.type_name(), text), true).second) {
      out.push_back(item);
    }
  }
  return Value::of(std::move(out));
}

base::Result<Value> indent(Interpreter& interpreter, const Value& in, const Arguments& given) {
  const Value* width = given.find(0, "width");
  const std::string margin =
      width != nullptr && width->as_string() != nullptr
          ? *width->as_string()
          : std::string(
                static_cast<std::size_t>(std::clamp<std::int64_t>(int_or(width, 4), 0, 256)), ' ');
  const bool first_too = truthy(given.find(1, "first"));
  const bool blank_too = truthy(given.find(2, "blank"));
  const std::string text = in.to_text();
  std::string out = first_too ? margin : "";
  for (std::size_t at = 0; at < text.size(); ++at) {
    out += text[at];
    if (text[at] != '\n') continue;
    const bool blank = at + 1 >= text.size() || text[at + 1] == '\n';
    if (!blank || blank_too) out += margin;
    SEINE_CHECK(interpreter.spend(margin.size()));
  }
  return Value::of(std::move(out));
}

base::Result<Value> sum(Interpreter& interpreter, const Value& in, const Arguments& given) {
  const Value* path = given.find(0, "attribute");
  const Value* start = given.find(1, "start");
  Value out = start != nullptr ? *start : Value::of(std::int64_t{0});
  for (const Value& item : SEINE_TRY(interpreter.items_of(in))) {
    const Value part =
        path != nullptr ? SEINE_TRY(interpreter.attribute(item, path->to_text())) : item;
    out = SEINE_TRY(apply_operator(interpreter, "+", out, part));
  }
  return out;
}

base::Result<Value> extreme(Interpreter& interpreter, const Value& in, bool greatest) {
  Value out = Value::undefined("the greatest or least of nothing");
  bool any = false;
  for (const Value& item : SEINE_TRY(interpreter.items_of(in))) {
    const int order = any ? SEINE_TRY(item.compare(out)) : 0;
    if (!any || (greatest ? order > 0 : order < 0)) out = item;
    any = true;
  }
  return out;
}

base::Result<Value> escape(Interpreter&, const Value& in, const Arguments&) {
  std::string out;
  for (const char c : in.to_text()) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return Value::of(std::move(out));
}

template <std::string (*kMap)(std::string_view)>
base::Result<Value> text_map(Interpreter&, const Value& in, const Arguments&) {
  return Value::of(kMap(in.to_text()));
}

base::Result<Value> wordcount(Interpreter&, const Value& in, const Arguments&) {
  return Value::of(split_text(in.to_text(), nullptr, -1, false).size());
}

template <bool kByAttribute, bool kKeep>
base::Result<Value> choose(Interpreter& interpreter, const Value& in, const Arguments& given) {
  return chosen(interpreter, in, given, kByAttribute, kKeep);
}

template <bool kGreatest>
base::Result<Value> most(Interpreter& interpreter, const Value& in, const Arguments&) {
  return extreme(interpreter, in, kGreatest);
}

base::Result<Value> to_string(Interpreter&, const Value& in, const Arguments&) {
  return Value::of(in.to_text());
}

base::Result<Value> attr(Interpreter& interpreter, const Value& in, const Arguments& given) {
  const Value* name = given.find(0, "name");
  if (name == nullptr) return fail(Code::kInvalidArgument, "attr needs a name");
  return interpreter.attribute(in, name->to_text());
}

constexpr std::pair<std::string_view, Filter> kFilters[] = {
    {"abs", absolute},
    {"attr", attr},
    {"capitalize", text_map<capitalized>},
    {"count", length},
    {"d", default_value},
    {"default", default_value},
    {"dictsort", dictsort},
    {"e", escape},
    {"escape", escape},
    {"first", first},
    {"float", to_float},
    {"indent", indent},
    {"int", to_int},
    {"items", items},
    {"join", join},
    {"last", last},
    {"length", length},
    {"list", list},
    {"lower", text_map<lower>},
    {"map", map},
    {"max", most<true>},
    {"min", most<false>},
    {"reject", choose<false, false>},
    {"rejectattr", choose<true, false>},
    {"replace", replace},
    {"reverse", reverse},
    {"round", round},
    {"safe", to_string},
    {"select", choose<false, true>},
    {"selectattr", choose<true, true>},
    {"sort", sort},
    {"string", to_string},
    {"sum", sum},
    {"title", text_map<title>},
    {"tojson", tojson},
    {"trim", trim},
    {"unique", unique},
    {"upper", text_map<upper>},
    {"wordcount", wordcount},
};

}  // namespace

base::Result<Value> Interpreter::filter(std::string_view name, const Value& input,
                                        const Arguments& arguments) {
  const std::string* text = input.as_string();
  SEINE_CHECK(spend(text != nullptr ? text->size() : 0));
  for (const auto& [known, apply] : kFilters) {
    if (known == name) return apply(*this, input, arguments);
  }
  return fail(Code::kUnimplemented, "the filter '{}' is not supported", name);
}

}  // namespace seine::engine::jinja
