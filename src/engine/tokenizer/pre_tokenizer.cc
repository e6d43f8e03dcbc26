#include "engine/tokenizer/pre_tokenizer.h"

#include <array>

#include "engine/tokenizer/char_class.h"
#include "engine/tokenizer/scanners.h"

namespace seine::engine {
namespace {

using base::Code;
namespace sc = scanners;

struct Named {
  std::string_view name;
  std::array<MatchAt, 6> stages;  // null ends the list
};

// The first spelling of each list is the one that name() gives back.
constexpr std::array kNamed = {
    Named{"deepseek-llm",
          {sc::newline, sc::llm_letters, sc::llm_punctuation, sc::trailing_space, sc::llm_asian,
           sc::number_run}},
    Named{"deepseek-coder",
          {sc::newline, sc::spaced_letters, sc::spaced_marks, sc::llm_asian, sc::number}},
    Named{"deepseek-v3", {sc::number_three, sc::v3_asian, sc::v3_words}},
    Named{"qwen2", {sc::qwen2_words}},
    Named{"deepseek-r1-qwen", {sc::qwen2_words}},
    Named{"llama-bpe", {sc::llama3_words}},
    Named{"llama3", {sc::llama3_words}},
    Named{"llama-v3", {sc::llama3_words}},
    Named{"gpt-2", {sc::gpt2_words}},
    Named{"default", {sc::gpt2_words}},
    Named{"seine-mini", {sc::mini_words}},
};

struct KnownRegex {
  std::string_view pattern;
  MatchAt match;
};

constexpr std::array kRegexes = {
    KnownRegex{"[\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF]|\\p{N}| ?[^\\s\\p{N}\\p{P}\\p{S}"
               "\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF]+| ?[\\p{P}\\p{S}]|\\s+",
               sc::mini_words},
    KnownRegex{R"([\r\n])", sc::newline},
    KnownRegex{"[\r\n]", sc::newline},
    KnownRegex{R"(\s?\p{L}+)", sc::spaced_letters},
    KnownRegex{R"(\s?\p{P}+)", sc::spaced_marks},
    KnownRegex{R"(\s+$)", sc::trailing_space},
    KnownRegex{"[一-龥ࠀ-一가-\uD7FF]+", sc::llm_asian},
    KnownRegex{"[一-龥\u3040-ゟ゠-ヿ]+", sc::v3_asian},
    KnownRegex{R"(\p{N})", sc::number},
    KnownRegex{R"(\p{N}+)", sc::number_run},
    KnownRegex{R"(\p{N}{1,3})", sc::number_three},
    KnownRegex{"[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?"
               "[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
               sc::v3_words},
    KnownRegex{R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+)"
               R"([\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
               sc::qwen2_words},
    KnownRegex{R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?)"
               R"([^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
               sc::llama3_words},
    KnownRegex{R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
               sc::gpt2_words},
    KnownRegex{R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
               sc::gpt2_words},
};

// Escapes spelt as characters: patterns come both with "\r" written out and with the control
// character itself.
std::string with_plain_newlines(std::string_view pattern) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size() &&
        (pattern[i + 1] == 'r' || pattern[i + 1] == 'n')) {
      out += pattern[++i] == 'r' ? '\r' : '\n';
    } else {
      out += pattern[i];
      if (pattern[i] == '\\' && i + 1 < pattern.size()) out += pattern[++i];
    }
  }
  return out;
}

// The first point from `at` on that is of one of the classes, or the end. Symbols are not asked
// for, so that bytes which start no point can be passed over one by one.
std::size_t find_class(std::string_view s, std::size_t at, CharClasses::Flags wanted) {
  static const CharClasses& classes = CharClasses::instance();
  for (; at < s.size(); ++at) {
    if ((classes.of_first(s[at]) & wanted) == 0) continue;
    if ((classes.of(point_at(s, at).point) & wanted) != 0) break;
  }
  return at;
}

}  // namespace

base::Result<PreTokenizer> PreTokenizer::of_name(std::string_view name) {
  for (const Named& known : kNamed) {
    if (known.name != name) continue;
    PreTokenizer out;
    for (const MatchAt match : known.stages) {
      if (match != nullptr) out.add(match);
    }
    return out;
  }
  return base::fail_field(Code::kUnimplemented, "tokenizer.ggml.pre",
                          "pre-tokenizer '{}' is not supported", name);
}

base::Result<> PreTokenizer::add_regex(std::string_view pattern) {
  const std::string plain = with_plain_newlines(pattern);
  for (const KnownRegex& known : kRegexes) {
    if (with_plain_newlines(known.pattern) != plain) continue;
    add(known.match);
    return {};
  }
  // DeepSeek-LLM's list of letters is long and its files differ in how they spell it.
  if (plain.starts_with("\\s?[A-Za-zµÀ-ÖØ-öø-ƺ")) {
    add(sc::llm_letters);
    return {};
  }
  if (plain.starts_with("\\s?[!-/:-~！-／：-～‘-‟")) {
    add(sc::llm_punctuation);
    return {};
  }
  return base::fail_field(Code::kUnimplemented, "pre_tokenizer",
                          "the pre-tokenizer's pattern '{}' is not one that is supported",
                          pattern.substr(0, 200));
}

void PreTokenizer::add(MatchAt match) {
  stages_.push_back({match, sc::starts_of(match), {}});
}

void PreTokenizer::add_literal(std::string_view text) {
  if (!text.empty()) stages_.push_back({nullptr, 0, std::string(text)});
}

void PreTokenizer::add_digits(bool one_by_one) {
  add(one_by_one ? sc::number : sc::number_run);
}

void PreTokenizer::add_gpt2() {
  add(sc::gpt2_words);
}

void PreTokenizer::split(std::string_view text, std::vector<std::size_t>& ends) const {
  const std::size_t first = ends.size();
  if (text.empty()) return;
  ends.push_back(text.size());
  std::vector<std::size_t> next;
  for (const Stage& stage : stages_) {
    next.clear();
    std::size_t begin = 0;
    for (std::size_t i = first; i < ends.size(); ++i) {
      const std::string_view piece = text.substr(begin, ends[i] - begin);
      std::size_t gap = 0;  // start of what no match has covered
      std::size_t at = 0;
      while (at < piece.size()) {
        if (stage.starts != 0) {
          at = find_class(piece, at, stage.starts);
          if (at == piece.size()) break;
        }
        std::size_t end = at;
        if (stage.match != nullptr) {
          end = stage.match(piece, at);
        } else if (piece.substr(at).starts_with(stage.literal)) {
          end = at + stage.literal.size();
        }
        if (end == at) {
          at += point_at(piece, at).length;
          continue;
        }
        if (at > gap) next.push_back(begin + at);
        next.push_back(begin + end);
        gap = at = end;
      }
      if (gap < piece.size()) next.push_back(begin + piece.size());
      begin = ends[i];
    }
    ends.resize(first);
    ends.insert(ends.end(), next.begin(), next.end());
  }
}

std::optional<std::string_view> PreTokenizer::name() const {
  for (const Named& known : kNamed) {
    const base::Result<PreTokenizer> other = of_name(known.name);
    if (other->stages_ == stages_) return known.name;
  }
  return std::nullopt;
}

}  // namespace seine::engine
