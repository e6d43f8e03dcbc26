// Which encoding a page is in: byte order mark, HTTP header, the declaration in its first 1,024
// bytes, and where these are absent or plainly wrong, the bytes themselves. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "web/extract/charset/encoding.h"

namespace seine::web {

enum class CharsetSource : std::uint8_t { kBom, kHeader, kMeta, kDetected, kDefault };

struct CharsetChoice {
  Encoding encoding = Encoding::kUtf8;
  CharsetSource source = CharsetSource::kDefault;
  std::size_t bom_bytes = 0;
};

// `header_charset`: the charset parameter of Content-Type, empty when absent.
CharsetChoice choose_charset(std::string_view bytes, std::string_view header_charset);

// The WHATWG prescan (HTML section 13.2.3.2) of the first `limit` bytes.
inline constexpr std::size_t kPrescanBytes = 1024;
// A browser that meets a declaration later changes its mind while parsing: the same outcome.
inline constexpr std::size_t kLatePrescanBytes = 16384;
std::optional<Encoding> prescan_meta(std::string_view bytes, std::size_t limit = kPrescanBytes);
// encoding="..." of an XML declaration at the very start.
std::optional<Encoding> prescan_xml(std::string_view bytes);
// From the bytes alone; nothing when they are plain ASCII or fit nothing.
std::optional<Encoding> detect_encoding(std::string_view bytes);

// The charset parameter of a Content-Type value or of a meta element's content attribute.
std::optional<std::string> charset_parameter(std::string_view content_type);

struct DecodedPage {
  std::string text;
  CharsetChoice charset;
  std::size_t errors = 0;
};
// choose_charset and decode in one step, the byte order mark removed.
DecodedPage decode_page(std::string_view bytes, std::string_view header_charset);

}  // namespace seine::web
