#include <unicode/ucnv.h>
#include <unicode/ucnv_cb.h>
#include <unicode/ucnv_err.h>
#include <unicode/ustring.h>

#include <array>
#include <memory>

#include "base/utf8.h"
#include "web/extract/charset/encoding.h"
#include "web/extract/charset/labels.h"

namespace seine::web {
namespace {

Decoded decode_utf8(std::string_view bytes) {
  Decoded out;
  if (base::is_valid_utf8(bytes)) {
    out.text = bytes;
    return out;
  }
  out.text.reserve(bytes.size() + 64);
  while (!bytes.empty()) {
    const std::size_t bad = base::find_invalid_utf8(bytes).value_or(bytes.size());
    out.text += bytes.substr(0, bad);
    bytes.remove_prefix(bad);
    if (bytes.empty()) break;
    out.text += "\xEF\xBF\xBD";
    ++out.errors;
    bytes.remove_prefix(base::decode_utf8(bytes).length);
  }
  return out;
}

// ISO-8859-16 from 0xA0; ICU's data has no converter for it.
constexpr std::u16string_view kLatin10 =
    u"\u00A0\u0104\u0105\u0141\u20AC\u201E\u0160\u00A7\u0161\u00A9\u0218\u00AB\u0179\u00AD\u017A"
    u"\u017B"
    u"\u00B0\u00B1\u010C\u0142\u017D\u201D\u00B6\u00B7\u017E\u010D\u0219\u00BB\u0152\u0153\u0178"
    u"\u017C"
    u"\u00C0\u00C1\u00C2\u0102\u00C4\u0106\u00C6\u00C7\u00C8\u00C9\u00CA\u00CB\u00CC\u00CD\u00CE"
    u"\u00CF"
    u"\u0110\u0143\u00D2\u00D3\u00D4\u0150\u00D6\u015A\u0170\u00D9\u00DA\u00DB\u00DC\u0118\u021A"
    u"\u00DF"
    u"\u00E0\u00E1\u00E2\u0103\u00E4\u0107\u00E6\u00E7\u00E8\u00E9\u00EA\u00EB\u00EC\u00ED\u00EE"
    u"\u00EF"
    u"\u0111\u0144\u00F2\u00F3\u00F4\u0151\u00F6\u015B\u0171\u00F9\u00FA\u00FB\u00FC\u0119\u021B"
    u"\u00FF";

Decoded decode_single_byte(std::string_view bytes, char32_t (*map)(unsigned char)) {
  Decoded out;
  out.text.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) base::append_utf8(out.text, map(static_cast<unsigned char>(c)));
  return out;
}

// What the standard's decoders give where ICU's tables differ.
struct Differences {
  bool japanese = false;  // JIS X 0208 by the mapping of windows-31j
};

char16_t windows_31j(char16_t c) {
  switch (c) {
    case 0x301C:
      return 0xFF5E;  // wave dash
    case 0x2016:
      return 0x2225;
    case 0x2212:
      return 0xFF0D;
    case 0x00A2:
      return 0xFFE0;
    case 0x00A3:
      return 0xFFE1;
    case 0x00AC:
      return 0xFFE2;
    default:
      return c;
  }
}

void append_utf16(Decoded& out, std::u16string_view units, Differences differences) {
  for (std::size_t i = 0; i < units.size(); ++i) {
    char32_t point = units[i];
    if (point >= 0xD800 && point < 0xDC00 && i + 1 < units.size() && units[i + 1] >= 0xDC00 &&
        units[i + 1] < 0xE000) {
      point = 0x10000 + ((point - 0xD800) << 10) + (units[++i] - 0xDC00U);
    } else if (differences.japanese) {
      point = windows_31j(static_cast<char16_t>(point));
    }
    if (point == base::kReplacement) ++out.errors;
    base::append_utf8(out.text, point);
  }
}

// Byte 0x80 of GBK is the euro sign, which ICU's converter refuses.
void gbk_euro(const void* context, UConverterToUnicodeArgs* args, const char* units, int32_t length,
              UConverterCallbackReason reason, UErrorCode* status) {
  if (reason <= UCNV_IRREGULAR && length == 1 && units[0] == '\x80') {
    *status = U_ZERO_ERROR;
    const UChar euro = 0x20AC;
    ucnv_cbToUWriteUChars(args, &euro, 1, 0, status);
    return;
  }
  UCNV_TO_U_CALLBACK_SUBSTITUTE(context, args, units, length, reason, status);
}

Decoded decode_with_icu(std::string_view bytes, Encoding encoding) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UConverter, decltype(&ucnv_close)> converter(
      ucnv_open(icu_converter_name(encoding), &status), &ucnv_close);
  if (U_FAILURE(status)) return decode_utf8(bytes);  // only where ICU's data was stripped
  const Differences differences{.japanese = encoding == Encoding::kEucJp ||
                                            encoding == Encoding::kIso2022Jp};
  if (encoding == Encoding::kGbk || encoding == Encoding::kGb18030) {
    ucnv_setToUCallBack(converter.get(), &gbk_euro, nullptr, nullptr, nullptr, &status);
  }
  Decoded out;
  out.text.reserve(bytes.size() + bytes.size() / 2);
  std::array<char16_t, 8192> units;
  std::size_t held = 0;  // a high surrogate whose second half did not fit into the buffer
  const char* source = bytes.data();
  const char* const end = source + bytes.size();
  while (true) {
    char16_t* target = units.data() + held;
    status = U_ZERO_ERROR;
    ucnv_toUnicode(converter.get(), &target, units.data() + units.size(), &source, end, nullptr,
                   true, &status);
    auto count = static_cast<std::size_t>(target - units.data());
    const bool more = status == U_BUFFER_OVERFLOW_ERROR;
    held = more && count > 0 && (units[count - 1] & 0xFC00) == 0xD800 ? 1 : 0;
    append_utf16(out, {units.data(), count - held}, differences);
    if (held == 1) units[0] = units[count - 1];
    if (status != U_BUFFER_OVERFLOW_ERROR) break;
  }
  return out;
}

}  // namespace

Decoded decode(std::string_view bytes, Encoding encoding) {
  switch (encoding) {
    case Encoding::kUtf8:
      return decode_utf8(bytes);
    case Encoding::kReplacement:
      return bytes.empty() ? Decoded{} : Decoded{.text = "\xEF\xBF\xBD", .errors = 1};
    case Encoding::kIso8859_16:
      return decode_single_byte(bytes, [](unsigned char byte) -> char32_t {
        return byte < 0xA0 ? byte : kLatin10[byte - 0xA0U];
      });
    case Encoding::kUserDefined:
      return decode_single_byte(bytes, [](unsigned char byte) -> char32_t {
        return byte < 0x80 ? byte : 0xF700U + byte;
      });
    default:
      return decode_with_icu(bytes, encoding);
  }
}

}  // namespace seine::web
