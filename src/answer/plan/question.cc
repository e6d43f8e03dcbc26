#include "answer/plan/question.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/utf8.h"

namespace seine::answer {
namespace {

using Words = std::string_view;

// Longest first where one is the beginning of another: removal goes in this order.
constexpr auto kChineseAsking = std::to_array<Words>(
    {"请问一下", "请问",   "请告诉我",   "告诉我",   "我想知道", "想知道", "帮我查一下", "帮我查",
     "查一下",   "能不能", "是什么时候", "什么时候", "什么样的", "什么样", "是什么",     "为什么",
     "有什么",   "什么",   "是多少",     "有多少",   "多少",     "有多",   "多大",       "哪一年",
     "哪年",     "哪一天", "哪里",       "哪儿",     "哪个",     "哪些",   "哪一",       "哪",
     "是谁",     "谁",     "几个",       "几年",     "怎么样",   "怎样",   "怎么",       "如何",
     "何时",     "何地",   "何",         "是否",     "是不是",   "有没有", "可以吗",     "吗",
     "呢",       "么"});
constexpr auto kEnglishAsking = std::to_array<Words>(
    {"who",    "whom", "whose", "what", "when",   "where", "which", "why",   "how",    "does",
     "did",    "do",   "is",    "are",  "was",    "were",  "can",   "could", "will",   "would",
     "should", "has",  "have",  "had",  "please", "tell",  "me",    "i",     "you",    "know",
     "the",    "a",    "an",    "of",   "many",   "much",  "there", "about", "explain"});

constexpr auto kFreshDay = std::to_array<Words>(
    {"today", "tonight", "right now", "this morning", "breaking", "current price", "stock price",
     "weather", "今天", "今晚", "现在的价格", "股价", "天气", "实时", "刚刚"});
constexpr auto kFreshWeek =
    std::to_array<Words>({"this week", "latest news", "recent news", "yesterday", "本周", "这周",
                          "昨天", "最新消息", "新闻"});
constexpr auto kFreshYear = std::to_array<Words>(
    {"latest", "newest", "currently", "current", "this year", "recently", "now", "as of",
     "up to date", "最新", "目前", "当前", "现在", "今年", "最近", "近期"});

constexpr auto kNoSourcesStart = std::to_array<Words>(
    {"hello",          "hi",           "hey",        "thanks",     "thank you",
     "good morning",   "good evening", "translate ", "write a ",   "write an ",
     "write me ",      "rewrite ",     "compose ",   "proofread ", "summarise this",
     "summarize this", "你好",         "您好",       "谢谢",       "早上好",
     "晚上好",         "翻译",         "写一",       "帮我写",     "改写",
     "润色",           "请翻译",       "请写",       "总结以下",   "把下面"});

struct Related {
  Words asked;
  Words words;
};
constexpr auto kRelated = std::to_array<Related>({
    {"how long", "length"},
    {"how tall", "height"},
    {"how high", "height elevation"},
    {"how deep", "depth"},
    {"how wide", "width"},
    {"how old", "age"},
    {"how far", "distance"},
    {"how fast", "speed"},
    {"how heavy", "weight"},
    {"how big", "size area"},
    {"how large", "size area"},
    {"how many people", "population"},
    {"how expensive", "price"},
    {"how much", "cost price"},
    {"where", "located"},
    {"who wrote", "author"},
    {"who invented", "inventor"},
    {"who founded", "founder"},
    {"多长", "长度 全长"},
    {"多高", "高度 海拔"},
    {"多深", "深度"},
    {"多大", "面积"},
    {"多重", "重量"},
    {"多远", "距离"},
    {"多少人", "人口"},
    {"哪里", "位于"},
    {"何时", "时间"},
});

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '\'';
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Where a Latin phrase stands as whole words, anything else as it is. `lower` is lower-cased.
std::size_t find_phrase(std::string_view lower, std::string_view phrase) {
  for (std::size_t at = lower.find(phrase); at != std::string_view::npos;
       at = lower.find(phrase, at + 1)) {
    if (!is_ascii(phrase)) return at;
    const bool left = at == 0 || !is_word(lower[at - 1]);
    const std::size_t end = at + phrase.size();
    const bool right = end >= lower.size() || !is_word(lower[end]);
    if (left && right) return at;
  }
  return std::string_view::npos;
}

bool has_phrase(std::string_view lower, std::string_view phrase) {
  return find_phrase(lower, phrase) != std::string_view::npos;
}

template <std::size_t N>
bool has_any(std::string_view lower, const std::array<Words, N>& phrases) {
  return std::ranges::any_of(phrases, [&](Words phrase) { return has_phrase(lower, phrase); });
}

template <typename... Phrases>
bool has(std::string_view lower, Phrases... phrases) {
  return (has_phrase(lower, phrases) || ...);
}

constexpr std::array<Words, 10> kYesNoStarts = {"is ",   "are ", "was ", "were ", "do ",
                                                "does ", "did ", "can ", "has ",  "will "};

// Whether "when" is what is asked, and not a clause beside it: "What happens when water boils?",
// "When it rains, who closes the lock?"
bool asks_when(std::string_view lower) {
  const std::size_t at = find_phrase(lower, "when");
  if (at == std::string_view::npos) return false;
  const bool yes_no =
      std::ranges::any_of(kYesNoStarts, [lower](Words start) { return lower.starts_with(start); });
  if (yes_no) return false;
  const std::size_t comma = lower.find(',', at);
  for (const Words word : {"what", "who", "whom", "whose", "where", "which", "why", "how"}) {
    const std::size_t other = find_phrase(lower, word);
    if (other != std::string_view::npos && (other < at || other > comma)) return false;
  }
  return true;
}

AnswerKind kind_of(std::string_view lower) {
  if (asks_when(lower) ||
      has(lower, "how long ago", "what year", "which year", "what date", "什么时候", "何时",
          "哪一年", "哪年", "哪一天", "几年", "几月", "年份")) {
    return AnswerKind::kDate;
  }
  if (has(lower, "how many", "how much", "how long", "how far", "how old", "how tall", "how high",
          "how deep", "how big", "how large", "how fast", "how often", "what percentage",
          "what number", "多少", "多长", "多高", "多大", "多远", "多久", "多深", "多快", "几")) {
    return AnswerKind::kNumber;
  }
  if (has(lower, "length", "height", "depth", "width", "population", "distance", "speed", "price",
          "weight", "percentage", "长度", "高度", "深度", "宽度", "人口", "面积", "距离", "速度",
          "价格", "重量", "比例")) {
    return AnswerKind::kNumber;
  }
  if (has(lower, "who", "whose", "whom", "谁", "哪位", "何人")) return AnswerKind::kPerson;
  if (has(lower, "where", "what city", "what country", "which country", "which city", "哪里",
          "哪儿", "何地", "哪个国家", "哪个城市", "什么地方")) {
    return AnswerKind::kPlace;
  }
  if (has(lower, "why", "为什么", "为何", "原因")) return AnswerKind::kReason;
  for (const Words start : kYesNoStarts) {
    if (lower.starts_with(start)) return AnswerKind::kYesNo;
  }
  return has(lower, "吗", "是否", "是不是", "有没有") ? AnswerKind::kYesNo : AnswerKind::kOther;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), by);
    at += by.size();
  }
}

