#include "engine/constraint/json_schema.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/assert.h"
#include "base/json.h"
#include "engine/constraint/json_grammar.h"
#include "engine/constraint/json_schema_overlap.h"
#include "engine/constraint/number_range.h"
#include "engine/constraint/regex.h"

namespace seine::engine {
namespace {

using base::Code;
using base::fail_field;
using base::Json;
using NodeId = Grammar::NodeId;

constexpr std::array<std::string_view, 15> kAnnotations = {
    "title",      "description", "default",     "examples", "example",
    "deprecated", "readOnly",    "writeOnly",   "$schema",  "$id",
    "$comment",   "$defs",       "definitions", "$anchor",  "contentType"};

bool is_annotation(std::string_view keyword) {
  return std::ranges::find(kAnnotations, keyword) != kAnnotations.end() ||
         keyword.starts_with("x-");
}

// The keywords that speak of one type.
constexpr std::pair<std::string_view, std::string_view> kTypeKeywords[] = {
    {"properties", "object"}, {"required", "object"},         {"additionalProperties", "object"},
    {"items", "array"},       {"prefixItems", "array"},       {"minItems", "array"},
    {"maxItems", "array"},    {"minLength", "string"},        {"maxLength", "string"},
    {"pattern", "string"},    {"format", "string"},           {"minimum", "number"},
    {"maximum", "number"},    {"exclusiveMinimum", "number"}, {"exclusiveMaximum", "number"},
};

std::string_view keyword_type(std::string_view keyword) {
  for (const auto& [name, type] : kTypeKeywords) {
    if (name == keyword) return type;
  }
  return {};
}

constexpr std::pair<std::string_view, std::string_view> kFormats[] = {
    {"date", R"([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]))"},
    {"time",
     R"(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))"},
    {"date-time",
     R"([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))"},
    {"uuid", R"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"},
    {"ipv4",
     R"((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3})"},
    {"email",
     R"([A-Za-z0-9_+-]{1,64}(\.[A-Za-z0-9_+-]{1,64}){0,8}@[A-Za-z0-9]([A-Za-z0-9-]{0,32}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,32}[A-Za-z0-9])?){1,8})"},
};

class SchemaCompiler {
 public:
  SchemaCompiler(Grammar& grammar, const Json& document, JsonSchemaLimits limits)
      : document_(document), limits_(limits), grammar_(&grammar), json_(grammar) {}

  base::Result<Grammar::RuleId> run(const std::string& start) {
    const Grammar::RuleId root = rule_of(start);
    while (!pending_.empty()) {
      const auto [pointer, rule] = pending_.back();
      pending_.pop_back();
      const Json* schema = resolve_pointer(document_, pointer);
      if (schema == nullptr) {
        return fail_field(Code::kInvalidArgument, pointer, "'$ref' to '{}' leads nowhere", pointer);
      }
      grammar_->define(rule, SEINE_TRY(value(*schema, pointer, Grammar::kEnd)));
    }
    return root;
  }

 private:
  // One rule a place that is referred to, so that a schema may contain itself.
  Grammar::RuleId rule_of(const std::string& pointer) {
    const auto [at, added] = rules_.try_emplace(pointer, 0);
    if (added) {
      at->second = grammar_->declare();
      pending_.emplace_back(pointer, at->second);
    }
    return at->second;
  }

  base::Result<NodeId> value(const Json& schema, const std::string& path, NodeId next) {
    if (++schemas_ > limits_.schemas_max) {
      return base::fail(Code::kResourceExhausted, "the schema has more than {} parts",
                        limits_.schemas_max);
    }
    if (schema.is_boolean()) {
      return schema.get<bool>() ? json_.value(next) : grammar_->alternatives({});
    }
    if (!schema.is_object()) {
      return fail_field(Code::kInvalidArgument, path, "a schema is an object or a boolean, not {}",
                        base::type_name(schema));
    }
    if (schema.contains("$ref")) return reference(schema, path, next);
    for (const std::string_view keyword : {"enum", "const"}) {
      if (schema.contains(keyword)) return listed(schema, path, next);
    }
    for (const std::string_view keyword : {"anyOf", "oneOf", "allOf"}) {
      if (schema.contains(keyword)) return combined(schema, keyword, path, next);
    }
    const std::vector<std::string> types = SEINE_TRY(types_of(schema, path));
    SEINE_CHECK(check_keywords(schema, path));
    std::vector<NodeId> ways;
    for (const std::string& type : types) {
      ways.push_back(SEINE_TRY(typed(type, schema, path, next)));
    }
    return grammar_->alternatives(ways);
  }

