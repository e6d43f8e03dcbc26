// JSON schema to grammar, for answers that must match one (draft 2020-12, the part that is regular
// but for nesting):
//
//   type (one or several), enum, const, anyOf, oneOf (alternatives that exclude each other), allOf
//   of one, $ref within the document, true and false; properties, required, additionalProperties;
//   items, prefixItems, minItems, maxItems; minLength, maxLength, pattern, format (date, time,
//   date-time, uuid, ipv4, email); minimum, maximum, exclusiveMinimum, exclusiveMaximum.
//
// Annotations are ignored. Any other keyword is an error that names it and its place: an answer
// that the schema forbids is never allowed. The other way round the grammar is stricter than the
// schema: members come in the order of `properties`; an object with `properties` is closed unless
// additionalProperties says otherwise; without `type` the keywords tell it; white space is short;
// numbers have at most 15 digits.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/json_fwd.h"
#include "engine/constraint/grammar.h"

namespace seine::engine {

struct JsonSchemaLimits {
  std::size_t bytes_max = 1 << 20;
  std::size_t length_max = 10'000;  // of strings and arrays, where the schema bounds them
  std::size_t schemas_max = 20'000;
};

base::Result<std::shared_ptr<const Grammar>> compile_json_schema(std::string_view schema,
                                                                 JsonSchemaLimits limits = {});

// A rule for the schema at `pointer` ("#", "#/properties/a") of a document, in a grammar that holds
// more.
base::Result<Grammar::RuleId> emit_json_schema(Grammar& grammar, const base::Json& document,
                                               const std::string& pointer,
                                               JsonSchemaLimits limits = {});

// Any JSON object.
std::shared_ptr<const Grammar> any_json_object();

}  // namespace seine::engine
