#include "answer/cite/cited_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "answer/passage/plain.h"
#include "answer/passage/sentence.h"
#include "base/utf8.h"

namespace seine::answer {
namespace {

// The sentence that a mark backs: the one that ends at or holds the last word before it.
ByteSpan sentence_of(const std::vector<ByteSpan>& sentences, std::size_t at) {
  ByteSpan found{0, at};
  for (const ByteSpan& sentence : sentences) {
    if (sentence.begin < at || (at == 0 && sentence.begin == 0)) found = sentence;
  }
  return found;
}

struct Judged {
  Anchor anchor;
  std::string quote;
  ByteSpan span;
  Support support = Support::kUnsupported;
};

Rendered render_judged(const CitedText& cited, const std::vector<Judged>& marks) {
  Rendered out;
  const std::vector<ByteSpan> sentences = split_sentences(cited.text, true);
  std::map<int, int> numbers;  // source -> marker
  std::size_t from = 0;
  std::size_t points = 0;
  const auto copy_to = [&](std::size_t to) {
    const std::string_view piece = std::string_view(cited.text).substr(from, to - from);
    out.text += piece;
    points += base::count_points(piece);
    from = to;
  };
  // Code points of the text without marks, by byte, plus what marks before that byte add.
  std::vector<std::pair<std::size_t, std::size_t>> added;  // (at, code points added so far)
  std::size_t total_added = 0;
  for (const Judged& mark : marks) {
    copy_to(mark.anchor.at);
    const auto [number, fresh] =
        numbers.try_emplace(mark.anchor.source, static_cast<int>(numbers.size()) + 1);
    const std::string text = fmt::format("[{}]", number->second);
    if (mark.anchor.space) {
      out.text += ' ';
      ++points;
      ++total_added;
    }
    const ByteSpan sentence = sentence_of(sentences, mark.anchor.at);
    out.citations.push_back({.marker = number->second,
                             .start = points,
                             .end = points + text.size(),
                             .sentence_start = sentence.begin,
                             .sentence_end = sentence.end,
                             .source_id = mark.anchor.source,
                             .quote = mark.quote,
                             .span = mark.span,
                             .support = mark.support});
    out.text += text;
    points += text.size();
    total_added += text.size();
    added.emplace_back(mark.anchor.at, total_added);
  }
  copy_to(cited.text.size());
  // A mark at a sentence's very start (after its predecessor) pushes it; one at its end does not.
  const auto shifted = [&](std::size_t byte, bool start) {
    std::size_t extra = 0;
    for (const auto& [at, count] : added) {
      if (at < byte || (at == byte && start)) extra = count;
    }
    return base::count_points(std::string_view(cited.text).substr(0, byte)) + extra;
  };
  for (Citation& citation : out.citations) {
    citation.sentence_start = shifted(citation.sentence_start, citation.sentence_start != 0);
    citation.sentence_end = shifted(citation.sentence_end, false);
  }
  return out;
}

}  // namespace

void CitedText::mark(int source) {
  bool space = false;
  while (text.ends_with(' ')) {
    text.pop_back();
    space = true;
  }
  if (!anchors.empty() && anchors.back().at == text.size()) {
    // "[1] [2]" in a row keep one space; the same source twice says nothing more.
    const bool known = std::ranges::any_of(anchors, [&](const Anchor& anchor) {
      return anchor.at == text.size() && anchor.source == source;
    });
    if (known) return;
    space = false;
  }
  anchors.push_back({text.size(), source, space});
}

Rendered render(const CitedText& cited) {
  std::vector<Judged> marks;
  marks.reserve(cited.anchors.size());
  for (const Anchor& anchor : cited.anchors) marks.push_back({anchor, {}, {}});
  return render_judged(cited, marks);
}

Checked check_citations(const CitedText& cited, Evidence& evidence, const std::vector<Page>& pages,
                        const std::vector<int>& source_of_page) {
  Checked out;
  const std::vector<ByteSpan> sentences = split_sentences(cited.text, true);
  const auto page_of = [&](int source) -> std::optional<std::size_t> {
    const auto found = std::ranges::find(source_of_page, source);
    if (found == source_of_page.end()) return std::nullopt;
    return static_cast<std::size_t>(found - source_of_page.begin());
  };
  std::vector<Judged> marks;
  for (const Anchor& anchor : cited.anchors) {
    const ByteSpan span = sentence_of(sentences, anchor.at);
    const std::string sentence =
        plain_text(std::string_view(cited.text).substr(span.begin, span.end - span.begin));
    const Claim claim = evidence.claim(sentence);
    std::optional<Finding> finding;
    if (const auto page = page_of(anchor.source)) finding = evidence.best_on(*page, claim);
    Judged judged{anchor, {}, {}};
    if (!finding || finding->support == Support::kUnsupported) {
      const std::optional<Finding> elsewhere = evidence.best(claim);
      if (elsewhere && elsewhere->support != Support::kUnsupported) {
        finding = elsewhere;
        judged.anchor.source = source_of_page[elsewhere->page];
      }
    }
    if (!finding || finding->score < Evidence::kRelated) {
      ++out.dropped;
      continue;
    }
    // Moved onto a source that already stands there.
    const bool twice = std::ranges::any_of(marks, [&](const Judged& other) {
      return other.anchor.at == anchor.at && other.anchor.source == judged.anchor.source;
    });
    if (twice) {
      ++out.dropped;
      continue;
    }
    judged.support = finding->support;
    judged.span = finding->span;
    judged.quote = pages[finding->page].markdown.substr(finding->span.begin,
                                                        finding->span.end - finding->span.begin);
    ++(judged.anchor.source == anchor.source ? out.kept : out.moved);
    out.unsupported += judged.support == Support::kUnsupported ? 1 : 0;
    marks.push_back(std::move(judged));
  }
  out.rendered = render_judged(cited, marks);
  return out;
}

}  // namespace seine::answer
