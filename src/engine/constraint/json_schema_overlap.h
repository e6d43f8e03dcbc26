// What can be told about JSON schemas without running them: places in a document, types, and
// whether two may both match one value. Private to constraint.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"

namespace seine::engine {

// "#/a/b~1c" (RFC 6901 as a URI fragment, without percent signs); null where nothing is.
const base::Json* resolve_pointer(const base::Json& document, std::string_view pointer);

bool json_value_has_type(const base::Json& value, std::string_view type);

// Every value that `schema` allows has one of the types, as far as can be told.
bool json_schema_types_within(const base::Json& document, const base::Json& schema,
                              const std::vector<std::string>& types);

// False only where no value matches both.
bool json_schemas_may_overlap(const base::Json& document, const base::Json& first,
                              const base::Json& second);

}  // namespace seine::engine
