#include "engine/constraint/json_schema_overlap.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/json.h"
#include "base/text.h"

namespace seine::engine {
namespace {

using base::Json;

constexpr int kReferencesMax = 16;  // followed in a row

const Json* follow(const Json& document, const Json& schema) {
  const Json* at = &schema;
  for (int i = 0; i < kReferencesMax; ++i) {
    const Json* target = at->is_object() ? base::find(*at, "$ref") : nullptr;
    if (target == nullptr) return at;
    if (!target->is_string()) return nullptr;
    at = resolve_pointer(document, target->get_ref<const std::string&>());
    if (at == nullptr) return nullptr;
  }
  return nullptr;
}

// The values that enum or const allow.
std::optional<std::vector<Json>> listed(const Json& schema) {
  if (!schema.is_object()) return std::nullopt;
  if (schema.contains("const")) return std::vector<Json>{schema["const"]};
  const Json* list = base::find(schema, "enum");
  if (list == nullptr || !list->is_array()) return std::nullopt;
  return std::vector<Json>(list->begin(), list->end());
}

constexpr std::array<std::string_view, 6> kTypes = {"object", "array",   "string",
                                                    "number", "boolean", "null"};

// Bit i: kTypes[i] may match. All where it cannot be told.
unsigned type_bits(const Json& document, const Json& schema) {
  constexpr unsigned kAll = (1U << kTypes.size()) - 1;
  const Json* at = follow(document, schema);
  if (at == nullptr || !at->is_object()) return kAll;
  unsigned bits = 0;
  if (const auto values = listed(*at)) {
    for (const Json& value : *values) {
      for (std::size_t i = 0; i < kTypes.size(); ++i) {
        if (json_value_has_type(value, kTypes[i])) bits |= 1U << i;
      }
    }
    return bits;
  }
  const Json* type = base::find(*at, "type");
  if (type == nullptr) return kAll;
  const Json list = type->is_array() ? *type : Json::array({*type});
  for (const Json& one : list) {
    if (!one.is_string()) return kAll;
    const auto& name = one.get_ref<const std::string&>();
    for (std::size_t i = 0; i < kTypes.size(); ++i) {
      if (name == kTypes[i] || (name == "integer" && kTypes[i] == "number")) bits |= 1U << i;
    }
  }
  return bits;
}

bool requires_member(const Json& schema, const std::string& name) {
  const Json* list = base::find(schema, "required");
  return list != nullptr && list->is_array() && std::ranges::find(*list, Json(name)) != list->end();
}

bool lists_overlap(const std::vector<Json>& a, const std::vector<Json>& b) {
  return std::ranges::any_of(a,
                             [&](const Json& one) { return std::ranges::find(b, one) != b.end(); });
}

}  // namespace

const Json* resolve_pointer(const Json& document, std::string_view pointer) {
  if (!pointer.starts_with('#')) return nullptr;
  pointer.remove_prefix(1);
  const Json* at = &document;
  while (!pointer.empty()) {
    if (pointer.front() != '/') return nullptr;
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    std::string name;
    for (std::size_t i = 0; i < end; ++i) {
      if (pointer[i] == '~' && i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
        name += pointer[++i] == '0' ? '~' : '/';
      } else {
        name += pointer[i];
      }
    }
    pointer.remove_prefix(end);
    if (at->is_object()) {
      const auto found = at->find(name);
      if (found == at->end()) return nullptr;
      at = &*found;
    } else if (at->is_array()) {
      const std::optional<std::uint64_t> index = base::parse_u64(name);
      if (!index || *index >= at->size()) return nullptr;
      at = &(*at)[static_cast<std::size_t>(*index)];
    } else {
      return nullptr;
    }
  }
  return at;
}

bool json_value_has_type(const Json& value, std::string_view type) {
  if (type == "integer") return value.is_number_integer();
  return base::type_name(value) == type;
}

bool json_schema_types_within(const Json& document, const Json& schema,
                              const std::vector<std::string>& types) {
  const bool integers_only = std::ranges::find(types, "number") == types.end();
  unsigned allowed = 0;
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (std::ranges::find(types, kTypes[i]) != types.end()) allowed |= 1U << i;
  }
  const unsigned bits = type_bits(document, schema);
  const unsigned number = 1U << 3;
  if ((bits & number) != 0 && integers_only) return false;
  return (bits & ~allowed) == 0;
}

bool json_schemas_may_overlap(const Json& document, const Json& first, const Json& second) {
  const Json* a = follow(document, first);
  const Json* b = follow(document, second);
  if (a == nullptr || b == nullptr || !a->is_object() || !b->is_object()) return true;
  const auto a_values = listed(*a);
  const auto b_values = listed(*b);
  if (a_values && b_values) return lists_overlap(*a_values, *b_values);
  const unsigned shared = type_bits(document, *a) & type_bits(document, *b);
  if (shared == 0) return false;
  if (shared != 1U) return true;
  // Both only as objects: a member that both require and that tells them apart.
  const Json* a_members = base::find(*a, "properties");
  const Json* b_members = base::find(*b, "properties");
  if (a_members == nullptr || b_members == nullptr || !a_members->is_object() ||
      !b_members->is_object()) {
    return true;
  }
  for (const auto& [name, a_member] : a_members->items()) {
    const Json* b_member = base::find(*b_members, name);
    if (b_member == nullptr || !requires_member(*a, name) || !requires_member(*b, name)) continue;
    const auto a_list = listed(a_member);
    const auto b_list = listed(*b_member);
    if (a_list && b_list && !lists_overlap(*a_list, *b_list)) return false;
  }
  return true;
}

}  // namespace seine::engine
