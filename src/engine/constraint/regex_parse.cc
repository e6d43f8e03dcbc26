#include <algorithm>
#include <optional>
#include <utility>

#include "base/utf8.h"
#include "engine/constraint/regex.h"
#include "engine/tokenizer/char_class.h"

namespace seine::engine {
namespace {

using Kind = RegexNode::Kind;

RegexNode set_node(CharSet set) {
  RegexNode out;
  out.kind = Kind::kSet;
  out.set = std::move(set);
  return out;
}

RegexNode any_text() {
  RegexNode out;
  out.kind = Kind::kRepeat;
  out.parts.push_back(set_node(CharSet::all()));
  return out;
}

CharSet digits() {
  return CharSet::of('0', '9');
}

CharSet word() {
  CharSet out = digits();
  out.add('A', 'Z');
  out.add('a', 'z');
  out.add('_');
  return out;
}

CharSet space() {
  CharSet out = CharSet::of('\t', '\n');
  out.add('\f', '\r');
  out.add(' ');
  return out;
}

CharSet category(std::uint8_t wanted) {
  CharSet out;
  const CharClasses& classes = CharClasses::instance();
  char32_t from = 0;
  bool inside = false;
  for (char32_t point = 0; point <= 0x110000; ++point) {
    const bool now = point < 0x110000 && (classes.of(point) & wanted) != 0;
    if (now && !inside) from = point;
    if (!now && inside) out.add(from, point - 1);
    inside = now;
  }
  return out;
}

class Parser {
 public:
  Parser(std::string_view pattern, RegexMatch match, RegexLimits limits)
      : text_(pattern), match_(match), limits_(limits) {}

  base::Result<RegexNode> run() {
    if (text_.size() > limits_.bytes_max) {
      return base::fail(base::Code::kResourceExhausted, "the pattern has {} bytes, the limit is {}",
                        text_.size(), limits_.bytes_max);
    }
    if (const auto bad = base::find_invalid_utf8(text_)) {
      return base::fail(base::Code::kInvalidArgument, "the pattern is not UTF-8 at byte {}", *bad);
    }
    RegexNode out = SEINE_TRY(alternatives(0));
    if (at_ < text_.size()) return error("')' without '('");
    return out;
  }

