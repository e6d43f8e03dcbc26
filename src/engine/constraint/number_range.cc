#include "engine/constraint/number_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "base/text.h"

namespace seine::engine {
namespace {

constexpr int kDigitsMax = 15;  // of a number written: any two such decimals differ as doubles, too

// A magnitude in decimal digits: whole without leading zeros ("0" for none), fraction without
// trailing ones.
struct Decimal {
  std::string whole;
  std::string fraction;
  bool open = false;
};

base::Result<Decimal> decimal_of(double magnitude, bool open) {
  // Shortest digits that read back as the same number, then the point is put in its place.
  std::string shortest;
  for (int precision = 0; precision < 17; ++precision) {
    shortest = fmt::format("{:.{}e}", magnitude, precision);
    if (base::parse_double(shortest) == magnitude) break;
  }
  const std::size_t mark = shortest.find('e');
  const bool small = shortest[mark + 1] == '-';
  const auto power = static_cast<int>(base::parse_i64(shortest.substr(mark + 2)).value_or(0));
  const int exponent = small ? -power : power;
  std::string digits = shortest.substr(0, mark);
  std::erase(digits, '.');
  if (exponent > 300 || exponent < -kDigitsMax) {
    return base::fail(base::Code::kUnimplemented,
                      "a bound of {} is past what numbers of {} digits can be compared with",
                      magnitude, kDigitsMax);
  }
  Decimal out;
  out.open = open;
  if (exponent < 0) {
    out.whole = "0";
    out.fraction = std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  } else {
    const auto point = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() < point) digits.resize(point, '0');
    out.whole = digits.substr(0, point);
    out.fraction = digits.substr(point);
  }
  while (!out.fraction.empty() && out.fraction.back() == '0') out.fraction.pop_back();
  return out;
}

// How what has been read compares with a bound's digits at the same places.
enum class Order : std::uint8_t { kBelow, kEqual, kAbove };

Order compare_digit(Order so_far, char digit, char bound) {
  if (so_far != Order::kEqual || digit == bound) return so_far;
  return digit < bound ? Order::kBelow : Order::kAbove;
}

// The magnitudes in [least, most], digit by digit.
class MagnitudeEmitter {
 public:
  MagnitudeEmitter(Grammar& grammar, const Decimal& least, const std::optional<Decimal>& most,
                   bool whole, Grammar::NodeId next)
      : grammar_(grammar), least_(least), most_(most), only_whole_(whole), next_(next) {}

  Grammar::NodeId emit() { return node({}); }

 private:
  enum class Phase : std::uint8_t { kStart, kZero, kWhole, kPoint, kFraction };
  struct State {
    Phase phase = Phase::kStart;
    int whole_digits = 0;
    int fraction_digits = 0;
    Order to_least = Order::kEqual;
    Order to_most = Order::kEqual;
    auto operator<=>(const State&) const = default;
  };

  static Order after_whole(Order order, int digits, const Decimal& bound) {
    const auto length = static_cast<int>(bound.whole.size());
    if (digits != length) return digits < length ? Order::kBelow : Order::kAbove;
    return order;
  }

  static Order at_end(Order order, int fraction_digits, const Decimal& bound) {
    if (order != Order::kEqual) return order;
    return fraction_digits < static_cast<int>(bound.fraction.size()) ? Order::kBelow
                                                                     : Order::kEqual;
  }

  bool accepts(const State& state) const {
    if (state.phase == Phase::kStart || state.phase == Phase::kPoint) return false;
    Order low = state.to_least;
    Order high = state.to_most;
    if (state.phase != Phase::kFraction) {
      low = after_whole(low, state.whole_digits, least_);
      if (most_) high = after_whole(high, state.whole_digits, *most_);
    }
    low = at_end(low, state.fraction_digits, least_);
    if (low == Order::kBelow || (low == Order::kEqual && least_.open)) return false;
    if (!most_) return true;
    high = at_end(high, state.fraction_digits, *most_);
    return high == Order::kBelow || (high == Order::kEqual && !most_->open);
  }