  // Nothing but `keyword`, annotations and those of `others` may stand beside it.
  base::Result<> only(const Json& schema, std::string_view keyword, const std::string& path,
                      std::initializer_list<std::string_view> others = {}) {
    for (const auto& [name, unused] : schema.items()) {
      if (name == keyword || is_annotation(name) ||
          std::ranges::find(others, std::string_view(name)) != others.end()) {
        continue;
      }
      return fail_field(Code::kUnimplemented, path,
                        "JSON schema keyword '{}' beside '{}' is not supported", name, keyword);
    }
    return {};
  }

  base::Result<NodeId> reference(const Json& schema, const std::string& path, NodeId next) {
    SEINE_CHECK(only(schema, "$ref", path));
    const std::string target = SEINE_TRY(base::require<std::string>(schema, "$ref"));
    if (!target.starts_with('#')) {
      return fail_field(Code::kUnimplemented, path + "/$ref",
                        "'$ref' to '{}': only places in the same schema are supported", target);
    }
    return grammar_->call(rule_of(target), next);
  }

  base::Result<NodeId> listed(const Json& schema, const std::string& path, NodeId next) {
    const bool is_const = schema.contains("const");
    SEINE_CHECK(only(schema, is_const ? "const" : "enum", path, {"type"}));
    Json values = Json::array();
    if (is_const) {
      values.push_back(schema["const"]);
    } else {
      values = schema["enum"];
      if (!values.is_array()) {
        return fail_field(Code::kInvalidArgument, path + "/enum", "'enum' must be an array, got {}",
                          base::type_name(values));
      }
    }
    const std::vector<std::string> types = SEINE_TRY(types_of(schema, path));
    std::vector<std::string> texts;
    for (const Json& one : values) {
      const bool fits = std::ranges::any_of(
          types, [&](const std::string& type) { return json_value_has_type(one, type); });
      if (fits) texts.push_back(base::to_text(one));
    }
    return grammar_->literals(texts, next);
  }

  base::Result<NodeId> combined(const Json& schema, std::string_view keyword,
                                const std::string& path, NodeId next) {
    SEINE_CHECK(only(schema, keyword, path, {"type"}));
    const Json& list = schema[std::string(keyword)];
    const std::string place = fmt::format("{}/{}", path, keyword);
    if (!list.is_array() || list.empty()) {
      return fail_field(Code::kInvalidArgument, place, "'{}' must be an array of schemas", keyword);
    }
    if (keyword == "allOf" && list.size() > 1) {
      return fail_field(Code::kUnimplemented, place,
                        "JSON schema keyword 'allOf' of more than one schema is not supported");
    }
    if (schema.contains("type")) {
      const std::vector<std::string> types = SEINE_TRY(types_of(schema, path));
      for (const Json& one : list) {
        if (!json_schema_types_within(document_, one, types)) {
          return fail_field(Code::kUnimplemented, path,
                            "'type' beside '{}' is supported only where it says nothing new",
                            keyword);
        }
      }
    }
    std::vector<NodeId> ways;
    for (std::size_t i = 0; i < list.size(); ++i) {
      for (std::size_t k = 0; keyword == "oneOf" && k < i; ++k) {
        if (json_schemas_may_overlap(document_, list[k], list[i])) {
          return fail_field(Code::kUnimplemented, place,
                            "'oneOf': alternatives {} and {} may both match; use 'anyOf', or give "
                            "them different types or constants",
                            k, i);
        }
      }
      ways.push_back(SEINE_TRY(value(list[i], fmt::format("{}/{}", place, i), next)));
    }
    return grammar_->alternatives(ways);
  }

