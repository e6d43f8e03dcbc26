// What Python's strings can do and templates ask for, over UTF-8 by code points. Pure functions.
// Private to template.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seine::engine::jinja {

class Interpreter;

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string title(std::string_view text);        // "hello world" -> "Hello World"
std::string capitalized(std::string_view text);  // "hELLO" -> "Hello"

// As str.split: no separator splits at runs of white space. `most` < 0: no bound.
std::vector<std::string> split_text(std::string_view text, const std::string* separator,
                                    std::int64_t most, bool from_right);
// As str.replace; `count` < 0: all. Counted before it is made.
base::Result<std::string> replaced(Interpreter& interpreter, std::string_view text,
                                   std::string_view from, std::string_view to, std::int64_t count);
// Occurrences that do not overlap; for an empty part one more than there are code points.
std::int64_t count_of(std::string_view text, std::string_view part);

}  // namespace seine::engine::jinja
