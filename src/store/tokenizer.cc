#include "store/tokenizer.h"

#include <libstemmer.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "base/utf8.h"
#include "store/detail/fold_table.h"

namespace seine::store {
namespace {

using detail::CharClass;
using detail::FoldTable;

// Longest run of word characters looked at as one; a longer one (base64, a minified script) is cut.
constexpr std::size_t kRunPointsMax = 512;

// Lucene's StopAnalyzer list, in the order of the alphabet.
constexpr std::array<std::string_view, 33> kStopWords = {
    "a",   "an",    "and",  "are",   "as",    "at",   "be",   "but", "by",  "for",  "if",
    "in",  "into",  "is",   "it",    "no",    "not",  "of",   "on",  "or",  "such", "that",
    "the", "their", "then", "there", "these", "they", "this", "to",  "was", "will", "with"};

// Words of questions; they say what is asked, not what it is about.
constexpr std::array<std::string_view, 12> kQuestionWords = {
    "did", "do", "does", "had", "has", "have", "how", "were", "what", "which", "who", "whom"};

bool is_stop_word(std::string_view folded) {
  return std::ranges::binary_search(kStopWords, folded) ||
         std::ranges::binary_search(kQuestionWords, folded);
}

// One folded code point with the bytes of the original that it came from.
struct Point {
  char32_t value;
  CharClass cls;
  bool upper;
  std::size_t begin;
  std::size_t end;

