#include "answer/cite/evidence.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/utf8.h"
#include "store/tokenizer.h"

namespace seine::answer {
namespace {

// Han words that hold a negation character and deny nothing.
constexpr auto kHarmless = std::to_array<std::string_view>(
    {"不仅", "不但", "不过", "不断", "不同", "不久",   "不少", "不论", "不管",     "无论", "无线",
     "未来", "非常", "非洲", "不错", "不止", "不得不", "除非", "无锡", "不可或缺", "不丹"});
constexpr auto kHanNegations =
    std::to_array<std::string_view>({"不", "没", "未", "无", "非", "别", "禁止"});
constexpr auto kLatinNegations = std::to_array<std::string_view>(
    {"not", "no", "never", "none", "neither", "nor", "without", "cannot", "nobody", "nothing"});

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string half_width(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const base::DecodedPoint point = base::decode_utf8(text.substr(i));
    if (point.point >= 0xff01 && point.point <= 0xff5e) {
      out += static_cast<char>(point.point - 0xfee0);
    } else {
      out += text.substr(i, point.length);
    }
    i += point.length;
  }
  return out;
}

std::string tidy_number(std::string number) {
  std::erase(number, ',');
  if (number.find('.') != std::string::npos) {
    while (number.ends_with('0')) number.pop_back();
    if (number.ends_with('.')) number.pop_back();
  }
  const std::size_t zeros = std::min(number.find_first_not_of('0'), number.size() - 1);
  if (zeros > 0 && number[zeros] != '.') number.erase(0, zeros);
  return number;
}

bool holds(const std::vector<std::string>& list, const std::string& item) {
  return std::ranges::find(list, item) != list.end();
}

// A word that starts a sentence is capitalised whatever it is.
bool is_name(std::string_view text, const store::Token& token) {
  const char first = text[token.begin];
  if (token.cjk || token.stop || !(first >= 'A' && first <= 'Z')) return false;
  std::size_t before = token.begin;
  while (before > 0 && (text[before - 1] == ' ' || text[before - 1] == '"')) --before;
  return before > 0 && text[before - 1] != '.' && text[before - 1] != '!' &&
         text[before - 1] != '?';
}

}  // namespace

std::vector<std::string> numbers_of(std::string_view raw) {
  const std::string text = half_width(raw);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_digit(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() &&
           (is_digit(text[end]) || ((text[end] == ',' || text[end] == '.') &&
                                    end + 1 < text.size() && is_digit(text[end + 1])))) {
      ++end;
    }
    std::string number = tidy_number(text.substr(i, end - i));
    if (!holds(out, number)) out.push_back(std::move(number));
    i = end;
  }
  return out;
}

bool is_negated(std::string_view text) {
  std::size_t word = std::string_view::npos;
  const std::string lower = base::ascii_lower(text);
  for (std::size_t i = 0; i <= lower.size(); ++i) {
    if (i < lower.size() && is_letter(lower[i])) {
      word = word == std::string_view::npos ? i : word;
      continue;
    }
    if (word != std::string_view::npos) {
      const std::string_view found = std::string_view(lower).substr(word, i - word);
      if (std::ranges::find(kLatinNegations, found) != kLatinNegations.end()) return true;
      word = std::string_view::npos;
      const std::string_view rest = std::string_view(lower).substr(i);
      if (found.ends_with('n') && (rest.starts_with("'t") || rest.starts_with("’t"))) return true;
    }
  }
  std::string han(text);
  for (const std::string_view harmless : kHarmless) {
    for (std::size_t at = han.find(harmless); at != std::string::npos;
         at = han.find(harmless, at)) {
      han.erase(at, harmless.size());
    }
  }
  return std::ranges::any_of(
      kHanNegations, [&](std::string_view mark) { return han.find(mark) != std::string::npos; });
}

Claim Evidence::claim(std::string_view text) {
  constexpr double kWord = 1;
  constexpr double kName = 1.5;
  constexpr double kNumber = 2;
  constexpr double kHanPair = 1;
  constexpr double kHanSingle = 0.3;
  Claim out{.numbers = numbers_of(text), .negated = is_negated(text)};
  store::Tokenizer tokenizer;
  tokenizer.run(text, [&](const store::Token& token) {
    if (token.stop) return true;
    double weight = kWord;
    if (token.cjk) {
      weight = token.extra ? kHanPair : kHanSingle;
    } else if (is_digit(token.text.front())) {
      weight = kNumber;
    } else if (is_name(text, token)) {
      weight = kName;
      if (!holds(out.names, token.text)) out.names.push_back(token.text);
    }
    double& known = out.terms[token.text];
    known = std::max(known, weight);
    return out.terms.size() < 1024;
  });
  for (const auto& [term, weight] : out.terms) out.weight += weight;
  return out;
}

