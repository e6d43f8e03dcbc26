#include "web/watch/noise.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/text.h"

namespace seine::web {
namespace {

enum class Kind : std::uint8_t { kWord, kNumber, kHan, kSign };

// A piece of a block: a word of letters, a number with its separators, one character of a script
// without spaces, or one other sign.
struct Token {
  Kind kind;
  std::string text;  // ASCII letters in lower case
  bool noise = false;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
// Two-byte sequences from U+00C0 on are letters of scripts with spaces.
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (static_cast<unsigned char>(c) >= 0xC3 && static_cast<unsigned char>(c) < 0xE0);
}
bool continues_letter(char c) {
  return is_letter(c) || (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}
// General punctuation, that of Han, and full-width forms.
bool is_wide_sign(std::string_view sign) {
  return sign.starts_with("\xE2") || sign.starts_with("\xE3\x80") || sign.starts_with("\xEF\xBC") ||
         sign.starts_with("\xEF\xBD");
}

std::size_t utf8_size(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> out;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    std::size_t end = at + 1;
    if (static_cast<unsigned char>(c) <= ' ') {
      ++at;
      continue;
    }
    if (is_digit(c)) {
      while (end < text.size() &&
             (is_digit(text[end]) || ((text[end] == ',' || text[end] == '.') &&
                                      end + 1 < text.size() && is_digit(text[end + 1]))))
        ++end;
      out.push_back({Kind::kNumber, std::string(text.substr(at, end - at))});
    } else if (is_letter(c)) {
      while (end < text.size() && continues_letter(text[end])) ++end;
      out.push_back({Kind::kWord, base::ascii_lower(text.substr(at, end - at))});
    } else {
      end = std::min(at + utf8_size(c), text.size());
      // From U+0800 on in three bytes: Han, kana, hangul and what else stands without spaces.
      const std::string_view sign = text.substr(at, end - at);
      const bool han = static_cast<unsigned char>(c) >= 0xE0 && !is_wide_sign(sign);
      out.push_back({han ? Kind::kHan : Kind::kSign, std::string(sign)});
    }
    at = end;
  }
  return out;
}

template <std::size_t N>
bool any_of(const std::array<std::string_view, N>& words, std::string_view text) {
  return std::ranges::find(words, text) != words.end();
}

constexpr auto kUnits = std::to_array<std::string_view>(
    {"second", "seconds", "sec",   "secs",   "minute", "minutes", "min", "mins", "hour",
     "hours",  "hr",      "hrs",   "h",      "m",      "s",       "d",   "day",  "days",
     "week",   "weeks",   "month", "months", "year",   "years",   "yr",  "yrs"});
constexpr auto kMonths = std::to_array<std::string_view>(
    {"jan",  "january",   "feb",  "february", "mar",  "march",    "apr",    "april",
     "may",  "jun",       "june", "jul",      "july", "aug",      "august", "sep",
     "sept", "september", "oct",  "october",  "nov",  "november", "dec",    "december"});
constexpr auto kDays = std::to_array<std::string_view>(
    {"mon", "monday", "tue", "tuesday", "wed", "wednesday", "thu", "thursday", "fri", "friday",
     "sat", "saturday", "sun", "sunday", "today", "yesterday", "now"});
// What stands before a date that tells of the page, not of the world.
constexpr auto kLabels = std::to_array<std::string_view>(
    {"updated", "modified", "published", "posted", "accessed", "generated", "retrieved", "edited",
     "refreshed", "revised", "checked"});
constexpr auto kCounted = std::to_array<std::string_view>(
    {"view",      "views",       "read",     "reads",    "like",      "likes",    "share",
     "shares",    "comment",     "comments", "follower", "followers", "download", "downloads",
     "star",      "stars",       "visit",    "visits",   "visitor",   "visitors", "reply",
     "replies",   "vote",        "votes",    "upvotes",  "online",    "claps",    "retweets",
     "reactions", "subscribers", "members",  "watching", "forks",     "plays",    "hits"});
constexpr auto kCountedHan = std::to_array<std::string_view>(
    {"阅读", "浏览", "点击", "点赞", "评论", "播放", "下载", "收藏", "转发", "关注", "热度",
     "粉丝", "人气", "访问", "在线", "回复", "赞同", "次看", "观看", "喜欢", "分享"});
constexpr auto kLabelsHan =
    std::to_array<std::string_view>({"更新", "发布", "修改", "刷新", "编辑"});
constexpr auto kDateHan =
    std::to_array<std::string_view>({"年", "月", "日", "号", "时", "分", "秒", "点"});
constexpr auto kAgoHan =
    std::to_array<std::string_view>({"秒", "分", "时", "天", "周", "月", "年", "小"});
constexpr auto kAdWords = std::to_array<std::string_view>(
    {"advertisement", "sponsored", "promoted", "广告", "赞助内容", "推广"});
constexpr auto kAdPlaces = std::to_array<std::string_view>(
    {"doubleclick.net", "googlesyndication.com", "googleadservices.com", "adservice.google",
     "amazon-adsystem.com", "taboola.com", "outbrain.com", "adnxs.com", "criteo.", "adsrvr.org",
     "pos.baidu.com", "cpro.baidu.com", "tanx.com", "mediav.com"});
constexpr auto kTrackers = std::to_array<std::string_view>(
    {"spm",    "fbclid",    "gclid",      "msclkid",   "yclid",      "igshid",
     "mc_cid", "mc_eid",    "ref",        "ref_src",   "from",       "scm",
     "sid",    "sessionid", "session_id", "phpsessid", "jsessionid", "_t",
     "ts",     "nonce",     "timestamp",  "rand",      "cb",         "token"});

bool is_tracker(std::string_view name) {
  const std::string lower = base::ascii_lower(name);
  return lower.starts_with("utm_") || any_of(kTrackers, lower);
}

// The text with tracking parameters cut out of what stands in (…) of links and pictures.
std::string without_trackers(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t open = text.find("](", at);
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find_first_of(") \t", open + 2);
    if (close == std::string_view::npos) break;
    const std::string_view address = text.substr(open + 2, close - open - 2);
    const std::size_t question = address.find('?');
    out += text.substr(at, open + 2 - at);
    out += address.substr(0, question);
    if (question != std::string_view::npos) {
      const std::size_t hash = std::min(address.find('#', question), address.size());
      char joint = '?';
      for (const std::string_view pair :
           base::split(address.substr(question + 1, hash - question - 1), '&')) {
        if (is_tracker(pair.substr(0, pair.find('=')))) continue;
        out += std::exchange(joint, '&');
        out += pair;
      }
      out += address.substr(hash);
    }
    at = close;
  }
  out += text.substr(std::min(at, text.size()));
  return out;
}

bool is_paid_for(std::string_view markdown) {
  // A longer block is an article about advertising.
  constexpr std::size_t kLabelBytes = 200;
  const std::string lower = base::ascii_lower(markdown);
  const auto holds = [&lower](std::string_view word) { return lower.contains(word); };
  return std::ranges::any_of(kAdPlaces, holds) ||
         (lower.size() <= kLabelBytes && std::ranges::any_of(kAdWords, holds));
}

class Marker {
 public:
  explicit Marker(std::vector<Token>& tokens) : tokens_(tokens) {}

