#include "store/detail/fold_table.h"

#include <unicode/normalizer2.h>
#include <unicode/translit.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

#include <map>
#include <memory>
#include <unordered_map>

#include "base/assert.h"

namespace seine::store::detail {
namespace {

UScriptCode script_of(char32_t point) {
  UErrorCode status = U_ZERO_ERROR;
  return uscript_getScript(static_cast<UChar32>(point), &status);
}

bool written_without_spaces(char32_t point, UScriptCode script) {
  switch (script) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_HANGUL:
    case USCRIPT_BOPOMOFO:
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
    case USCRIPT_YI:
      return true;
    default:
      return point == 0x30FC;  // the long vowel mark belongs to both kana
  }
}

// Vowel signs of the Indic scripts are part of the word; accents, Arabic and Hebrew points are not.
bool is_accent_script(UScriptCode script) {
  return script == USCRIPT_INHERITED || script == USCRIPT_COMMON || script == USCRIPT_LATIN ||
         script == USCRIPT_GREEK || script == USCRIPT_CYRILLIC || script == USCRIPT_ARABIC ||
         script == USCRIPT_HEBREW;
}

CharClass classify(char32_t point) {
  const auto type = u_charType(static_cast<UChar32>(point));
  const UScriptCode script = script_of(point);
  const bool mark = (U_GET_GC_MASK(static_cast<UChar32>(point)) & U_GC_M_MASK) != 0;
  if (mark && is_accent_script(script)) return CharClass::kMark;
  if (type == U_DECIMAL_DIGIT_NUMBER) return CharClass::kDigit;
  const bool wordlike =
      (U_GET_GC_MASK(static_cast<UChar32>(point)) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK)) != 0;
  if (!wordlike) return CharClass::kBreak;
  return written_without_spaces(point, script) ? CharClass::kCjk : CharClass::kLetter;
}

// Letters that Unicode does not decompose but readers spell without their stroke or ligature.
std::u32string_view plain_spelling(char32_t point) {
  switch (point) {
    case U'æ':
      return U"ae";
    case U'œ':
      return U"oe";
    case U'ø':
      return U"o";
    case U'đ':
    case U'ð':
      return U"d";
    case U'ł':
      return U"l";
    case U'ħ':
      return U"h";
    case U'þ':
      return U"th";
    case U'ı':
      return U"i";
    default:
      return {};
  }
}

std::unordered_map<char32_t, char32_t> traditional_to_simplified() {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::Transliterator> transliterator(
      icu::Transliterator::createInstance("Hant-Hans", UTRANS_FORWARD, status));
  SEINE_ASSERT(U_SUCCESS(status) && transliterator != nullptr,
               "ICU has the Traditional-Simplified transliterator");
  icu::UnicodeSet source;
  transliterator->getSourceSet(source);
  std::unordered_map<char32_t, char32_t> map;
  for (int range = 0; range < source.getRangeCount(); ++range) {
    for (UChar32 c = source.getRangeStart(range); c <= source.getRangeEnd(range); ++c) {
      icu::UnicodeString text(c);
      transliterator->transliterate(text);
      if (text.countChar32() == 1 && text.char32At(0) != c) {
        map.emplace(static_cast<char32_t>(c), static_cast<char32_t>(text.char32At(0)));
      }
    }
  }
  return map;
}

}  // namespace

const FoldTable& FoldTable::instance() {
  static const FoldTable table;
  return table;
}

std::uint32_t FoldTable::entry_for(std::u32string_view folded, char32_t point) {
  if (folded.size() == 1) return folded[0] == point ? 0 : static_cast<std::uint32_t>(folded[0]);
  const auto index = static_cast<std::uint32_t>(pool_.size());
  pool_.push_back(static_cast<char32_t>(folded.size()));
  pool_ += folded;
  return kPoolBit | index;
}

FoldTable::FoldTable() {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* casefold = icu::Normalizer2::getNFKCCasefoldInstance(status);
  const icu::Normalizer2* nfd = icu::Normalizer2::getNFDInstance(status);
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(status);
  SEINE_ASSERT(U_SUCCESS(status), "ICU has its normalization data");
  const auto simplified = traditional_to_simplified();

  const auto fold_point = [&](char32_t point) {
    std::u32string out;
    icu::UnicodeString text(static_cast<UChar32>(point));
    if (!casefold->isInert(static_cast<UChar32>(point))) text = casefold->normalize(text, status);
    for (int i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
      const UChar32 c = text.char32At(i);
      const auto u = static_cast<char32_t>(c);
      const UScriptCode script = script_of(u);
      if (const auto spelled = plain_spelling(u); !spelled.empty()) {
        out += spelled;
      } else if (const int digit = u_charDigitValue(c); digit >= 0) {
        out.push_back(U'0' + static_cast<char32_t>(digit));
      } else if (const auto han = simplified.find(u); han != simplified.end()) {
        out.push_back(han->second);
      } else if (icu::UnicodeString parts; (script == USCRIPT_LATIN || script == USCRIPT_GREEK ||
                                            script == USCRIPT_CYRILLIC) &&
                                           nfd->getDecomposition(c, parts)) {
        for (int k = 0; k < parts.length(); k = parts.moveIndex32(k, 1)) {
          const UChar32 part = parts.char32At(k);
          if ((U_GET_GC_MASK(part) & U_GC_M_MASK) == 0) out.push_back(static_cast<char32_t>(part));
        }
      } else {
        out.push_back(u);
      }
    }
    return out;
  };

  std::map<Page, std::uint16_t> known;
  for (char32_t first = 0; first < kEnd; first += 256) {
    Page page{};
    for (char32_t point = first; point < first + 256; ++point) {
      std::uint32_t entry = static_cast<std::uint32_t>(classify(point)) << kClassShift;
      if (u_isUUppercase(static_cast<UChar32>(point))) entry |= kUpperBit;
      entry |= entry_for(fold_point(point), point);
      page[point & 0xff] = entry;
    }
    const auto [at, fresh] = known.try_emplace(page, static_cast<std::uint16_t>(pages_.size()));
    if (fresh) pages_.push_back(page);
    page_of_[first >> 8] = at->second;
  }
  for (char32_t kana = kKanaBegin; kana < kKanaEnd; ++kana) {
    for (char32_t mark = 0; mark < 2; ++mark) {
      const UChar32 composed =
          nfc->composePair(static_cast<UChar32>(kana), static_cast<UChar32>(0x3099 + mark));
      voiced_[kana - kKanaBegin][mark] = composed < 0 ? 0 : static_cast<char32_t>(composed);
    }
  }
  SEINE_ASSERT(U_SUCCESS(status), "ICU folds every code point");
}

char32_t FoldTable::voiced(char32_t kana, char32_t mark) const {
  if (kana < kKanaBegin || kana >= kKanaEnd || mark < 0x3099 || mark > 0x309A) return 0;
  return voiced_[kana - kKanaBegin][mark - 0x3099];
}

}  // namespace seine::store::detail
