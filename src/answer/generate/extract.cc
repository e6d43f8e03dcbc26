#include "answer/generate/extract.h"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>
#include <unordered_set>

#include "answer/cite/evidence.h"
#include "base/text.h"
#include "store/tokenizer.h"

namespace seine::answer {
namespace {

using Terms = std::unordered_set<std::string>;

Terms terms_of(store::Tokenizer& tokenizer, std::string_view text) {
  Terms out;
  tokenizer.run(text, [&out](const store::Token& token) {
    out.insert(token.text);
    return true;
  });
  return out;
}

// A word of the question, or another that says the same of what was asked.
struct Asked {
  std::string term;
  double weight = 0;
  std::vector<std::string> related;

  bool in(const Terms& terms) const {
    return terms.contains(term) || std::ranges::any_of(related, [&](const std::string& other) {
             return terms.contains(other);
           });
  }
};

// The adjective of "how long": a source may have the noun in its place.
bool is_measure(std::string_view term) {
  static constexpr auto kMeasures = std::to_array<std::string_view>(
      {"long",  "tall", "high", "deep",  "wide",   "old",   "far",    "fast",
       "heavi", "big",  "larg", "peopl", "expens", "wrote", "invent", "found",
       "长",    "高",   "深",   "大",    "重",     "远",    "人"});
  return std::ranges::find(kMeasures, term) != kMeasures.end();
}

bool has_any(std::string_view text, std::span<const std::string_view> words) {
  return std::ranges::any_of(
      words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

bool has_year(std::string_view text) {
  return std::ranges::any_of(numbers_of(text), [](const std::string& number) {
    return number.size() == 4 && (number[0] == '1' || number[0] == '2') &&
           number.find('.') == std::string::npos;
  });
}

// "17:00": what many a "when" asks for.
bool has_clock_time(std::string_view text) {
  const auto digit = [&](std::size_t i) {
    return i < text.size() && text[i] >= '0' && text[i] <= '9';
  };
  for (std::size_t at = text.find(':'); at != std::string_view::npos; at = text.find(':', at + 1)) {
    if (at > 0 && digit(at - 1) && digit(at + 1) && digit(at + 2)) return true;
  }
  return false;
}

bool has_han_digit(std::string_view text) {
  static constexpr auto kDigits =
      std::to_array<std::string_view>({"一", "二", "三", "四", "五", "六", "七", "八", "九", "十",
                                       "百", "千", "万", "亿", "两", "半"});
  return has_any(text, kDigits);
}

bool has_name(std::string_view text) {
  bool start = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= 'A' && c <= 'Z' && !start && i > 0 && text[i - 1] == ' ') return true;
    start = c == '.' || (start && (c == ' ' || c == '"'));
  }
  return false;
}

// Whether a sentence holds the kind of thing that was asked for.
bool fits(AnswerKind kind, std::string_view text) {
  static constexpr auto kMonths = std::to_array<std::string_view>(
      {"January", "February", "March", "April", "May", "June", "July", "August", "September",
       "October", "November", "December", "年", "月", "点", "世纪", "century"});
  static constexpr auto kReasons = std::to_array<std::string_view>(
      {"because", "due to", "since", "so that", "in order", "reason", "as a result", "因为", "由于",
       "因此", "为了", "原因", "所以"});
  static constexpr auto kPlaces = std::to_array<std::string_view>(
      {" in ", " at ", " near ", " from ", "位于", "在", "于", "省", "市", "县", "国", "区"});
  switch (kind) {
    case AnswerKind::kNumber:
      return !numbers_of(text).empty() || has_han_digit(text);
    case AnswerKind::kDate:
      return has_year(text) || has_clock_time(text) || has_any(text, kMonths);
    case AnswerKind::kPerson:
      return has_name(text) || language_of_text(text) == base::Language::kChinese;
    case AnswerKind::kPlace:
      return has_any(text, kPlaces);
    case AnswerKind::kReason:
      return has_any(base::ascii_lower(text), kReasons);
    case AnswerKind::kYesNo:
    case AnswerKind::kOther:
      return true;
  }
  return true;
}

}  // namespace

std::vector<Extract> extract_sentences(const Question& question, std::span<const Passage> passages,
                                       std::span<const std::size_t> chosen,
                                       std::span<const Page> pages, Bm25& index,
                                       std::size_t count) {
  store::Tokenizer tokenizer;
  std::vector<Asked> asked;
  double total = 0;
  const std::vector<std::string> related = index.terms(question.related);
  for (const std::string& term : index.terms(question.keywords)) {
    Asked word{.term = term, .weight = index.idf(term), .related = {}};
    if (!question.related.empty() && is_measure(word.term)) word.related = related;
    total += word.weight;
    asked.push_back(std::move(word));
  }
  if (total <= 0) return {};
  const double least =
      question.language == base::Language::kChinese ? kCoverageMinChinese : kCoverageMin;
  // With its mark: without one, an answer may well hold the words in their order.
  std::string whole = base::ascii_lower(base::trim(question.text));
  if (!whole.ends_with('?') && !whole.ends_with("？")) whole.clear();
  std::vector<Extract> found;
  for (std::size_t rank = 0; rank < chosen.size(); ++rank) {
    const Passage& passage = passages[chosen[rank]];
    const Terms around = terms_of(
        tokenizer, pages[passage.page].title + " " + passage.heading_path + " " + passage.text);
    for (std::size_t i = 0; i < passage.sentences.size(); ++i) {
      const std::string_view text = passage.plain(passage.sentences[i]);
      // One that repeats the question, such as an example of asking it, does not answer it.
      if (!whole.empty() && base::ascii_lower(text).find(whole) != std::string::npos) continue;
      const Terms here = terms_of(tokenizer, text);
      double in_sentence = 0;
      double in_context = 0;
      for (const Asked& word : asked) {
        in_sentence += word.in(here) ? word.weight : 0;
        in_context += word.in(around) ? word.weight : 0;
      }
      if (in_context / total < least || in_sentence == 0) continue;
      // A sentence shows what it says of itself; its passage tells that it is about the matter. The
      // passage's own rank settles what is close.
      double score = in_sentence / total + 0.35 * in_context / total;
      score += 0.25 / (1 + static_cast<double>(rank));
      const bool of_kind = fits(question.kind, text);
      if (!of_kind) score -= 0.35;
      if (text.ends_with('?') || text.ends_with("？")) score -= 0.5;
      if (here.size() < 4) score -= 0.3;
      score -= text.size() > 600 ? 0.2 : 0;
      found.push_back({chosen[rank], i, score, in_context / total, of_kind});
    }
  }
  std::ranges::sort(found, [](const Extract& a, const Extract& b) {
    return std::tuple(-a.score, a.passage, a.sentence) <
           std::tuple(-b.score, b.passage, b.sentence);
  });
  if (found.size() > count) found.resize(count);
  return found;
}

}  // namespace seine::answer
