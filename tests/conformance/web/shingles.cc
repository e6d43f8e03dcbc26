#include "shingles.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "web/extract/content/text_measure.h"

namespace seine::web::conform {

std::vector<std::string> word_tokens(std::string_view text) {
  std::vector<std::string> tokens;
  std::string token;
  for (const char32_t c : base::to_utf32(text)) {
    if (c == '_' || u_isalnum(static_cast<UChar32>(c)) != 0) {
      base::append_utf8(token, c);
    } else if (!token.empty()) {
      tokens.push_back(std::exchange(token, {}));
    }
  }
  if (!token.empty()) tokens.push_back(token);
  return tokens;
}

std::vector<std::string> char_tokens(std::string_view text) {
  std::vector<std::string> tokens;
  for (const char32_t c : base::to_utf32(text)) {
    if (u_isUWhiteSpace(static_cast<UChar32>(c)) != 0) continue;
    base::append_utf8(tokens.emplace_back(), c);
  }
  return tokens;
}

bool mostly_wide(std::string_view text) {
  std::size_t wide = 0;
  std::size_t all = 0;
  for (const char32_t c : base::to_utf32(text)) {
    if (c <= ' ') continue;
    ++all;
    if (is_wide(c)) ++wide;
  }
  return wide * 3 > all;
}

Overlap shingle_overlap(const std::vector<std::string>& wanted, const std::vector<std::string>& got,
                        std::size_t n) {
  std::map<std::string, std::pair<long, long>> counts;
  const auto add = [&](const std::vector<std::string>& tokens, bool second) {
    if (tokens.empty()) return;
    const std::size_t runs = tokens.size() < n ? 1 : tokens.size() - n + 1;
    for (std::size_t i = 0; i < runs; ++i) {
      std::string key;
      for (std::size_t k = i; k < std::min(i + n, tokens.size()); ++k) key += tokens[k] + '\x1F';
      auto& count = counts[key];
      ++(second ? count.second : count.first);
    }
  };
  add(wanted, false);
  add(got, true);
  Overlap out;
  for (const auto& [key, count] : counts) {
    out.tp += static_cast<double>(std::min(count.first, count.second));
    out.fp += static_cast<double>(std::max(0L, count.second - count.first));
    out.fn += static_cast<double>(std::max(0L, count.first - count.second));
  }
  const double sum = out.tp + out.fp + out.fn;
  if (sum > 0) {
    out.tp /= sum;
    out.fp /= sum;
    out.fn /= sum;
  }
  out.equal = wanted == got;
  return out;
}

std::string without_space(std::string_view text) {
  std::string out;
  for (const char32_t c : base::to_utf32(text)) {
    if (u_isUWhiteSpace(static_cast<UChar32>(c)) == 0) base::append_utf8(out, c);
  }
  return out;
}

std::string collapse_space(std::string_view text) {
  std::string out;
  bool space = false;
  for (const char32_t c : base::to_utf32(text)) {
    if (u_isUWhiteSpace(static_cast<UChar32>(c)) != 0) {
      space = !out.empty();
      continue;
    }
    if (space) out.push_back(' ');
    space = false;
    base::append_utf8(out, c);
  }
  return out;
}

}  // namespace seine::web::conform