  void counters() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].kind != Kind::kNumber) continue;
      const std::size_t end = magnitude_end(i + 1);
      // "1.2k views", "12 comments", "views: 300", "阅读 5.2万", "300次浏览"
      std::size_t after = end;
      if (han_at(after, "次") || han_at(after, "人") || han_at(after, "条")) ++after;
      std::size_t before = i;
      while (before > 0 && (is_sign(before - 1, ":") || is_sign(before - 1, "(") ||
                            is_sign(before - 1, "*") || text(before - 1) == "："))
        --before;
      const bool counted =
          (word_at(end) && any_of(kCounted, tokens_[end].text)) ||
          (before > 0 && word_at(before - 1) && any_of(kCounted, tokens_[before - 1].text)) ||
          han_pair(after, kCountedHan) || (before > 1 && han_pair(before - 2, kCountedHan)) ||
          (before > 2 && (text(before - 1) == "数" || text(before - 1) == "量") &&
           han_pair(before - 3, kCountedHan));
      if (counted) mark(i, end);
    }
  }

  void dates() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (const std::size_t end = relative_end(i); end > i) {
        mark(i, end);
        i = end - 1;
        continue;
      }
      const std::size_t end = date_end(i);
      if (end == i) continue;
      if (labelled(i) || alone(i, end)) mark(i, end);
      i = end - 1;
    }
    if (text(0) == "刚" && text(1) == "刚") mark(0, 2);
    if (text(0) == "©" || text(0) == "copyright") years();
  }

 private:
  // "© 2019–2026 Example"
  void years() {
    for (std::size_t i = 1; i < tokens_.size(); ++i) {
      if (number_at(i) && tokens_[i].text.size() == 4) mark(i, i + 1);
    }
  }
  std::string_view text(std::size_t i) const {
    return i < tokens_.size() ? std::string_view(tokens_[i].text) : std::string_view();
  }
  bool word_at(std::size_t i) const { return i < tokens_.size() && tokens_[i].kind == Kind::kWord; }
  bool number_at(std::size_t i) const {
    return i < tokens_.size() && tokens_[i].kind == Kind::kNumber;
  }
  bool han_at(std::size_t i, std::string_view sign) const { return text(i) == sign; }
  bool is_sign(std::size_t i, std::string_view sign) const { return text(i) == sign; }
  template <std::size_t N>
  bool han_pair(std::size_t i, const std::array<std::string_view, N>& words) const {
    return i + 1 < tokens_.size() && any_of(words, std::string(text(i)) + std::string(text(i + 1)));
  }
  void mark(std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to && i < tokens_.size(); ++i) tokens_[i].noise = true;
  }
  std::size_t magnitude_end(std::size_t i) const {
    const std::string_view next = text(i);
    const bool magnitude =
        next == "k" || next == "m" || next == "万" || next == "亿" || next == "w" || next == "千";
    i += magnitude ? 1 : 0;
    return is_sign(i, "+") ? i + 1 : i;
  }

  // "3 minutes ago", "an hour ago", "5 分钟前": the end of it, or `i`.
  std::size_t relative_end(std::size_t i) const {
    const bool count = number_at(i) || text(i) == "a" || text(i) == "an" || text(i) == "one";
    if (count && word_at(i + 1) && any_of(kUnits, tokens_[i + 1].text) && text(i + 2) == "ago")
      return i + 3;
    if (number_at(i) && any_of(kAgoHan, text(i + 1))) {
      for (std::size_t k = i + 2; k <= i + 4; ++k) {
        if (han_at(k, "前")) return k + 1;
      }
    }
    return i;
  }

  // A date or a time of day in one of the usual forms: the end of it, or `i`.
  std::size_t date_end(std::size_t i) const {
    std::size_t at = i;
    std::size_t parts = 0;
    while (at < tokens_.size()) {
      if (number_at(at) && (is_sign(at + 1, "-") || is_sign(at + 1, "/") || is_sign(at + 1, ":")) &&
          number_at(at + 2)) {
        at += 2;
        while ((is_sign(at + 1, "-") || is_sign(at + 1, "/") || is_sign(at + 1, ":")) &&
               number_at(at + 2))
          at += 2;
        ++at;
        parts += 2;
      } else if (number_at(at) && any_of(kDateHan, text(at + 1))) {
        at += 2;
        ++parts;
      } else if (word_at(at) && (any_of(kMonths, text(at)) || any_of(kDays, text(at)))) {
        // "may" is a word, too: only beside a number.
        const bool day = number_at(at + 1) || (at > i && number_at(at - 1)) ||
                         (at > 0 && number_at(at - 1)) || any_of(kDays, text(at));
        if (!day) break;
        ++at;
        ++parts;
      } else if (number_at(at) && word_at(at + 1) && any_of(kMonths, text(at + 1))) {
        at += 2;
        ++parts;
      } else if (parts > 0 && number_at(at) && tokens_[at].text.size() <= 4) {
        ++at;  // the day or the year beside a month
      } else if (parts > 0 && (is_sign(at, ",") || text(at) == "at" || text(at) == "t" ||
                               text(at) == "z" || text(at) == "am" || text(at) == "pm" ||
                               text(at) == "utc" || text(at) == "gmt" || text(at) == "of")) {
        ++at;
      } else {
        break;
      }
    }
    return parts > 0 ? at : i;
  }

  // "Updated: 5 May", "发布时间：…"
  bool labelled(std::size_t i) const {
    constexpr std::size_t kReach = 4;
    for (std::size_t back = 1; back <= kReach && back <= i; ++back) {
      const std::size_t at = i - back;
      if (word_at(at) && any_of(kLabels, tokens_[at].text)) return true;
      if (at > 0 && han_pair(at - 1, kLabelsHan)) return true;
    }
    return false;
  }
  // Nothing else in the block says anything.
  bool alone(std::size_t from, std::size_t to) const {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const bool inside = i >= from && i < to;
      if (!inside && !tokens_[i].noise && tokens_[i].kind != Kind::kSign) return false;
    }
    return true;
  }

  std::vector<Token>& tokens_;
};

}  // namespace