std::string keywords_of(std::string_view text) {
  std::string han(text);
  for (const Words word : kChineseAsking) replace_all(han, word, " ");
  for (const Words mark : {"？", "?", "。", "！", "!", "，", "、"}) replace_all(han, mark, " ");
  std::string out;
  for (const std::string_view word : base::split(han, ' ')) {
    const std::string_view trimmed = base::trim(word);
    if (trimmed.empty()) continue;
    const std::string lower = base::ascii_lower(trimmed);
    if (std::ranges::find(kEnglishAsking, lower) != kEnglishAsking.end()) continue;
    if (!out.empty()) out += ' ';
    out += trimmed;
  }
  return out.empty() ? std::string(base::trim(text)) : out;
}

std::string related_to(std::string_view lower) {
  std::string out;
  for (const Related& entry : kRelated) {
    if (!has_phrase(lower, entry.asked)) continue;
    if (!out.empty()) out += ' ';
    out += entry.words;
  }
  return out;
}

// "12 * (3 + 4)" and nothing else.
bool is_arithmetic(std::string_view text) {
  bool digit = false;
  bool sign = false;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      digit = true;
    } else if (c == '+' || c == '-' || c == '*' || c == '/' || c == '^' || c == '%') {
      sign = true;
    } else if (c != ' ' && c != '.' && c != '(' && c != ')' && c != '=' && c != '?') {
      return false;
    }
  }
  return digit && sign;
}

