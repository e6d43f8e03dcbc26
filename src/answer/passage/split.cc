#include "answer/passage/split.h"

#include <utility>

#include "answer/passage/plain.h"
#include "answer/passage/sentence.h"
#include "base/utf8.h"

namespace seine::answer {
namespace {

struct Unit {
  ByteSpan span;
  std::string text;
  std::uint32_t tokens;
};

bool is_text(const PageBlock& block) {
  return block.kind != "heading" && block.kind != "rule";
}

bool by_lines(const PageBlock& block) {
  return block.kind == "table" || block.kind == "code" || block.kind == "list_item";
}

// The row of dashes under a table's head, and rules.
bool has_words(std::string_view text) {
  for (const char c : text) {
    if (c != '|' && c != '-' && c != ':' && c != ' ' && c != '=' && c != '_' && c != '*')
      return true;
  }
  return false;
}

// Latin sentences are parted by a space, Han ones by nothing.
bool needs_space(std::string_view before) {
  return !before.empty() && (static_cast<unsigned char>(before.back()) < 0x80);
}

class Builder {
 public:
  Builder(std::size_t page, SplitOptions options, std::vector<Passage>& out)
      : page_(page), options_(options), out_(out) {}

  void section(const std::string& heading_path) {
    if (heading_path == heading_path_) return;
    flush(false);
    heading_path_ = heading_path;
  }

  void add(Unit unit) {
    if (!pending_.empty() && tokens_ + unit.tokens > options_.tokens_max) flush(true);
    tokens_ += unit.tokens;
    fresh_ = true;
    pending_.push_back(std::move(unit));
    if (tokens_ >= options_.tokens_aim) flush(true);
  }

  // `overlap`: the last sentence opens the next passage as well.
  void flush(bool overlap) {
    if (fresh_ && out_.size() < options_.passages_max) out_.push_back(passage());
    fresh_ = false;
    if (overlap && !pending_.empty() && pending_.back().tokens * 3 < options_.tokens_aim) {
      Unit last = std::move(pending_.back());
      pending_.clear();
      tokens_ = last.tokens;
      pending_.push_back(std::move(last));
    } else {
      pending_.clear();
      tokens_ = 0;
    }
  }

 private:
  Passage passage() const {
    Passage made{
        .page = page_, .heading_path = heading_path_, .text = {}, .sentences = {}, .tokens = 0};
    for (const Unit& unit : pending_) {
      if (needs_space(made.text)) made.text += ' ';
      const std::size_t begin = made.text.size();
      made.text += unit.text;
      made.sentences.push_back({unit.span, {begin, made.text.size()}});
    }
    made.tokens = tokens_;
    return made;
  }

  const std::size_t page_;
  const SplitOptions options_;
  std::vector<Passage>& out_;
  std::string heading_path_;
  std::vector<Unit> pending_;
  std::uint32_t tokens_ = 0;
  bool fresh_ = false;  // pending_ holds more than the overlap
};

}  // namespace

std::vector<Passage> split_page(const Page& page, std::size_t index, SplitOptions options) {
  std::vector<Passage> out;
  Builder builder(index, options, out);
  const std::string_view all = page.markdown;
  for (const PageBlock& block : page.blocks) {
    if (block.span.end > all.size() || block.span.begin >= block.span.end) continue;
    if (out.size() >= options.passages_max) break;
    builder.section(block.heading_path);
    if (!is_text(block)) continue;
    const std::string_view text = all.substr(block.span.begin, block.span.end - block.span.begin);
    for (const ByteSpan& sentence : split_sentences(text, by_lines(block))) {
      const std::string_view raw = text.substr(sentence.begin, sentence.end - sentence.begin);
      if (!has_words(raw)) continue;
      std::string plain = plain_text(raw);
      if (plain.empty()) continue;
      const std::uint32_t tokens = estimate_tokens(plain);
      builder.add({{block.span.begin + sentence.begin, block.span.begin + sentence.end},
                   std::move(plain),
                   tokens});
    }
  }
  builder.flush(false);
  return out;
}

}  // namespace seine::answer