  bool is_word() const { return cls == CharClass::kLetter || cls == CharClass::kDigit; }
};

bool is_connector(char32_t c) {
  return c == U'_' || c == U'.' || c == U'-' || c == U'\'' || c == U'\u2019' || c == U',' ||
         c == U'+' || c == U'#';
}

// Words [begin, end) of a run, in points.
struct Word {
  std::size_t begin;
  std::size_t end;
};

}  // namespace

struct Tokenizer::Impl {
  explicit Impl(Stemming stemming) : fold(FoldTable::instance()) {
    if (stemming == Stemming::kEnglish) {
      stemmer = sb_stemmer_new("english", nullptr);
      SEINE_ASSERT(stemmer != nullptr, "libstemmer knows English");
    }
  }
  ~Impl() { sb_stemmer_delete(stemmer); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const FoldTable& fold;
  sb_stemmer* stemmer = nullptr;

  // State of one call of run.
  ErasedSink sink = nullptr;
  void* context = nullptr;
  bool stopped = false;
  std::uint32_t position = 0;  // of the next term
  std::vector<Point> points;   // the run being read
  bool has_pending = false;    // a character without spaces that waits for its neighbour
  Point pending{};
  bool has_previous = false;  // the character before it, in the same run
  Point previous{};
  Token token;
  std::string folded;

  void begin(ErasedSink to, void* with) {
    sink = to;
    context = with;
    stopped = false;
    position = 0;
    points.clear();
    has_pending = false;
    has_previous = false;
  }

  void feed(std::string_view text);
  void feed_point(const Point& point);
  void feed_cjk(const Point& point);
  void settle_cjk();
  void end_cjk();
  void end_run();

  std::size_t emit_word(std::size_t index, const std::vector<Word>& words);
  bool links(std::size_t left_last, std::size_t right_first) const;
  bool all_digits(Word word) const;
  bool all_letters(Word word) const;
  void spell(Word word);
  void emit_term(Word word, bool extra);
  void emit_whole(std::size_t begin, std::size_t end);
  void emit_camel_parts(Word word);
  void emit(std::size_t begin, std::size_t end, bool extra, bool cjk, bool stop);

  std::vector<Word> words;
};

void Tokenizer::Impl::emit(std::size_t begin, std::size_t end, bool extra, bool cjk, bool stop) {
  if (stopped || token.text.empty()) return;
  token.begin = begin;
  token.end = end;
  token.extra = extra && position > 0;
  token.position = token.extra ? position - 1 : position++;
  token.cjk = cjk;
  token.stop = stop;
  stopped = !sink(context, token);
}

void Tokenizer::Impl::feed(std::string_view text) {
  for (std::size_t at = 0; at < text.size() && !stopped;) {
    const base::DecodedPoint decoded = base::decode_utf8(text.substr(at));
    const std::size_t end = at + decoded.length;
    if (!decoded.valid) {
      feed_point({U' ', CharClass::kBreak, false, at, end});
    } else {
      char32_t single = 0;
      const bool upper = fold.is_upper(decoded.point);
      for (const char32_t folded_point : fold.fold(decoded.point, single)) {
        feed_point({folded_point, fold.char_class(folded_point), upper, at, end});
      }
    }
    at = end;
  }
  end_cjk();
  end_run();
}

void Tokenizer::Impl::feed_point(const Point& point) {
  if (point.cls == CharClass::kCjk) {
    end_run();
    feed_cjk(point);
    return;
  }
  if (point.cls == CharClass::kMark) {
    if (has_pending) {
      if (const char32_t composed = fold.voiced(pending.value, point.value); composed != 0) {
        pending.value = composed;
      }
      pending.end = point.end;
    } else if (!points.empty()) {
      points.back().end = point.end;
    }
    return;
  }
  end_cjk();
  if (point.is_word() || (is_connector(point.value) && !points.empty())) {
    if (points.size() == kRunPointsMax) end_run();
    points.push_back(point);
  } else {
    end_run();
  }
}

// Single characters and overlapping pairs: 中国人 is 中 中国 国 国人 人, a pair at the position of
// its first character. A character waits for the next, which may be its voicing mark.
void Tokenizer::Impl::feed_cjk(const Point& point) {
  settle_cjk();
  pending = point;
  has_pending = true;
}

void Tokenizer::Impl::settle_cjk() {
  if (!has_pending) return;
  has_pending = false;
  if (has_previous) {
    token.text.clear();
    base::append_utf8(token.text, previous.value);
    base::append_utf8(token.text, pending.value);
    emit(previous.begin, pending.end, true, true, false);
  }
  token.text.clear();
  base::append_utf8(token.text, pending.value);
  emit(pending.begin, pending.end, false, true, false);
  previous = pending;
  has_previous = true;
}

void Tokenizer::Impl::end_cjk() {
  settle_cjk();
  has_previous = false;
}

bool Tokenizer::Impl::all_digits(Word word) const {
  return std::all_of(points.begin() + static_cast<std::ptrdiff_t>(word.begin),
                     points.begin() + static_cast<std::ptrdiff_t>(word.end),
                     [](const Point& p) { return p.cls == CharClass::kDigit; });
}

bool Tokenizer::Impl::all_letters(Word word) const {
  return std::all_of(points.begin() + static_cast<std::ptrdiff_t>(word.begin),
                     points.begin() + static_cast<std::ptrdiff_t>(word.end),
                     [](const Point& p) { return p.cls == CharClass::kLetter; });
}

// A run is words with connectors between and after them.
void Tokenizer::Impl::end_run() {
  if (points.empty()) return;
  words.clear();
  for (std::size_t i = 0; i < points.size();) {
    if (!points[i].is_word()) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < points.size() && points[i].is_word()) ++i;
    words.push_back({begin, i});
  }
  for (std::size_t i = 0; i < words.size() && !stopped;) i = emit_word(i, words);
  points.clear();
}

// Whether one connector joins two words to a name: snake_case, v1.2.3, example.com, GPT-4.
bool Tokenizer::Impl::links(std::size_t left_last, std::size_t right_first) const {
  if (right_first != left_last + 2) return false;
  const Point& left = points[left_last];
  const Point& right = points[right_first];
  switch (points[left_last + 1].value) {
    case U'_':
      return true;
    case U'.':  // not the end of a sentence that lost its space
      return !(right.upper && left.cls == CharClass::kLetter && !left.upper);
    case U'-':
      return left.cls == CharClass::kDigit || right.cls == CharClass::kDigit;
    default:
      return false;
  }
}

// The folded bytes of a word, into `folded`.
void Tokenizer::Impl::spell(Word word) {
  folded.clear();
  for (std::size_t i = word.begin; i < word.end && folded.size() < kTermBytesMax; ++i) {
    base::append_utf8(folded, points[i].value);
  }
  folded.resize(base::utf8_prefix(folded, kTermBytesMax));
}

void Tokenizer::Impl::emit_term(Word word, bool extra) {
  spell(word);
  const bool latin = std::ranges::all_of(folded, [](char c) { return c >= 'a' && c <= 'z'; });
  const bool stop = latin && is_stop_word(folded);
  if (stemmer != nullptr && latin && folded.size() > 2) {
    const sb_symbol* stem =
        sb_stemmer_stem(stemmer, reinterpret_cast<const sb_symbol*>(folded.data()),
                        static_cast<int>(folded.size()));
    if (stem != nullptr) {
      token.text.assign(reinterpret_cast<const char*>(stem),
                        static_cast<std::size_t>(sb_stemmer_length(stemmer)));
    } else {
      token.text = folded;  // out of memory inside the library
    }
  } else {
    token.text = folded;
  }
  emit(points[word.begin].begin, points[word.end - 1].end, extra, false, stop);
}

// Points [begin, end) as one unstemmed term beside the word before it.
void Tokenizer::Impl::emit_whole(std::size_t begin, std::size_t end) {
  spell({begin, end});
  token.text = folded;
  emit(points[begin].begin, points[end - 1].end, true, false, false);
}

// getUserName: get, user, name beside the whole.
void Tokenizer::Impl::emit_camel_parts(Word word) {
  if (points[word.begin].upper || word.end - word.begin < 4) return;
  std::vector<Word> parts;
  std::size_t begin = word.begin;
  for (std::size_t i = word.begin + 1; i < word.end; ++i) {
    if (points[i].upper && !points[i - 1].upper) {
      parts.push_back({begin, i});
      begin = i;
    }
  }
  parts.push_back({begin, word.end});
  if (parts.size() < 2) return;
  if (std::ranges::any_of(parts, [](Word part) { return part.end - part.begin < 2; })) return;
  for (const Word part : parts) emit_term(part, true);
}

// Emits the word at `index` and what belongs to it; returns the index after that.
std::size_t Tokenizer::Impl::emit_word(std::size_t index, const std::vector<Word>& all) {
  const Word word = all[index];

  // 1,234,567 is one number.
  if (all_digits(word) && word.end - word.begin <= 3) {
    std::size_t last = index;
    while (last + 1 < all.size() && all[last + 1].begin == all[last].end + 1 &&
           points[all[last].end].value == U',' && all_digits(all[last + 1]) &&
           all[last + 1].end - all[last + 1].begin == 3) {
      ++last;
    }
    if (last > index) {
      token.text.clear();
      for (std::size_t i = word.begin; i < all[last].end; ++i) {
        if (points[i].value != U',') base::append_utf8(token.text, points[i].value);
      }
      token.text.resize(base::utf8_prefix(token.text, kTermBytesMax));
      emit(points[word.begin].begin, points[all[last].end - 1].end, false, false, false);
      return last + 1;
    }
  }

  // Apostrophes: the possessive s goes, contractions close up (don't is dont).
  if (index + 1 < all.size() && all[index + 1].begin == word.end + 1 && all_letters(word)) {
    const char32_t joint = points[word.end].value;
    if (joint == U'\'' || joint == U'\u2019') {
      spell(all[index + 1]);
      if (folded == "s") {
        emit_term(word, false);
        return index + 2;
      }
      if (folded == "t" || folded == "re" || folded == "ve" || folded == "ll" || folded == "d" ||
          folded == "m") {
        const std::string tail = folded;
        spell(word);
        token.text = folded + tail;
        token.text.resize(base::utf8_prefix(token.text, kTermBytesMax));
        emit(points[word.begin].begin, points[all[index + 1].end - 1].end, false, false, true);
        return index + 2;
      }
    }
  }

  // C++, C#: the name with its signs beside the letters.
  std::size_t signs = word.end;
  while (signs < points.size() && (points[signs].value == U'+' || points[signs].value == U'#')) {
    ++signs;
  }
  const bool has_signs = (signs == word.end + 2 && points[word.end].value == U'+' &&
                          points[word.end + 1].value == U'+') ||
                         (signs == word.end + 1 && points[word.end].value == U'#');
  if (has_signs && (signs == points.size() || !points[signs].is_word())) {
    emit_term(word, false);
    emit_whole(word.begin, signs);
    return index + 1;
  }

  std::size_t last = index;
  while (last + 1 < all.size() && links(all[last].end - 1, all[last + 1].begin)) ++last;
  emit_term(word, false);
  if (last > index) {
    emit_whole(word.begin, all[last].end);
    for (std::size_t i = index + 1; i <= last; ++i) emit_term(all[i], false);
  } else {
    emit_camel_parts(word);
  }
  return last + 1;
}

Tokenizer::Tokenizer(Stemming stemming) : impl_(std::make_unique<Impl>(stemming)) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

void Tokenizer::run_erased(std::string_view text, ErasedSink sink, void* context) {
  impl_->begin(sink, context);
  impl_->feed(text);
}

std::vector<Token> Tokenizer::tokens(std::string_view text) {
  std::vector<Token> all;
  run(text, [&](const Token& token) {
    all.push_back(token);
    return true;
  });
  return all;
}

std::string fold_text(std::string_view text) {
  const FoldTable& fold = FoldTable::instance();
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const base::DecodedPoint decoded = base::decode_utf8(text.substr(at));
    char32_t single = 0;
    for (const char32_t point : fold.fold(decoded.point, single)) {
      if (fold.char_class(point) != CharClass::kMark) base::append_utf8(out, point);
    }
    at += decoded.length;
  }
  return out;
}

}  // namespace seine::store