bool needs_sources(std::string_view lower) {
  if (is_arithmetic(lower)) return false;
  for (const Words start : kNoSourcesStart) {
    if (!lower.starts_with(start)) continue;
    // "hi" is a greeting, "Hilbert space" is not.
    const bool whole = !is_ascii(start) || start.ends_with(' ') || lower.size() == start.size() ||
                       !is_word(lower[start.size()]);
    const bool greeting = is_ascii(start) && !start.ends_with(' ');
    if (whole && (!greeting || lower.size() < start.size() + 24)) return false;
  }
  return true;
}

std::vector<std::string> urls_of(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t at = text.find("http"); at != std::string_view::npos;
       at = text.find("http", at + 4)) {
    const std::string_view rest = text.substr(at);
    if (!rest.starts_with("http://") && !rest.starts_with("https://")) continue;
    std::size_t end = 0;
    while (end < rest.size() && rest[end] > ' ' && rest[end] < 0x7f && rest[end] != '"' &&
           rest[end] != '<' && rest[end] != '>') {
      ++end;
    }
    while (end > 0 && (rest[end - 1] == '.' || rest[end - 1] == ',' || rest[end - 1] == '?' ||
                       rest[end - 1] == '!' || rest[end - 1] == ')')) {
      --end;
    }
    if (end > 10 && out.size() < 4) out.emplace_back(rest.substr(0, end));
  }
  return out;
}

}  // namespace

base::Language language_of_text(std::string_view text) {
  std::size_t han = 0;
  std::size_t latin_words = 0;
  bool in_word = false;
  for (std::size_t i = 0; i < text.size();) {
    const base::DecodedPoint point = base::decode_utf8(text.substr(i));
    if (point.point >= 0x4e00 && point.point <= 0x9fff) ++han;
    const bool letter = point.point < 0x80 && is_word(static_cast<char>(point.point));
    latin_words += letter && !in_word ? 1 : 0;
    in_word = letter;
    i += point.length;
  }
  // A Han character carries about half of what a Latin word does.
  return han > 0 && han >= latin_words ? base::Language::kChinese : base::Language::kEnglish;
}

Question analyse_question(std::string_view text, std::optional<base::Language> language) {
  const std::string_view trimmed = base::trim(text);
  const std::string lower = base::ascii_lower(trimmed);
  Question question{.text = std::string(trimmed),
                    .language = language.value_or(language_of_text(trimmed)),
                    .keywords = keywords_of(trimmed),
                    .related = related_to(lower),
                    .kind = kind_of(lower),
                    .needs_sources = needs_sources(lower),
                    .urls = urls_of(trimmed)};
  if (has_any(lower, kFreshDay)) {
    question.max_age = std::chrono::days(2);
  } else if (has_any(lower, kFreshWeek)) {
    question.max_age = std::chrono::days(10);
  }
  question.fresh = question.max_age.has_value() || has_any(lower, kFreshYear);
  return question;
}

}  // namespace seine::answer
