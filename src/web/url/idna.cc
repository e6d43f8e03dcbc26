// Domains through UTS #46 (ICU), non-transitional, as the URL Standard asks: CheckHyphens and
// VerifyDnsLength off, CheckBidi and CheckJoiners on.
#include <unicode/uidna.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/utf8.h"
#include "web/url/host.h"

namespace seine::web {
namespace {

// ICU's object is immutable and safe on any thread once made.
const UIDNA* idna() {
  static const std::unique_ptr<UIDNA, decltype(&uidna_close)> instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    UIDNA* made =
        uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII |
                            UIDNA_NONTRANSITIONAL_TO_UNICODE,
                        &status);
    return std::unique_ptr<UIDNA, decltype(&uidna_close)>(U_SUCCESS(status) ? made : nullptr,
                                                          &uidna_close);
  }();
  return instance.get();
}

constexpr std::uint32_t kIgnoredErrors =
    UIDNA_ERROR_EMPTY_LABEL | UIDNA_ERROR_LABEL_TOO_LONG | UIDNA_ERROR_DOMAIN_NAME_TOO_LONG |
    UIDNA_ERROR_LEADING_HYPHEN | UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4;

// DNS names have 253 bytes; far longer input would cost ICU quadratic time in some labels.
constexpr std::size_t kDomainBytesMax = 16384;

bool is_ascii(std::string_view domain) {
  return std::ranges::all_of(domain, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// ICU 72 carries the mapping table of Unicode 15.0. Unicode 15.1 and 16 map some letters that it
// refuses or folds differently (UTS #46, revisions 31 and 33); browsers follow the newer table.
std::string apply_newer_mappings(std::string_view domain) {
  std::string out;
  out.reserve(domain.size());
  for (const char32_t point : base::to_utf32(domain)) {
    if (point == 0x1E9E) {
      base::append_utf8(out, 0xDF);  // capital sharp s
    } else if (point >= 0x10A0 && point <= 0x10CD) {
      base::append_utf8(out, point + 0x1C60);  // Asomtavruli to Nuskhuri
    } else if (point == 0x04C0) {
      base::append_utf8(out, 0x04CF);  // palochka
    } else if (point == 0x2132) {
      base::append_utf8(out, 0x214E);  // turned F
    } else if (point == 0x2183) {
      base::append_utf8(out, 0x2184);  // reversed C
    } else if (point == 0x2F868) {
      base::append_utf8(out, 0x36FC);  // compatibility ideographs corrected after IDNA2003
    } else if (point == 0x2F874) {
      base::append_utf8(out, 0x5F53);
    } else if (point == 0x2F91F) {
      base::append_utf8(out, 0x243AB);
    } else if (point == 0x2F95F) {
      base::append_utf8(out, 0x7AEE);
    } else if (point == 0x2F9BF) {
      base::append_utf8(out, 0x45D7);
    } else if (point == 0x115F || point == 0x1160 || point == 0x3164 || point == 0xFFA0 ||
               point == 0x17B4 || point == 0x17B5 || point == 0x1806) {
      continue;  // fillers and invisible vowels are ignored
    } else {
      base::append_utf8(out, point);
    }
  }
  return out;
}

bool mixes_scripts(std::string_view label) {
  UErrorCode status = U_ZERO_ERROR;
  bool latin = false;
  bool cyrillic_or_greek = false;
  bool han_or_kana = false;
  for (const char32_t point : base::to_utf32(label)) {
    switch (uscript_getScript(static_cast<UChar32>(point), &status)) {
      case USCRIPT_LATIN:
        latin = latin || point >= 0x80 || (point | 32) >= 'a';
        break;
      case USCRIPT_CYRILLIC:
      case USCRIPT_GREEK:
      case USCRIPT_ARMENIAN:
      case USCRIPT_CHEROKEE:
        cyrillic_or_greek = true;
        break;
      case USCRIPT_HAN:
      case USCRIPT_HIRAGANA:
      case USCRIPT_KATAKANA:
      case USCRIPT_HANGUL:
        han_or_kana = true;
        break;
      default:
        break;
    }
  }
  return cyrillic_or_greek && (latin || han_or_kana);
}

// A label of nothing but Cyrillic letters that look Latin is the classic disguise.
bool whole_script_lookalike(std::string_view label) {
  static constexpr std::u32string_view kLookalikes = U"асԁеһіјӏорԛѕԝхуъьҽпгѵѡ-0123456789";
  const std::u32string points = base::to_utf32(label);
  return std::ranges::any_of(points, [](char32_t c) { return c >= 0x80; }) &&
         std::ranges::all_of(points,
                             [](char32_t c) { return kLookalikes.find(c) != kLookalikes.npos; });
}

}  // namespace

std::optional<std::string> domain_to_ascii(std::string_view domain) {
  if (domain.size() > kDomainBytesMax) return std::nullopt;
  // The standard takes an ASCII domain as it is: punycode that does not decode stays a name.
  if (is_ascii(domain)) {
    if (domain.empty()) return std::nullopt;
    return base::ascii_lower(domain);
  }
  if (idna() == nullptr) return std::nullopt;
  const std::string mapped = apply_newer_mappings(domain);
  domain = mapped;
  std::string out(domain.size() * 4 + 64, '\0');
  for (int attempt = 0; attempt < 2; ++attempt) {
    UErrorCode status = U_ZERO_ERROR;
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    const int32_t length =
        uidna_nameToASCII_UTF8(idna(), domain.data(), static_cast<int32_t>(domain.size()),
                               out.data(), static_cast<int32_t>(out.size()), &info, &status);
    if (status == U_BUFFER_OVERFLOW_ERROR) {
      out.resize(static_cast<std::size_t>(length) + 1);
      continue;
    }
    if (U_FAILURE(status) || (info.errors & ~kIgnoredErrors) != 0 || length == 0) {
      return std::nullopt;
    }
    out.resize(static_cast<std::size_t>(length));
    return out;
  }
  return std::nullopt;
}

std::string domain_for_display(std::string_view ascii_domain) {
  std::vector<std::string> labels;
  for (const std::string_view label : base::split(ascii_domain, '.')) {
    std::string shown(label);
    if (label.starts_with("xn--") && idna() != nullptr && label.size() <= 63) {
      std::string unicode(512, '\0');
      UErrorCode status = U_ZERO_ERROR;
      UIDNAInfo info = UIDNA_INFO_INITIALIZER;
      const int32_t length = uidna_labelToUnicodeUTF8(
          idna(), label.data(), static_cast<int32_t>(label.size()), unicode.data(),
          static_cast<int32_t>(unicode.size()), &info, &status);
      if (U_SUCCESS(status) && info.errors == 0) {
        unicode.resize(static_cast<std::size_t>(length));
        if (!mixes_scripts(unicode) && !whole_script_lookalike(unicode)) shown = unicode;
      }
    }
    labels.push_back(std::move(shown));
  }
  return base::join(labels, ".");
}

}  // namespace seine::web
