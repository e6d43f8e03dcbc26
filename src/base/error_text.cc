#include "base/error_text.h"

#include <fmt/format.h>

#include <initializer_list>
#include <optional>
#include <vector>

#include "base/detail/phrases.h"
#include "base/utf8.h"

namespace seine::base {
namespace {

constexpr std::string_view kHole = "{}";
// Messages are our own, two or three "context: " deep; a foreign one (a peer's words) goes no
// deeper.
constexpr int kDepthMax = 5;
constexpr std::size_t kBytesMax = 2048;

struct Match {
  std::vector<std::string_view> parts;
  std::size_t letters = 0;  // of the phrase itself: the more, the better it fits
};

// Literal pieces are found from the left, the last one at the end.
std::optional<Match> match(std::string_view phrase, std::string_view text) {
  Match out;
  for (bool first = true;; first = false) {
    const std::size_t hole = phrase.find(kHole);
    const std::string_view literal = phrase.substr(0, hole);
    const bool last = hole == std::string_view::npos;
    std::size_t at = 0;
    if (first) {
      if (!text.starts_with(literal) || (last && text != literal)) return std::nullopt;
    } else if (last) {
      if (!text.ends_with(literal)) return std::nullopt;
      at = text.size() - literal.size();
    } else {
      at = text.find(literal);
      if (at == std::string_view::npos) return std::nullopt;
    }
    if (!first) out.parts.push_back(text.substr(0, at));
    out.letters += literal.size();
    if (last) return out;
    text.remove_prefix(at + literal.size());
    phrase.remove_prefix(hole + kHole.size());
  }
}

// The holes of the Chinese form filled, "{}" in order and "{1}" by number.
std::string fill(std::string_view form, const std::vector<std::string>& parts) {
  std::string out;
  std::size_t next = 0;
  while (!form.empty()) {
    const std::size_t open = form.find('{');
    out += form.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = form.find('}', open);
    const std::string_view number = form.substr(open + 1, close - open - 1);
    const std::size_t i = number.empty() ? next++ : static_cast<std::size_t>(number[0] - '0');
    if (i < parts.size()) out += parts[i];
    form.remove_prefix(close + 1);
  }
  return out;
}

class Translator {
 public:
  // Nothing where no part of it is known.
  static std::optional<std::string> message(std::string_view text, int depth = 0) {
    if (depth > kDepthMax || text.empty() || text.size() > kBytesMax) return std::nullopt;
    if (auto whole = by_table(
            {detail::kCauses, detail::kSentences, detail::kEngineSentences, detail::kWebSentences},
            text, depth))
      return whole;
    if (auto list = listed(text, depth)) return list;
    const std::size_t colon = text.find(": ");
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string_view left = text.substr(0, colon);
    const std::string_view right = text.substr(colon + 2);
    auto doing = by_table({detail::kDoings}, left, depth);
    if (!doing) doing = message(left, depth + 1);
    const auto cause = message(right, depth + 1);
    if (!doing && !cause) return std::nullopt;
    return fmt::format("{}：{}", doing.value_or(std::string(left)),
                       cause.value_or(std::string(right)));
  }

 private:
  // "a: down; b: no key": several messages in one.
  static std::optional<std::string> listed(std::string_view text, int depth) {
    constexpr std::string_view kBetween = "; ";
    if (!text.contains(kBetween)) return std::nullopt;
    std::string out;
    bool known = false;
    for (std::size_t at = 0; at <= text.size();) {
      const std::size_t end = std::min(text.find(kBetween, at), text.size());
      const std::string_view one = text.substr(at, end - at);
      const auto translated = message(one, depth + 1);
      known = known || translated.has_value();
      if (at > 0) out += "；";
      out += translated.value_or(std::string(one));
      at = end + kBetween.size();
    }
    return known ? std::optional(std::move(out)) : std::nullopt;
  }

  // A name, an address, a path; or a message of its own. Other words belong to a sentence that only
  // ends like the phrase; so does a name behind a context, "reading a: b" of "reading a: b is
  // gone".
  static bool fits_in_front(std::string_view part, int depth) {
    if (!part.contains(' ')) return true;
    const std::size_t colon = part.rfind(": ");
    const bool named =
        colon != std::string_view::npos && !message(part.substr(colon + 2), depth + 1);
    return !named && message(part, depth + 1).has_value();
  }

  static std::optional<std::string> by_table(
      std::initializer_list<std::span<const Bilingual>> tables, std::string_view text, int depth) {
    const Bilingual* best = nullptr;
    Match found;
    for (const std::span<const Bilingual> table : tables) {
      for (const Bilingual& phrase : table) {
        auto candidate = match(phrase.en, text);
        if (!candidate || (best != nullptr && candidate->letters <= found.letters)) continue;
        if (phrase.en.starts_with(kHole) && !fits_in_front(candidate->parts.front(), depth))
          continue;
        best = &phrase;
        found = *std::move(candidate);
      }
    }
    if (best == nullptr) return std::nullopt;
    std::vector<std::string> parts;
    parts.reserve(found.parts.size());
    for (const std::string_view part : found.parts)
      parts.push_back(message(part, depth + 1).value_or(std::string(part)));
    return fill(best->zh, parts);
  }
};

bool has_han(std::string_view text) {
  while (!text.empty()) {
    const DecodedPoint decoded = decode_utf8(text);
    if (decoded.point >= 0x4E00 && decoded.point <= 0x9FFF) return true;
    text.remove_prefix(decoded.length);
  }
  return false;
}

}  // namespace

std::string_view code_text(Code code, Language language) {
  const auto text = [code]() -> Bilingual {
    switch (code) {
      case Code::kCancelled:
        return {"cancelled", "已取消"};
      case Code::kUnknown:
        return {"unknown error", "未知错误"};
      case Code::kInvalidArgument:
        return {"invalid argument", "参数无效"};
      case Code::kDeadlineExceeded:
        return {"out of time", "超时"};
      case Code::kNotFound:
        return {"not found", "未找到"};
      case Code::kAlreadyExists:
        return {"already exists", "已存在"};
      case Code::kPermissionDenied:
        return {"permission denied", "没有权限"};
      case Code::kResourceExhausted:
        return {"over a limit", "超出限制"};
      case Code::kFailedPrecondition:
        return {"not possible in this state", "当前状态下无法进行"};
      case Code::kAborted:
        return {"aborted", "操作中止"};
      case Code::kOutOfRange:
        return {"out of range", "超出范围"};
      case Code::kUnimplemented:
        return {"not supported", "不支持"};
      case Code::kInternal:
        return {"internal error", "内部错误"};
      case Code::kUnavailable:
        return {"unavailable", "暂不可用"};
      case Code::kDataLoss:
        return {"damaged data", "数据损坏"};
      case Code::kUnauthenticated:
        return {"not authenticated", "未通过身份验证"};
    }
    return {"unknown error", "未知错误"};
  };
  return text().in(language);
}

std::string error_text(const Error& error, Language language) {
  if (language == Language::kEnglish) return error.message;
  if (error.message.empty()) return std::string(code_text(error.code, language));
  if (auto known = Translator::message(error.message)) return *std::move(known);
  // Words that are Chinese already, such as those of the command line's parser, stay as they are.
  if (has_han(error.message)) return error.message;
  return fmt::format("{}：{}", code_text(error.code, language), error.message);
}

std::string message_text(std::string_view message, Language language) {
  if (language == Language::kEnglish) return std::string(message);
  return Translator::message(message).value_or(std::string(message));
}

}  // namespace seine::base