  base::Result<std::vector<std::string>> types_of(const Json& schema, const std::string& path) {
    const Json* type = base::find(schema, "type");
    std::vector<std::string> out;
    if (type == nullptr) {
      // Without `type` the keywords of one type allow every other type, too. Who writes them means
      // that type.
      for (const auto& [name, unused] : schema.items()) {
        const std::string meant(keyword_type(name));
        if (!meant.empty() && std::ranges::find(out, meant) == out.end()) out.push_back(meant);
      }
      if (!out.empty()) return out;
      return std::vector<std::string>{"object", "array", "string", "number", "boolean", "null"};
    }
    const Json list = type->is_array() ? *type : Json::array({*type});
    static constexpr std::array<std::string_view, 7> kNames = {
        "object", "array", "string", "number", "integer", "boolean", "null"};
    for (const Json& one : list) {
      const std::string name = one.is_string() ? one.get<std::string>() : base::to_text(one);
      if (std::ranges::find(kNames, name) == kNames.end()) {
        return fail_field(Code::kInvalidArgument, path + "/type", "'{}' is no JSON schema type",
                          name);
      }
      if (std::ranges::find(out, name) == out.end()) out.push_back(name);
    }
    if (out.empty()) {
      return fail_field(Code::kInvalidArgument, path + "/type", "'type' names no type");
    }
    return out;
  }

  base::Result<> check_keywords(const Json& schema, const std::string& path) {
    for (const auto& [name, unused] : schema.items()) {
      if (name == "type" || is_annotation(name) || !keyword_type(name).empty()) continue;
      return fail_field(Code::kUnimplemented, path, "JSON schema keyword '{}' is not supported",
                        name);
    }
    return {};
  }

  base::Result<NodeId> typed(const std::string& type, const Json& schema, const std::string& path,
                             NodeId next) {
    if (type == "object") return object(schema, path, next);
    if (type == "array") return array(schema, path, next);
    if (type == "string") return string(schema, path, next);
    if (type == "number" || type == "integer") return number(schema, type, path, next);
    return type == "boolean" ? json_.boolean(next) : json_.null(next);
  }

  base::Result<std::optional<std::size_t>> count(const Json& schema, std::string_view keyword,
                                                 const std::string& path) {
    auto found = base::get<std::uint64_t>(schema, keyword);
    if (!found) {
      return fail_field(Code::kInvalidArgument, path, "{}", found.error().message);
    }
    if (!*found) return std::optional<std::size_t>();
    if (**found > limits_.length_max) {
      return fail_field(Code::kResourceExhausted, path, "'{}' is {}, the limit is {}", keyword,
                        **found, limits_.length_max);
    }
    return std::optional<std::size_t>(**found);
  }

  base::Result<NodeId> string(const Json& schema, const std::string& path, NodeId next) {
    const std::optional<std::size_t> least = SEINE_TRY(count(schema, "minLength", path));
    const std::optional<std::size_t> most = SEINE_TRY(count(schema, "maxLength", path));
    auto pattern = SEINE_TRY(base::get<std::string>(schema, "pattern"));
    const auto format = SEINE_TRY(base::get<std::string>(schema, "format"));
    const bool sized = least || most;
    if ((pattern && format) || (sized && (pattern || format))) {
      return fail_field(Code::kUnimplemented, path,
                        "only one of 'pattern', 'format' and a length is supported on one string");
    }
    RegexMatch match = RegexMatch::kSearch;
    if (format) {
      const auto known =
          std::ranges::find(kFormats, *format, [](const auto& entry) { return entry.first; });
      if (known == std::end(kFormats)) {
        return fail_field(Code::kUnimplemented, path + "/format", "format '{}' is not supported",
                          *format);
      }
      pattern = std::string(known->second);
      match = RegexMatch::kWhole;
    }
    if (pattern) {
      base::Result<RegexNode> regex = parse_regex(*pattern, match);
      if (!regex) {
        base::Error error = std::move(regex).error();
        error.field = path + "/pattern";
        return std::unexpected(std::move(error));
      }
      const NodeId body =
          emit_regex(*grammar_, *regex, RegexText::kJsonString, grammar_->byte('"', next));
      return grammar_->byte('"', body);
    }
    if (sized) return json_.string_of_length(least.value_or(0), most, next);
    return json_.string(next);
  }

