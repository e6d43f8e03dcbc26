#include "engine/tokenizer/char_class.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <map>

namespace seine::engine {
namespace {

// The letters that DeepSeek-LLM's tokenizer.json lists: cased ones, as first and last.
constexpr std::array<std::array<char32_t, 2>, 67> kCased = {{
    {'A', 'Z'},       {'a', 'z'},         {0xB5, 0xB5},     {0xC0, 0xD6},     {0xD8, 0xF6},
    {0xF8, 0x1BA},    {0x1BC, 0x1BF},     {0x1C4, 0x293},   {0x295, 0x2AF},   {0x370, 0x373},
    {0x376, 0x377},   {0x37B, 0x37D},     {0x37F, 0x37F},   {0x386, 0x386},   {0x388, 0x38A},
    {0x38C, 0x38C},   {0x38E, 0x3A1},     {0x3A3, 0x3F5},   {0x3F7, 0x481},   {0x48A, 0x52F},
    {0x531, 0x556},   {0x10A0, 0x10C5},   {0x13A0, 0x13F5}, {0x13F8, 0x13FD}, {0x1C90, 0x1CBA},
    {0x1CBD, 0x1CBF}, {0x1D00, 0x1D2B},   {0x1D6B, 0x1D77}, {0x1D79, 0x1D9A}, {0x1E00, 0x1F15},
    {0x1F18, 0x1F1D}, {0x1F20, 0x1F45},   {0x1F48, 0x1F4D}, {0x1F50, 0x1F57}, {0x1F59, 0x1F59},
    {0x1F5B, 0x1F5B}, {0x1F5D, 0x1F5D},   {0x1F5F, 0x1F7D}, {0x1F80, 0x1FB4}, {0x1FB6, 0x1FBC},
    {0x1FBE, 0x1FBE}, {0x1FC2, 0x1FC4},   {0x1FC6, 0x1FCC}, {0x1FD0, 0x1FD3}, {0x1FD6, 0x1FDB},
    {0x1FE0, 0x1FEC}, {0x1FF2, 0x1FF4},   {0x1FF6, 0x1FFC}, {0x2102, 0x2102}, {0x2107, 0x2107},
    {0x210A, 0x2113}, {0x2115, 0x2115},   {0x2119, 0x211D}, {0x2124, 0x2134}, {0x2139, 0x2139},
    {0x213C, 0x213F}, {0x2145, 0x2149},   {0x214E, 0x214E}, {0x2183, 0x2184}, {0x2C00, 0x2CE4},
    {0x2CEB, 0x2CF3}, {0xA640, 0xA69B},   {0xA722, 0xA78E}, {0xAB70, 0xABBF}, {0xFB00, 0xFB17},
    {0xFF21, 0xFF5A}, {0x10400, 0x1E943},
}};

bool is_cased(char32_t p) {
  if (p < 0x80) return true;
  const auto found = std::ranges::upper_bound(kCased, p, {}, [](const auto& r) { return r[0]; });
  if (found == kCased.begin() || p > (*(found - 1))[1]) return false;
  // Wide ranges above hold modifier letters and uncased scripts that the list leaves out.
  if (p >= 0x10400) {
    return p <= 0x1044F || (p >= 0x104B0 && p <= 0x104FB) || (p >= 0x10C80 && p <= 0x10CF2) ||
           (p >= 0x118A0 && p <= 0x118DF) || p >= 0x1E900;
  }
  const bool left_out = p == 0x2C7C || p == 0x2C7D || p == 0xA66E || p == 0xA770 || p == 0xA788 ||
                        (p >= 0x2135 && p <= 0x2138);
  return !left_out;
}

bool is_llm_mark(char32_t p) {
  return (p >= '!' && p <= '/') || (p >= ':' && p <= '~') || (p >= 0xFF01 && p <= 0xFF0F) ||
         (p >= 0xFF1A && p <= 0xFF5E) || (p >= 0x2018 && p <= 0x201F) ||
         (p >= 0x3000 && p <= 0x3002);
}

bool is_far_east(char32_t p) {
  return (p >= 0x800 && p <= 0x9FA5) || (p >= 0xAC00 && p <= 0xD7FF);
}

CharClasses::Flags classify(UChar32 point) {
  const std::uint32_t category = U_GET_GC_MASK(point);
  CharClasses::Flags out = 0;
  if ((category & U_GC_L_MASK) != 0) out |= CharClasses::kLetter;
  if ((category & U_GC_M_MASK) != 0) out |= CharClasses::kMark;
  if ((category & U_GC_N_MASK) != 0) out |= CharClasses::kNumber;
  if ((category & U_GC_P_MASK) != 0) out |= CharClasses::kPunctuation;
  if ((category & U_GC_S_MASK) != 0) out |= CharClasses::kSymbol;
  if (u_isUWhiteSpace(point) != 0) out |= CharClasses::kSpace;
  if (point == '\r' || point == '\n') out |= CharClasses::kNewline;
  const auto p = static_cast<char32_t>(point);
  if ((out & CharClasses::kLetter) != 0 && is_cased(p)) out |= CharClasses::kCased;
  if (is_llm_mark(p)) out |= CharClasses::kLlmMark;
  if (is_far_east(p)) out |= CharClasses::kFarEast;
  return out;
}

}  // namespace

const CharClasses& CharClasses::instance() {
  static const CharClasses classes;
  return classes;
}

CharClasses::CharClasses() {
  std::map<std::array<Flags, 256>, std::uint16_t> seen;
  for (std::uint32_t high = 0; high < index_.size(); ++high) {
    std::array<Flags, 256> block;
    for (std::uint32_t low = 0; low < 256; ++low) {
      block[low] = classify(static_cast<UChar32>(high << 8 | low));
    }
    const auto [place, is_new] =
        seen.try_emplace(block, static_cast<std::uint16_t>(blocks_.size() / 256));
    if (is_new) blocks_.insert(blocks_.end(), block.begin(), block.end());
    index_[high] = place->second;
  }
  first_.fill(of(base::kReplacement));
  for (char32_t point = 0; point < 0x110000; ++point) {
    const unsigned first = point < 0x80      ? point
                           : point < 0x800   ? 0xC0 | point >> 6U
                           : point < 0x10000 ? 0xE0 | point >> 12U
                                             : 0xF0 | point >> 18U;
    first_[first] |= of(point);
  }
}

}  // namespace seine::engine