 private:
  bool more() const { return at_ < text_.size(); }
  bool at(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  bool take(std::string_view what) {
    if (!at(what)) return false;
    at_ += what.size();
    return true;
  }
  std::unexpected<base::Error> error(std::string_view what) const {
    return base::fail(base::Code::kInvalidArgument, "pattern, column {}: {}",
                      base::count_points(text_.substr(0, at_)) + 1, what);
  }
  std::unexpected<base::Error> unsupported(std::string_view what) const {
    return base::fail(base::Code::kUnimplemented, "pattern, column {}: {} is not supported",
                      base::count_points(text_.substr(0, at_)) + 1, what);
  }

  base::Result<RegexNode> alternatives(std::uint32_t depth) {
    if (depth > limits_.depth_max) {
      return base::fail(base::Code::kResourceExhausted,
                        "the pattern's groups are nested more than {} deep", limits_.depth_max);
    }
    RegexNode out;
    out.kind = Kind::kAlternatives;
    do {
      out.parts.push_back(SEINE_TRY(sequence(depth)));
    } while (take("|"));
    if (out.parts.size() == 1) {
      RegexNode only = std::move(out.parts.front());
      return only;
    }
    return out;
  }

  base::Result<RegexNode> sequence(std::uint32_t depth) {
    RegexNode out;
    out.kind = Kind::kSequence;
    bool from_start = false;
    bool to_end = false;
    while (depth == 0 && (take("^") || take("\\A"))) from_start = true;
    while (more() && !at("|") && !at(")")) {
      if (at("$") || at("\\z")) {
        const std::size_t mark = at_;
        while (take("$") || take("\\z")) to_end = true;
        if (depth == 0 && (!more() || at("|"))) break;
        at_ = mark;
        return unsupported("an anchor that is not at the end of an outer alternative");
      }
      if (at("^") || at("\\A")) {
        return unsupported("an anchor that is not at the start of an outer alternative");
      }
      out.parts.push_back(SEINE_TRY(repeated(depth)));
    }
    if (depth == 0 && match_ == RegexMatch::kSearch) {
      if (!from_start) out.parts.insert(out.parts.begin(), any_text());
      if (!to_end) out.parts.push_back(any_text());
    }
    return out;
  }

  base::Result<RegexNode> repeated(std::uint32_t depth) {
    RegexNode part = SEINE_TRY(atom(depth));
    while (more()) {
      std::uint32_t least = 0;
      std::uint32_t most = RegexNode::kNoMost;
      if (take("*")) {
      } else if (take("+")) {
        least = 1;
      } else if (take("?")) {
        most = 1;
      } else if (at("{")) {
        const std::optional<std::pair<std::uint32_t, std::uint32_t>> counts = counted();
        if (!counts) break;  // a brace that counts nothing stands for itself
        std::tie(least, most) = *counts;
        if (least > limits_.repeat_max ||
            (most != RegexNode::kNoMost && most > limits_.repeat_max)) {
          return base::fail(base::Code::kResourceExhausted,
                            "the pattern repeats more than {} times", limits_.repeat_max);
        }
        if (most < least) return error("a repetition whose most is below its least");
      } else {
        break;
      }
      take("?");  // lazy: the same texts
      if (++wraps_ > limits_.bytes_max) return error("too many repetitions");
      RegexNode outer;
      outer.kind = Kind::kRepeat;
      outer.least = least;
      outer.most = most;
      outer.parts.push_back(std::move(part));
      part = std::move(outer);
      if (at("*") || at("+") || at("?") || (at("{") && counted_at())) {
        return error("a repetition of a repetition needs a group");
      }
    }
    return part;
  }

  bool counted_at() {
    const std::size_t mark = at_;
    const bool is = counted().has_value();
    at_ = mark;
    return is;
  }

  // {n} {n,} {n,m}; nothing, and nowhere gone, when it is not that.
  std::optional<std::pair<std::uint32_t, std::uint32_t>> counted() {
    const std::size_t mark = at_;
    take("{");
    const auto number = [this]() -> std::optional<std::uint32_t> {
      if (!more() || text_[at_] < '0' || text_[at_] > '9') return std::nullopt;
      std::uint32_t value = 0;
      for (; more() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
        value = std::min<std::uint32_t>(value * 10 + static_cast<std::uint32_t>(text_[at_] - '0'),
                                        1'000'000);
      }
      return value;
    };
    if (const auto least = number()) {
      if (take("}")) return std::pair(*least, *least);
      if (take(",")) {
        if (take("}")) return std::pair(*least, RegexNode::kNoMost);
        if (const auto most = number(); most && take("}")) return std::pair(*least, *most);
      }
    }
    at_ = mark;
    return std::nullopt;
  }

  base::Result<RegexNode> atom(std::uint32_t depth) {
    if (take("(")) {
      if (take("?")) SEINE_CHECK(group_head());
      RegexNode inside = SEINE_TRY(alternatives(depth + 1));
      if (!take(")")) return error("'(' without ')'");
      return inside;
    }
    if (at("*") || at("+") || at("?")) return error("a repetition of nothing");
    if (take("[")) return set_node(SEINE_TRY(bracket()));
    if (take(".")) return set_node(CharSet::of('\n', '\n').complement());
    if (at("\\")) return set_node(SEINE_TRY(escape(false)));
    const char32_t point = next_point();
    return set_node(CharSet::of(point, point));
  }

  base::Result<> group_head() {
    if (take(":")) return {};
    if (at("=") || at("!") || at("<=") || at("<!")) return unsupported("look-around");
    if (take("P<") || take("<")) {
      const std::size_t end = text_.find('>', at_);
      if (end == std::string_view::npos) return error("a group's name without '>'");
      at_ = end + 1;
      return {};
    }
    return unsupported("a flag or this kind of group");
  }

  char32_t next_point() {
    const PointAt point = point_at(text_, at_);
    at_ += point.length;
    return point.point;
  }

  base::Result<CharSet> bracket() {
    CharSet out;
    const bool negated = take("^");
    bool first = true;
    while (true) {
      if (!more()) return error("'[' without ']'");
      if (!first && take("]")) break;
      first = false;
      if (at("[:")) return unsupported("a POSIX class");
      CharSet low = SEINE_TRY(bracket_item());
      if (at("-") && !text_.substr(at_).starts_with("-]") && is_single(low)) {
        take("-");
        if (!more()) return error("'[' without ']'");
        const CharSet high = SEINE_TRY(bracket_item());
        if (!is_single(high) || high.ranges()[0].low < low.ranges()[0].low) {
          return error("a range whose end lies before its start");
        }
        low.add(low.ranges()[0].low, high.ranges()[0].low);
      }
      out.merge(low);
    }
    return negated ? out.complement() : out;
  }

  static bool is_single(const CharSet& set) {
    return set.ranges().size() == 1 && set.ranges()[0].low == set.ranges()[0].high;
  }

  base::Result<CharSet> bracket_item() {
    if (at("\\")) return escape(true);
    const char32_t point = next_point();
    return CharSet::of(point, point);
  }

  base::Result<CharSet> escape(bool in_bracket) {
    const std::size_t mark = at_;
    take("\\");
    if (!more()) return error("a backslash at the end");
    const char32_t c = next_point();
    switch (c) {
      case 'd':
        return digits();
      case 'D':
        return digits().complement();
      case 'w':
        return word();
      case 'W':
        return word().complement();
      case 's':
        return space();
      case 'S':
        return space().complement();
      case 'n':
        return CharSet::of('\n', '\n');
      case 't':
        return CharSet::of('\t', '\t');
      case 'r':
        return CharSet::of('\r', '\r');
      case 'f':
        return CharSet::of('\f', '\f');
      case 'v':
        return CharSet::of('\v', '\v');
      case '0':
        return CharSet::of(0, 0);
      case 'x':
        return take("{") ? hex(1, 6, true) : hex(2, 2, false);
      case 'u':
        return take("{") ? hex(1, 6, true) : hex(4, 4, false);
      case 'p':
      case 'P':
        return property(c == 'P');
      default:
        break;
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '1' && c <= '9');
    if (letter) {
      at_ = mark;
      if (c == 'b' && in_bracket) {
        at_ += 2;
        return CharSet::of('\b', '\b');
      }
      if (c == 'b' || c == 'B') return unsupported("a word boundary");
      if (c >= '1' && c <= '9') return unsupported("a back reference");
      return unsupported("this escape");
    }
    return CharSet::of(c, c);
  }

  base::Result<CharSet> hex(int least, int most, bool braced) {
    char32_t value = 0;
    int count = 0;
    for (; count < most && more(); ++count, ++at_) {
      const char c = text_[at_];
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) break;
      value = value * 16 + static_cast<char32_t>(digit);
    }
    if (count < least || (braced && !take("}"))) return error("a bad hexadecimal escape");
    CharSet out = CharSet::of(value, value);
    if (out.empty() || value > 0x10FFFF) return error("an escape that is no code point");
    return out;
  }