  base::Result<NodeId> number(const Json& schema, const std::string& type, const std::string& path,
                              NodeId next) {
    NumberRange range{.least = {}, .most = {}, .whole = type == "integer"};
    const auto bound = [&](std::string_view keyword, bool open, bool is_least) -> base::Result<> {
      const auto given = base::get<double>(schema, keyword);
      if (!given) return fail_field(Code::kInvalidArgument, path, "{}", given.error().message);
      if (!*given) return {};
      std::optional<NumberRange::Bound>& old = is_least ? range.least : range.most;
      const bool tighter = !old || (is_least ? **given > old->value : **given < old->value) ||
                           (**given == old->value && open);
      if (tighter) old = NumberRange::Bound{**given, open};
      return {};
    };
    SEINE_CHECK(bound("minimum", false, true));
    SEINE_CHECK(bound("exclusiveMinimum", true, true));
    SEINE_CHECK(bound("maximum", false, false));
    SEINE_CHECK(bound("exclusiveMaximum", true, false));
    if (!range.least && !range.most) {
      return range.whole ? json_.integer(next) : json_.number(next);
    }
    base::Result<NodeId> out = emit_number_range(*grammar_, range, next);
    if (!out) return fail_field(out.error().code, path, "{}", out.error().message);
    return out;
  }

  // A rule for the schema at `path`, so that it is compiled once however often it may stand.
  base::Result<Grammar::RuleId> own_rule(const Json& schema, const std::string& path) {
    const Grammar::RuleId rule = grammar_->declare();
    grammar_->define(rule, SEINE_TRY(value(schema, path, Grammar::kEnd)));
    return rule;
  }

  base::Result<NodeId> array(const Json& schema, const std::string& path, NodeId next) {
    const std::size_t least = SEINE_TRY(count(schema, "minItems", path)).value_or(0);
    const std::optional<std::size_t> most = SEINE_TRY(count(schema, "maxItems", path));
    std::vector<Grammar::RuleId> first;
    if (const Json* prefix = base::find(schema, "prefixItems")) {
      if (!prefix->is_array()) {
        return fail_field(Code::kInvalidArgument, path, "'prefixItems' must be an array, got {}",
                          base::type_name(*prefix));
      }
      for (std::size_t i = 0; i < prefix->size(); ++i) {
        first.push_back(
            SEINE_TRY(own_rule((*prefix)[i], fmt::format("{}/prefixItems/{}", path, i))));
      }
    }
    std::optional<Grammar::RuleId> rest;  // none: any value
    bool closed = false;
    if (const Json* items = base::find(schema, "items")) {
      closed = items->is_boolean() && !items->get<bool>();
      if (!closed) rest = SEINE_TRY(own_rule(*items, path + "/items"));
    }
    const auto item = [&](std::size_t at, NodeId after) {
      if (at < first.size()) return grammar_->call(first[at], after);
      return rest ? grammar_->call(*rest, after) : json_.value(after);
    };
    // From the back: after[i] is the place where i items are written.
    const std::size_t fixed = std::max(first.size(), least);
    const std::size_t last = closed ? first.size() : most.value_or(fixed);
    const bool endless = !closed && !most;
    const NodeId close = json_.space(grammar_->byte(']', Grammar::kEnd));
    const auto comma_item = [&](std::size_t at, NodeId after) {
      return grammar_->byte(',', json_.space(item(at, after)));
    };
    const std::size_t bound = most ? std::min(last, *most) : last;
    NodeId after = close;
    if (endless) {
      after = grammar_->reserve();
      const NodeId more = comma_item(bound, after);
      grammar_->set_alternatives(after, std::array{more, close});
    }
    if (bound < least) after = grammar_->alternatives({});
    // after(bound) is `after`, or for 0 items the one without a comma.
    NodeId body = after;
    for (std::size_t i = bound; i > 0 && !grammar_->overflowed(); --i) {
      const bool first_item = i == 1;
      const NodeId with = first_item ? item(0, body) : comma_item(i - 1, body);
      body = i - 1 >= least
                 ? grammar_->either(with, first_item ? grammar_->byte(']', Grammar::kEnd) : close)
                 : with;
    }
    if (bound == 0) {
      body = least > 0 ? grammar_->alternatives({}) : grammar_->byte(']', Grammar::kEnd);
      if (endless) body = grammar_->either(body, item(0, after));
    }
    const Grammar::RuleId rule = grammar_->declare(true);
    grammar_->define(rule, grammar_->byte('[', json_.space(body)));
    return grammar_->call(rule, next);
  }