std::string block_key(std::string_view markdown, const WatchSpec& spec) {
  for (const std::string& ignored : spec.ignore) {
    if (!ignored.empty() && markdown.contains(ignored)) return {};
  }
  if ((spec.noise & kNoiseAds) != 0 && is_paid_for(markdown)) return {};
  const std::string cleaned =
      (spec.noise & kNoiseLinks) != 0 ? without_trackers(markdown) : std::string(markdown);
  std::string key;
  if ((spec.noise & (kNoiseDates | kNoiseCounters)) == 0) {
    bool space = false;
    for (const char c : cleaned) {
      if (static_cast<unsigned char>(c) <= ' ') {
        space = !key.empty();
        continue;
      }
      if (std::exchange(space, false)) key += ' ';
      key += c;
    }
    return key;
  }
  std::vector<Token> tokens = tokens_of(cleaned);
  Marker marker(tokens);
  if ((spec.noise & kNoiseCounters) != 0) marker.counters();
  if ((spec.noise & kNoiseDates) != 0) marker.dates();
  bool said = false;
  for (const Token& token : tokens) {
    if (token.noise) {
      if (!key.ends_with("~ ")) key += "~ ";
      continue;
    }
    said = said || token.kind != Kind::kSign;
    key += token.text;
    key += ' ';
  }
  return said ? key : std::string();
}

}  // namespace seine::web
