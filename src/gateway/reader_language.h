// What went wrong, in the language that the reader's Accept-Language puts first. Programs that ask
// in no language, or in any other than Chinese, get the English of the sources. Pure functions.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json_fwd.h"
#include "base/language.h"

namespace seine::net {
class Request;
}

namespace seine::gateway {

base::Language reader_language(const net::Request& request);

// Replaces, in records that were made in English, each text under "reason" or "error" and each
// "message" of an "error".
void speak(base::Json& json, base::Language language);
// The same for JSON that is text already, without spaces between its tokens.
std::string spoken(std::string json, base::Language language);

}  // namespace seine::gateway