  base::Result<NodeId> object(const Json& schema, const std::string& path, NodeId next) {
    std::vector<std::string> required;
    if (const Json* list = base::find(schema, "required")) {
      const bool strings = list->is_array() && std::ranges::all_of(*list, [](const Json& one) {
                             return one.is_string();
                           });
      if (!strings) {
        return fail_field(Code::kInvalidArgument, path, "'required' must be an array of strings");
      }
      for (const Json& one : *list) required.push_back(one.get<std::string>());
    }
    struct Member {
      std::string name;
      Grammar::RuleId rule = 0;
      bool required = false;
    };
    std::vector<Member> members;
    std::vector<std::string> names;
    const Json* properties = base::find(schema, "properties");
    if (properties != nullptr) {
      if (!properties->is_object()) {
        return fail_field(Code::kInvalidArgument, path, "'properties' must be an object, got {}",
                          base::type_name(*properties));
      }
      for (const auto& [name, part] : properties->items()) {
        members.push_back({name,
                           SEINE_TRY(own_rule(part, fmt::format("{}/properties/{}", path, name))),
                           std::ranges::find(required, name) != required.end()});
        names.push_back(name);
      }
    }
    const Json* more = base::find(schema, "additionalProperties");
    const bool open =
        more != nullptr ? !(more->is_boolean() && !more->get<bool>()) : properties == nullptr;
    std::optional<Grammar::RuleId> other;  // none: any value
    if (open && more != nullptr && !more->is_boolean()) {
      other = SEINE_TRY(own_rule(*more, path + "/additionalProperties"));
    }
    for (const std::string& name : required) {
      if (std::ranges::find(names, name) != names.end()) continue;
      if (!open) {
        return fail_field(Code::kInvalidArgument, path,
                          "'{}' is required but neither in 'properties' nor allowed beside them",
                          name);
      }
      // Of the additional kind, but its name is known.
      if (!other) {
        other = grammar_->declare();
        grammar_->define(*other, json_.value(Grammar::kEnd));
      }
      members.push_back({name, *other, true});
      names.push_back(name);
    }

    const NodeId close = json_.space(grammar_->byte('}', Grammar::kEnd));
    // What may come once all known members are past: [0] with none written, [1] with some.
    std::array<NodeId, 2> tail{grammar_->byte('}', Grammar::kEnd), close};
    if (open) {
      const auto extra = [&](NodeId after) {
        return json_.other_key(names, other ? grammar_->call(*other, after) : json_.value(after));
      };
      const NodeId loop = grammar_->reserve();
      const NodeId first = extra(loop);
      grammar_->set_alternatives(loop, std::array{grammar_->byte(',', json_.space(first)), close});
      tail = {grammar_->either(tail[0], first), loop};
    }
    for (std::size_t i = members.size(); i-- > 0 && !grammar_->overflowed();) {
      const Member& member = members[i];
      const NodeId written = json_.key(member.name, grammar_->call(member.rule, tail[1]));
      const NodeId after_comma = grammar_->byte(',', json_.space(written));
      if (member.required) {
        tail = {written, after_comma};
      } else {
        tail = {grammar_->either(written, tail[0]), grammar_->either(after_comma, tail[1])};
      }
    }
    const Grammar::RuleId rule = grammar_->declare(true);
    grammar_->define(rule, grammar_->byte('{', json_.space(tail[0])));
    return grammar_->call(rule, next);
  }

  const Json& document_;
  JsonSchemaLimits limits_;
  Grammar* grammar_;
  JsonGrammar json_;
  std::map<std::string, Grammar::RuleId> rules_;
  std::vector<std::pair<std::string, Grammar::RuleId>> pending_;
  std::size_t schemas_ = 0;
};

}  // namespace

base::Result<Grammar::RuleId> emit_json_schema(Grammar& grammar, const base::Json& document,
                                               const std::string& pointer,
                                               JsonSchemaLimits limits) {
  return SchemaCompiler(grammar, document, limits).run(pointer);
}

base::Result<std::shared_ptr<const Grammar>> compile_json_schema(std::string_view schema,
                                                                 JsonSchemaLimits limits) {
  const Json document = SEINE_TRY(base::parse_json(schema, {.bytes_max = limits.bytes_max}));
  auto grammar = std::make_shared<Grammar>();
  SEINE_CHECK(grammar->finish(SEINE_TRY(emit_json_schema(*grammar, document, "#", limits))));
  return grammar;
}

std::shared_ptr<const Grammar> any_json_object() {
  auto grammar = std::make_shared<Grammar>();
  JsonGrammar json(*grammar);
  const Grammar::RuleId root = grammar->declare();
  grammar->define(root, json.object(Grammar::kEnd));
  SEINE_ASSERT(grammar->finish(root).has_value(), "JSON has a grammar");
  return grammar;
}

}  // namespace seine::engine
