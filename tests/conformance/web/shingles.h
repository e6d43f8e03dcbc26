// Overlap of texts by runs of four tokens, the measure of the article sets.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace seine::web::conform {

std::vector<std::string> word_tokens(
    std::string_view text);  // the regular expression \w+ on code points
std::vector<std::string> char_tokens(std::string_view text);  // code points without white space
bool mostly_wide(std::string_view text);                      // Chinese, Japanese, Korean

struct Overlap {
  double tp = 0;
  double fp = 0;
  double fn = 0;
  bool equal = false;
  double precision() const { return tp + fp > 0 ? tp / (tp + fp) : 0; }
  double recall() const { return tp + fn > 0 ? tp / (tp + fn) : 0; }
  double f1() const { return tp > 0 ? 2 * tp / (2 * tp + fp + fn) : 0; }
};
Overlap shingle_overlap(const std::vector<std::string>& wanted, const std::vector<std::string>& got,
                        std::size_t n = 4);

std::string without_space(std::string_view text);
std::string collapse_space(std::string_view text);

}  // namespace seine::web::conform
