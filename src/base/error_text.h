// What an error says, in the language of whoever reads it. Messages are made in English where the
// error happens; at the edge (the terminal, an answer to the console) this turns them into Chinese:
// causes that libraries and the system name (errno, SQLite, TLS, resolver, curl) and our own
// sentences by the tables of detail/phrases.h, whatever is in none of them by its code. Pure
// functions; a message in English costs nothing.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/language.h"

namespace seine::base {

// The code in words: "not found", "未找到".
std::string_view code_text(Code code, Language language);

// The error's message. In Chinese, one of which no part is known keeps its own words behind those
// of the code.
std::string error_text(const Error& error, Language language);

// A message that was kept as text, its code long gone; what is unknown stays as it is.
std::string message_text(std::string_view message, Language language);

}  // namespace seine::base