  base::Result<CharSet> property(bool negated) {
    std::string_view name = text_.substr(at_, 1);
    if (take("{")) {
      const std::size_t end = text_.find('}', at_);
      if (end == std::string_view::npos) return error("'\\p{' without '}'");
      name = text_.substr(at_, end - at_);
      at_ = end + 1;
    } else if (!name.empty()) {
      ++at_;
    }
    if (name.starts_with('^')) {
      negated = !negated;
      name.remove_prefix(1);
    }
    static constexpr std::pair<std::string_view, std::uint8_t> kNames[] = {
        {"L", CharClasses::kLetter},      {"M", CharClasses::kMark},   {"N", CharClasses::kNumber},
        {"P", CharClasses::kPunctuation}, {"S", CharClasses::kSymbol},
    };
    for (const auto& [known, wanted] : kNames) {
      if (known == name) {
        CharSet out = category(wanted);
        return negated ? out.complement() : out;
      }
    }
    return unsupported(fmt::format("\\p{{{}}}", name));
  }

  std::string_view text_;
  RegexMatch match_;
  RegexLimits limits_;
  std::size_t at_ = 0;
  std::size_t wraps_ = 0;
};

}  // namespace

base::Result<RegexNode> parse_regex(std::string_view pattern, RegexMatch match,
                                    RegexLimits limits) {
  return Parser(pattern, match, limits).run();
}

}  // namespace seine::engine
