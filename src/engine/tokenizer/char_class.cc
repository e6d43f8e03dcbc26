#include "engine/tokenizer/char_class.h"

#include <unicode/uchar.h>

#include <map>

namespace seine::engine {
namespace {

std::uint8_t classify(UChar32 point) {
  const std::uint32_t category = U_GET_GC_MASK(point);
  std::uint8_t out = 0;
  if ((category & U_GC_L_MASK) != 0) out |= CharClasses::kLetter;
  if ((category & U_GC_M_MASK) != 0) out |= CharClasses::kMark;
  if ((category & U_GC_N_MASK) != 0) out |= CharClasses::kNumber;
  if ((category & U_GC_P_MASK) != 0) out |= CharClasses::kPunctuation;
  if ((category & U_GC_S_MASK) != 0) out |= CharClasses::kSymbol;
  if (u_isUWhiteSpace(point) != 0) out |= CharClasses::kSpace;
  if (point == '\r' || point == '\n') out |= CharClasses::kNewline;
  return out;
}

}  // namespace

const CharClasses& CharClasses::instance() {
  static const CharClasses classes;
  return classes;
}

CharClasses::CharClasses() {
  std::map<std::array<std::uint8_t, 256>, std::uint16_t> seen;
  for (std::uint32_t high = 0; high < index_.size(); ++high) {
    std::array<std::uint8_t, 256> block;
    for (std::uint32_t low = 0; low < 256; ++low) {
      block[low] = classify(static_cast<UChar32>(high << 8 | low));
    }
    const auto [place, is_new] =
        seen.try_emplace(block, static_cast<std::uint16_t>(blocks_.size() / 256));
    if (is_new) blocks_.insert(blocks_.end(), block.begin(), block.end());
    index_[high] = place->second;
  }
}

}  // namespace seine::engine
