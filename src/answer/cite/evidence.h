// Whether a page says what a sentence claims: by words, numbers, names and negation, in English and
// Chinese. Lexical on purpose: it never takes a claim whose numbers or names the page does not
// hold, and it costs microseconds. Holds the sentences of the opened pages of one answer. One
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "answer/passage/split.h"
#include "answer/types.h"

namespace seine::answer {

// A text as a check sees it.
struct Claim {
  std::unordered_map<std::string, double> terms = {};  // with weights
  std::vector<std::string> numbers = {};               // "1234.5"
  std::vector<std::string> names = {};                 // capitalised Latin words, lower-cased stems
  bool negated = false;
  double weight = 0;  // of all terms
};

struct Finding {
  Support support = Support::kUnsupported;
  double score = 0;  // share of the claim's weight that the place holds
  std::size_t page = 0;
  ByteSpan span = {};  // of the page's Markdown: one sentence, or two neighbours
};

class Evidence {
 public:
  // At and above: the place says it; says part of it; has to do with it at all.
  static constexpr double kSupported = 0.7;
  static constexpr double kPartial = 0.45;
  static constexpr double kRelated = 0.2;

  void add(const std::vector<Passage>& passages, const std::vector<Page>& pages);

  static Claim claim(std::string_view text);
  // The best place of one page; nothing when no sentence has a term of the claim.
  std::optional<Finding> best_on(std::size_t page, const Claim& claim) const;
  // The best place of any page.
  std::optional<Finding> best(const Claim& claim) const;

 private:
  struct Place {
    ByteSpan span;
    Claim claim;
    bool follows = false;  // the sentence before it stands directly before
  };
  static Finding judge(const Claim& claim, const Claim& place, const Claim* next,
                       const Claim& title);

  std::unordered_map<std::size_t, std::vector<Place>> places_;  // by page
  std::unordered_map<std::size_t, Claim> titles_;
};

// Digit runs as numbers: "1,234.50" -> "1234.5", full-width digits as ASCII.
std::vector<std::string> numbers_of(std::string_view text);
// Whether a text denies something ("not", "never", "没有", "不").
bool is_negated(std::string_view text);

}  // namespace seine::answer
