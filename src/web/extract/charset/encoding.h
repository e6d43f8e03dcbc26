// The encodings of the WHATWG Encoding Standard: the table of labels, and decoders into UTF-8 over
// ICU's converters with the standard's differences. Pure functions, safe on any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seine::web {

enum class Encoding : std::uint8_t {
  kUtf8,
  kIbm866,
  kIso8859_2,
  kIso8859_3,
  kIso8859_4,
  kIso8859_5,
  kIso8859_6,
  kIso8859_7,
  kIso8859_8,
  kIso8859_8I,
  kIso8859_10,
  kIso8859_13,
  kIso8859_14,
  kIso8859_15,
  kIso8859_16,
  kKoi8R,
  kKoi8U,
  kMacintosh,
  kWindows874,
  kWindows1250,
  kWindows1251,
  kWindows1252,
  kWindows1253,
  kWindows1254,
  kWindows1255,
  kWindows1256,
  kWindows1257,
  kWindows1258,
  kMacCyrillic,
  kGbk,
  kGb18030,
  kBig5,
  kEucJp,
  kIso2022Jp,
  kShiftJis,
  kEucKr,
  kReplacement,  // labels that must not be honoured (hz-gb-2312, iso-2022-kr, ...)
  kUtf16Be,
  kUtf16Le,
  kUserDefined,
  // Not in the standard and reached by no label, only by the detector: old archives use them.
  kEucTw,
  kIso2022Kr,
};

// "GBK", "windows-1252": the standard's name.
std::string_view encoding_name(Encoding encoding);
// Leading and trailing space and case do not matter; nothing for labels outside the table.
std::optional<Encoding> encoding_from_label(std::string_view label);

struct Decoded {
  std::string text;        // valid UTF-8
  std::size_t errors = 0;  // malformed sequences, each one U+FFFD in the text
};

// No byte order mark is looked for or removed here.
Decoded decode(std::string_view bytes, Encoding encoding);

}  // namespace seine::web
