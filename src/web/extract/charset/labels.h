// The one fact of the label table that only the decoders need.
#pragma once

#include "web/extract/charset/encoding.h"

namespace seine::web {

// The ICU converter of an encoding; nullptr where we decode ourselves.
const char* icu_converter_name(Encoding encoding);

}  // namespace seine::web
