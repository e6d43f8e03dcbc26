#include "answer/cite/cited_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "answer/passage/plain.h"
#include "answer/passage/sentence.h"
#include "base/utf8.h"

namespace seine::answer {
namespace {

// The sentence that a mark backs: the last one that begins before it.
ByteSpan sentence_of(const std::vector<ByteSpan>& sentences, std::size_t at) {
  ByteSpan found{0, at};
  for (const ByteSpan& sentence : sentences) {
    if (sentence.begin < at) found = sentence;
  }
  return found;
}

std::string_view cut(std::string_view text, std::size_t begin, std::size_t end) {
  return text.substr(begin, end - begin);
}

std::string anchor_at(const Page& page, std::size_t byte) {
  for (const PageBlock& block : page.blocks) {
    if (block.span.begin <= byte && byte < block.span.end) return block.anchor;
  }
  return {};
}

}  // namespace

std::optional<Finding> CitationCheck::find(std::string_view text, int source) const {
  const Claim claim = Evidence::claim(plain_text(text));
  std::optional<Finding> finding;
  const auto page = std::ranges::find(source_of_page_, source);
  if (page != source_of_page_.end()) {
    finding = evidence_.best_on(static_cast<std::size_t>(page - source_of_page_.begin()), claim);
  }
  if (finding && finding->support != Support::kUnsupported) return finding;
  std::optional<Finding> elsewhere = evidence_.best(claim);
  return elsewhere && elsewhere->support != Support::kUnsupported ? elsewhere : finding;
}

const Anchor* CitationCheck::mark(CitedText& cited, int source) {
  std::size_t at = cited.text.size();
  while (at > 0 && cited.text[at - 1] == ' ') --at;
  const std::string_view text = std::string_view(cited.text).substr(0, at);
  const ByteSpan sentence = sentence_of(split_sentences(text, true), at);
  std::optional<Finding> finding = find(cut(text, sentence.begin, at), source);
  if (!finding || finding->support == Support::kUnsupported) {
    // Of "A is 5[1] and B is 6[2]" the second mark backs what follows the first.
    std::size_t from = sentence.begin;
    for (const Anchor& anchor : cited.anchors) {
      if (anchor.at < at) from = std::max(from, anchor.at);
    }
    std::optional<Finding> clause;
    if (from > sentence.begin) clause = find(cut(text, from, at), source);
    if (clause && clause->support != Support::kUnsupported) finding = clause;
  }
  if (!finding || finding->score < Evidence::kRelated) {
    ++counts_.dropped;
    return nullptr;
  }
  const int real = source_of_page_[finding->page];
  bool neighbour = false;
  for (const Anchor& anchor : cited.anchors) {
    if (anchor.at != at) continue;
    neighbour = true;
    if (anchor.source == real) {  // says nothing more
      ++counts_.dropped;
      return nullptr;
    }
  }
  ++(real == source ? counts_.kept : counts_.moved);
  counts_.unsupported += finding->support == Support::kUnsupported ? 1 : 0;
  const bool space = at < cited.text.size() && !neighbour;
  cited.text.resize(at);
  cited.anchors.push_back({.at = at,
                           .source = real,
                           .space = space,
                           .quote = std::string(cut(pages_[finding->page].markdown,
                                                    finding->span.begin, finding->span.end)),
                           .span = finding->span,
                           .place = anchor_at(pages_[finding->page], finding->span.begin),
                           .support = finding->support});
  return &cited.anchors.back();
}

Rendered render(const CitedText& cited) {
  Rendered out;
  const std::vector<ByteSpan> sentences = split_sentences(cited.text, true);
  std::map<int, int> numbers;  // source -> marker
  std::size_t from = 0;
  std::size_t points = 0;
  const auto copy_to = [&](std::size_t to) {
    const std::string_view piece = cut(cited.text, from, to);
    out.text += piece;
    points += base::count_points(piece);
    from = to;
  };
  // What marks add, in code points, up to and including a place.
  std::vector<std::pair<std::size_t, std::size_t>> added;
  std::size_t total_added = 0;
  for (const Anchor& mark : cited.anchors) {
    copy_to(mark.at);
    const auto [number, fresh] =
        numbers.try_emplace(mark.source, static_cast<int>(numbers.size()) + 1);
    const std::string text = fmt::format("[{}]", number->second);
    if (mark.space) {
      out.text += ' ';
      ++points;
      ++total_added;
    }
    const ByteSpan sentence = sentence_of(sentences, mark.at);
    out.citations.push_back({.marker = number->second,
                             .start = points,
                             .end = points + text.size(),
                             .sentence_start = sentence.begin,
                             .sentence_end = sentence.end,
                             .source_id = mark.source,
                             .quote = mark.quote,
                             .span = mark.span,
                             .anchor = mark.place,
                             .support = mark.support});
    out.text += text;
    points += text.size();
    total_added += text.size();
    added.emplace_back(mark.at, total_added);
  }
  copy_to(cited.text.size());
  // A mark behind a sentence pushes the next one, not the end of its own.
  const auto shifted = [&](std::size_t byte, bool start) {
    std::size_t extra = 0;
    for (const auto& [at, count] : added) {
      if (at < byte || (at == byte && start)) extra = count;
    }
    return base::count_points(cut(cited.text, 0, byte)) + extra;
  };
  for (Citation& citation : out.citations) {
    citation.sentence_start = shifted(citation.sentence_start, citation.sentence_start != 0);
    citation.sentence_end = shifted(citation.sentence_end, false);
  }
  return out;
}

}  // namespace seine::answer