  std::optional<State> step(State state, char c) const {
    if (c == '.') {
      if (only_whole_ || (state.phase != Phase::kZero && state.phase != Phase::kWhole) ||
          state.whole_digits >= kDigitsMax) {
        return std::nullopt;
      }
      state.to_least = after_whole(state.to_least, state.whole_digits, least_);
      if (most_) state.to_most = after_whole(state.to_most, state.whole_digits, *most_);
      state.phase = Phase::kPoint;
      return state;
    }
    if (state.whole_digits + state.fraction_digits >= kDigitsMax || state.phase == Phase::kZero) {
      return std::nullopt;
    }
    if (state.phase == Phase::kPoint || state.phase == Phase::kFraction) {
      const auto at = static_cast<std::size_t>(state.fraction_digits++);
      const auto digit_of = [at](const Decimal& bound) {
        return at < bound.fraction.size() ? bound.fraction[at] : '0';
      };
      state.to_least = compare_digit(state.to_least, c, digit_of(least_));
      if (most_) state.to_most = compare_digit(state.to_most, c, digit_of(*most_));
      state.phase = Phase::kFraction;
      return state;
    }
    const auto at = static_cast<std::size_t>(state.whole_digits++);
    const auto compare = [at, c](Order order, const Decimal& bound) {
      return at < bound.whole.size() ? compare_digit(order, c, bound.whole[at]) : order;
    };
    state.to_least = compare(state.to_least, least_);
    if (most_) state.to_most = compare(state.to_most, *most_);
    state.phase = state.phase == Phase::kStart && c == '0' ? Phase::kZero : Phase::kWhole;
    return state;
  }

  // Recursion is at most kDigitsMax + 2 deep: every step reads a character.
  Grammar::NodeId node(const State& state) {
    const auto known = nodes_.find(state);
    if (known != nodes_.end()) return known->second;
    std::map<Grammar::NodeId, ByteSet> ways;
    for (const char c : {'.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'}) {
      if (const std::optional<State> to = step(state, c)) {
        ways[node(*to)].add(static_cast<std::uint8_t>(c));
      }
    }
    std::vector<Grammar::NodeId> list;
    if (accepts(state)) list.push_back(next_);
    for (const auto& [to, set] : ways) list.push_back(grammar_.bytes(set, to));
    return nodes_[state] = grammar_.alternatives(list);
  }

  Grammar& grammar_;
  const Decimal& least_;
  const std::optional<Decimal>& most_;
  bool only_whole_;
  Grammar::NodeId next_;
  std::map<State, Grammar::NodeId> nodes_;
};

}  // namespace

base::Result<Grammar::NodeId> emit_number_range(Grammar& grammar, const NumberRange& range,
                                                Grammar::NodeId next) {
  std::vector<Grammar::NodeId> ways;
  const auto& least = range.least;
  const auto& most = range.most;
  if (!most || most->value > 0 || (most->value == 0 && !most->open)) {
    const bool from_bound = least && least->value >= 0;
    const Decimal low =
        SEINE_TRY(decimal_of(from_bound ? least->value : 0, from_bound && least->open));
    std::optional<Decimal> high;
    if (most) high = SEINE_TRY(decimal_of(most->value, most->open));
    ways.push_back(MagnitudeEmitter(grammar, low, high, range.whole, next).emit());
  }
  if (!least || least->value < 0) {
    // -m with m from -most, above zero ("-0" is never written), to -least.
    const bool from_bound = most && most->value < 0;
    const Decimal low =
        SEINE_TRY(decimal_of(from_bound ? -most->value : 0, !from_bound || most->open));
    std::optional<Decimal> high;
    if (least) high = SEINE_TRY(decimal_of(-least->value, least->open));
    ways.push_back(
        grammar.byte('-', MagnitudeEmitter(grammar, low, high, range.whole, next).emit()));
  }
  return grammar.alternatives(ways);
}

}  // namespace seine::engine
