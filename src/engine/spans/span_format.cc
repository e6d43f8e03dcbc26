#include "engine/spans/span_format.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "base/random.h"
#include "base/text.h"

namespace seine::engine {
namespace {

using base::Code;
using base::Result;

bool is_ascii_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The rest of a word has no blank before it; the rest of a character begins with a continuation
// byte. A capital may follow a hyphen or a bracket, and other scripts have no blanks.
bool begins_anew(std::string_view bytes) {
  if (bytes.empty()) return false;
  const auto first = static_cast<unsigned char>(bytes[0]);
  if ((first & 0xC0) == 0x80) return false;
  return !(is_ascii_letter(bytes[0]) && bytes[0] >= 'a');
}

// The largest width such that all lengths, cut to it, fit into `room`.
std::size_t fair_width(std::vector<std::size_t> lengths, std::size_t room) {
  std::ranges::sort(lengths);
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    const std::size_t share = room / (lengths.size() - i);
    if (lengths[i] > share) return share;
    room -= lengths[i];
  }
  return lengths.empty() ? 0 : lengths.back();
}

}  // namespace

std::optional<SpanFormat> SpanFormat::of(const Tokenizer& tokenizer) {
  SpanFormat out(tokenizer);
  const std::pair<std::string_view, TokenId*> wanted[] = {{"<|q|>", &out.question_},
                                                          {"<|p|>", &out.passage_},
                                                          {"<|a|>", &out.answer_},
                                                          {"<|none|>", &out.none_},
                                                          {"<|end|>", &out.end_}};
  for (const auto& [name, id] : wanted) {
    const auto found = tokenizer.find(name);
    if (!found || tokenizer.kind(*found) != TokenKind::kControl) return std::nullopt;
    *id = *found;
  }
  for (std::size_t i = 1; i <= kCitations; ++i) {
    const auto found = tokenizer.find("[" + std::to_string(i) + "]");
    if (!found) return std::nullopt;
    out.citations_.push_back(*found);
  }
  out.may_start_.resize(tokenizer.size());
  for (std::size_t i = 0; i < tokenizer.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    out.may_start_[i] =
        tokenizer.kind(id) != TokenKind::kControl && begins_anew(tokenizer.bytes(id));
  }
  return out;
}

Result<SpanFormat::Prompt> SpanFormat::prompt(std::string_view question,
                                              std::span<const std::string_view> passages,
                                              std::uint64_t seed, std::int32_t tokens_max) const {
  if (passages.size() > kCitations) {
    return base::fail_field(Code::kInvalidArgument, "constraint",
                            "{} passages in one prompt, the model has {} numbers", passages.size(),
                            kCitations);
  }
  const std::vector<TokenId> asked = tokenizer_->encode(question);
  // Marks around question, passages and answer, a number a passage, and the answer itself.
  const std::size_t fixed = 2 * asked.size() + 4 + passages.size() + kSpanTokensMax + 2;
  const std::size_t least = 16 * passages.size();
  if (fixed + least > static_cast<std::size_t>(std::max(tokens_max, 0))) {
    return base::fail_field(Code::kInvalidArgument, "messages",
                            "a question of {} tokens leaves no room for passages in {} tokens",
                            base::format_count(asked.size()),
                            base::format_count(static_cast<std::uint64_t>(tokens_max)));
  }
  Prompt out;
  std::vector<std::size_t> lengths;
  for (const std::string_view text : passages) {
    out.passages.push_back(tokenizer_->encode(text));
    lengths.push_back(out.passages.back().size());
  }
  const std::size_t width =
      fair_width(std::move(lengths), static_cast<std::size_t>(tokens_max) - fixed);
  for (std::vector<TokenId>& passage : out.passages) {
    if (passage.size() <= width) continue;
    passage.resize(width);
    out.shortened = true;
  }

  // Fisher and Yates, from the request's seed.
  std::vector<TokenId> numbers = citations_;
  base::SeededRandom random(seed);
  for (std::size_t i = numbers.size(); i > 1; --i)
    std::swap(numbers[i - 1], numbers[random.below(i)]);
  out.citations.assign(numbers.begin(),
                       numbers.begin() + static_cast<std::ptrdiff_t>(passages.size()));

  const auto append = [&](const std::vector<TokenId>& tokens) {
    out.tokens.insert(out.tokens.end(), tokens.begin(), tokens.end());
  };
  out.tokens.push_back(question_);
  append(asked);
  if (!passages.empty()) out.tokens.push_back(passage_);
  for (std::size_t i = 0; i < out.passages.size(); ++i) {
    out.tokens.push_back(out.citations[i]);
    append(out.passages[i]);
  }
  if (!passages.empty()) {
    out.tokens.push_back(question_);
    append(asked);
  }
  out.tokens.push_back(answer_);
  return out;
}

}  // namespace seine::engine
