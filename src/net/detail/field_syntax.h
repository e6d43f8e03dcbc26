// The character rules of HTTP fields (RFC 9110 section 5). Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace seine::net::detail {

bool is_token(std::string_view text);  // at least one tchar, nothing else
// No control character but HTAB (so no CR, LF, NUL); bytes from 0x80 pass as opaque.
bool is_field_value(std::string_view text);
// Visible ASCII and bytes from 0x80: a request target.
bool is_target(std::string_view text);
// What a Host field may hold: host and optional port.
bool is_authority(std::string_view text);
std::string_view trim_ows(std::string_view text);

}  // namespace seine::net::detail
