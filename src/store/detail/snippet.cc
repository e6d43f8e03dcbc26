#include "store/detail/snippet.h"

#include <algorithm>

#include "base/utf8.h"

namespace seine::store::detail {
namespace {

struct Match {
  ByteSpan span;
  const std::string* term;
  double weight;
};

// Length of the sentence end at `at` (0 if there is none): ASCII ones only before a space.
std::size_t sentence_end(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == '\n') return 1;
  if (c == '.' || c == '!' || c == '?') {
    return at + 1 < text.size() && (text[at + 1] == ' ' || text[at + 1] == '\n') ? 1 : 0;
  }
  for (const std::string_view mark : {"。", "！", "？", "；"}) {
    if (text.substr(at).starts_with(mark)) return mark.size();
  }
  return 0;
}

// The latest beginning of a sentence in [low, at], else of a word, else a whole code point.
std::size_t good_start(std::string_view text, std::size_t low, std::size_t at) {
  if (low == 0 && at == 0) return 0;
  std::size_t word = std::string_view::npos;
  for (std::size_t i = at; i > low; --i) {
    for (const std::size_t length : {std::size_t{1}, std::size_t{3}}) {
      if (i >= length && sentence_end(text, i - length) == length) {
        std::size_t start = i;
        while (start < at && (text[start] == ' ' || text[start] == '\n')) ++start;
        return start;
      }
    }
    if (text[i - 1] == ' ') word = i;  // the earliest, to show what leads up to the match
  }
  if (low == 0) return 0;
  if (word != std::string_view::npos) return word;
  return low;
}

std::size_t good_end(std::string_view text, std::size_t from, std::size_t high) {
  if (high >= text.size()) return text.size();
  std::size_t word = 0;
  for (std::size_t i = high; i > from; --i) {
    for (const std::size_t length : {std::size_t{1}, std::size_t{3}}) {
      if (i >= length && i - length >= from && sentence_end(text, i - length) == length) return i;
    }
    if (word == 0 && text[i] == ' ') word = i;
  }
  return word != 0 ? word : high;
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

Snippet make_snippet(Tokenizer& tokenizer, std::string_view body,
                     const std::unordered_map<std::string, double>& terms, std::size_t bytes_max) {
  // Single Han characters of a longer question stand everywhere; its pairs tell where it is.
  const bool has_pairs = std::ranges::any_of(terms, [](const auto& term) {
    return base::count_points(term.first) == 2 && term.first.size() >= 4;
  });
  std::vector<Match> matches;
  tokenizer.run(body, [&](const Token& token) {
    if (token.cjk && !token.extra && has_pairs) return true;
    if (const auto found = terms.find(token.text); found != terms.end()) {
      matches.push_back({{token.begin, token.end}, &found->first, found->second});
    }
    return true;
  });

  // The window that starts at a match and holds the greatest weight of distinct terms; a repeated
  // term counts a tenth.
  std::size_t best = 0;
  std::size_t best_last = 0;
  double best_weight = -1;
  std::unordered_map<const std::string*, int> count;
  double weight = 0;
  std::size_t last = 0;
  for (std::size_t first = 0; first < matches.size(); ++first) {
    while (last < matches.size() &&
           matches[last].span.end - matches[first].span.begin <= bytes_max) {
      const int before = count[matches[last].term]++;
      weight += before == 0 ? matches[last].weight : matches[last].weight * 0.1;
      ++last;
    }
    if (weight > best_weight + 1e-9) {
      best_weight = weight;
      best = first;
      best_last = last;
    }
    if (last > first) {
      const int left = --count[matches[first].term];
      weight -= left == 0 ? matches[first].weight : matches[first].weight * 0.1;
    } else {
      last = first + 1;  // a term longer than the window
    }
  }

  Snippet snippet;
  std::size_t begin = 0;
  std::size_t must_hold = 0;  // the window ends no earlier than its last match
  if (!matches.empty()) {
    begin = matches[best].span.begin;
    must_hold = best_last > best ? matches[best_last - 1].span.end : begin;
    const std::size_t used = must_hold - begin;
    const std::size_t lead = bytes_max > used ? (bytes_max - used) * 2 / 3 : 0;
    std::size_t low = begin > lead ? begin - lead : 0;
    while (low < begin && is_continuation(body[low])) ++low;
    begin = good_start(body, low, begin);
  }
  std::size_t high = std::min(body.size(), std::max(begin + bytes_max, must_hold));
  while (high < body.size() && is_continuation(body[high])) --high;
  snippet.span = {begin, good_end(body, std::max(must_hold, begin), std::max(high, must_hold))};
  for (const Match& match : matches) {
    if (match.span.begin < snippet.span.begin || match.span.end > snippet.span.end) continue;
    if (!snippet.matches.empty() && match.span.begin <= snippet.matches.back().end) {
      snippet.matches.back().end = std::max(snippet.matches.back().end, match.span.end);
    } else {
      snippet.matches.push_back(match.span);
    }
  }
  return snippet;
}

}  // namespace seine::store::detail