void Evidence::add(const std::vector<Passage>& passages, const std::vector<Page>& pages) {
  for (const Passage& passage : passages) {
    std::vector<Place>& list = places_[passage.page];
    if (!titles_.contains(passage.page)) {
      titles_.emplace(passage.page, claim(pages[passage.page].title));
    }
    for (const Sentence& sentence : passage.sentences) {
      // Passages overlap by a sentence.
      if (!list.empty() && list.back().span == sentence.span) continue;
      const bool follows = !list.empty() && sentence.span.begin >= list.back().span.end &&
                           sentence.span.begin - list.back().span.end <= 4;
      list.push_back({sentence.span, claim(passage.plain(sentence)), follows});
    }
  }
}

Finding Evidence::judge(const Claim& claim, const Claim& place, const Claim* next,
                        const Claim& title) {
  const auto has_term = [&](const std::string& term) {
    return place.terms.contains(term) || (next != nullptr && next->terms.contains(term));
  };
  const auto has_number = [&](const std::string& number) {
    return holds(place.numbers, number) || (next != nullptr && holds(next->numbers, number)) ||
           holds(title.numbers, number);
  };
  double found = 0;
  for (const auto& [term, weight] : claim.terms) {
    // The title says what the page's sentences leave out: who "he" is.
    if (has_term(term) || title.terms.contains(term)) found += weight;
  }
  Finding out{.score = claim.weight > 0 ? found / claim.weight : 0};
  const bool numbers = std::ranges::all_of(claim.numbers, has_number);
  const bool names = std::ranges::all_of(claim.names, [&](const std::string& name) {
    return has_term(name) || title.terms.contains(name);
  });
  const bool denied = place.negated || (next != nullptr && next->negated);
  if (!numbers || (claim.negated && !denied)) return out;
  if (out.score >= kSupported && names && claim.negated == denied) {
    out.support = Support::kSupported;
  } else if (out.score >= kPartial) {
    out.support = Support::kPartial;
  }
  return out;
}

std::optional<Finding> Evidence::best_on(std::size_t page, const Claim& claim) const {
  const auto found = places_.find(page);
  if (found == places_.end()) return std::nullopt;
  const std::vector<Place>& list = found->second;
  const Claim& title = titles_.at(page);
  std::optional<Finding> best;
  const auto offer = [&](Finding finding, ByteSpan span) {
    finding.page = page;
    finding.span = span;
    const bool better = !best || finding.support < best->support ||
                        (finding.support == best->support && finding.score > best->score);
    if (better) best = finding;
  };
  const auto related = [&](const Claim& place) {
    return std::ranges::any_of(claim.terms,
                               [&](const auto& term) { return place.terms.contains(term.first); });
  };
  for (const Place& place : list) {
    if (related(place.claim)) offer(judge(claim, place.claim, nullptr, title), place.span);
  }
  if (best && best->support == Support::kSupported) return best;
  // Two neighbours may say together what neither does alone; one sentence is the better quote.
  for (std::size_t i = 0; i + 1 < list.size(); ++i) {
    if (!list[i + 1].follows || !related(list[i].claim)) continue;
    const Finding two = judge(claim, list[i].claim, &list[i + 1].claim, title);
    if (best && two.support < best->support) {
      offer(two, {list[i].span.begin, list[i + 1].span.end});
    }
  }
  return best;
}

std::optional<Finding> Evidence::best(const Claim& claim) const {
  std::optional<Finding> best;
  std::vector<std::size_t> pages;
  for (const auto& [page, list] : places_) pages.push_back(page);
  std::ranges::sort(pages);  // the earlier source wins a tie
  for (const std::size_t page : pages) {
    const std::optional<Finding> here = best_on(page, claim);
    if (!here) continue;
    const bool better = !best || here->support < best->support ||
                        (here->support == best->support && here->score > best->score);
    if (better) best = here;
  }
  return best;
}

}  // namespace seine::answer
