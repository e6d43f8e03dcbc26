// Dates of HTTP (RFC 9110 section 5.6.7): the preferred form and the two old
// ones every recipient must read. Pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace seine::web {

// Nothing for anything but the three forms, in GMT. A two-digit year more than
// 50 years ahead of `now` is of the century before.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text, base::WallTime now);
std::string format_http_date(std::chrono::sys_seconds time);

// Retry-After: seconds or a date. Clamped to [1 s, 1 h]; nothing when it is
// neither.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, base::WallTime now);

}  // namespace seine::web
