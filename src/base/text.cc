#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numeric>

namespace seine::base {
namespace {

constexpr std::string_view kSpace = " \t\r\n\f\v";

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  if (text.empty() || status != std::errc{} || stop != end) return std::nullopt;
  return value;
}

// Splits "12.5 MiB" into its number and its unit.
struct Quantity {
  double number;
  std::string_view unit;
};

std::optional<Quantity> take_quantity(std::string_view& text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::optional<double> number = parse_double(text.substr(0, digits));
  if (!number) return std::nullopt;
  text = trim(text.substr(digits));
  const std::size_t letters = std::min(text.find_first_of("0123456789. "), text.size());
  const std::string_view unit = text.substr(0, letters);
  text.remove_prefix(letters);
  return Quantity{*number, unit};
}

std::optional<double> size_of_unit(std::string_view unit) {
  if (unit.empty() || ascii_iequals(unit, "b")) return 1.0;
  const std::size_t power = std::string_view("kmgt").find(ascii_lower(unit.front()));
  const std::string_view rest = unit.substr(1);
  const bool known_rest = rest.empty() || ascii_iequals(rest, "b") || ascii_iequals(rest, "ib");
  if (power == std::string_view::npos || !known_rest) return std::nullopt;
  return std::exp2(10.0 * static_cast<double>(power + 1));
}

std::optional<double> milliseconds_of_unit(std::string_view unit) {
  if (unit == "ms") return 1.0;
  if (unit == "s") return 1000.0;
  if (unit == "m" || unit == "min") return 60e3;
  if (unit == "h") return 3600e3;
  if (unit == "d") return 86400e3;
  return std::nullopt;
}

constexpr std::string_view kBase64Standard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = ascii_lower(c);
  return out;
}

bool ascii_iequals(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

std::optional<std::int64_t> parse_i64(std::string_view text) {
  return parse_number<std::int64_t>(text);
}
std::optional<std::uint64_t> parse_u64(std::string_view text) {
  return parse_number<std::uint64_t>(text);
}
std::optional<double> parse_double(std::string_view text) {
  return parse_number<double>(text);
}

Result<std::uint64_t> parse_size(std::string_view text) {
  std::string_view rest = trim(text);
  const std::optional<Quantity> quantity = take_quantity(rest);
  const std::optional<double> unit = quantity ? size_of_unit(trim(quantity->unit)) : std::nullopt;
  if (!unit || !rest.empty()) {
    return fail(Code::kInvalidArgument, "'{}' is not a size; write for example 512MiB or 2GiB",
                text);
  }
  const double bytes = quantity->number * *unit;
  if (!(bytes < 0x1p63)) return fail(Code::kOutOfRange, "size '{}' is past 8 EiB", text);
  return static_cast<std::uint64_t>(bytes);
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 7> kUnits = {"B",   "KiB", "MiB", "GiB",
                                                      "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::string_view rest = trim(text);
  double total = 0;
  bool valid = !rest.empty();
  while (valid && !rest.empty()) {
    const std::optional<Quantity> quantity = take_quantity(rest);
    const std::optional<double> unit =
        quantity ? milliseconds_of_unit(quantity->unit) : std::nullopt;
    valid = unit.has_value();
    if (valid) total += quantity->number * *unit;
  }
  if (!valid) {
    return fail(Code::kInvalidArgument,
                "'{}' is not a duration; write for example 250ms, 30s, 5m or 1h30m", text);
  }
  // 100 years: past any use, and far from overflow once in nanoseconds.
  if (!(total < 3.15e12)) return fail(Code::kOutOfRange, "duration '{}' is past 100 years", text);
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::llround(total)));
}

std::string format_duration(std::chrono::milliseconds duration) {
  std::int64_t ms = duration.count();
  if (ms < 0) return "-" + format_duration(-duration);
  if (ms < 1000) return fmt::format("{}ms", ms);
  if (ms < 60'000 && ms % 1000 != 0) return fmt::format("{:.1f}s", static_cast<double>(ms) / 1e3);
  std::int64_t seconds = (ms + 500) / 1000;
  std::string out;
  const auto put = [&](std::int64_t unit, char name) {
    if (const std::int64_t n = seconds / unit; n > 0)
      fmt::format_to(std::back_inserter(out), "{}{}", n, name);
    seconds %= unit;
  };
  put(86400, 'd');
  put(3600, 'h');
  put(60, 'm');
  put(1, 's');
  return out;
}

std::string format_count(std::uint64_t count) {
  std::string out = fmt::format("{}", count);
  for (std::size_t i = out.size(); i > 3; i -= 3) out.insert(i - 3, 1, ',');
  return out;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    const auto value = static_cast<unsigned char>(c);
    out.push_back(kDigits[value >> 4]);
    out.push_back(kDigits[value & 15]);
  }
  return out;
}

std::string hex(std::span<const std::byte> bytes) {
  return hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_digit(text[i]);
    const int low = hex_digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

std::string base64(std::string_view bytes, Base64 alphabet) {
  const std::string_view digits = alphabet == Base64::kUrl ? kBase64Url : kBase64Standard;
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < n ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < n + 1; ++j) out.push_back(digits[group >> (18 - 6 * j) & 63]);
    if (alphabet == Base64::kStandard) out.append(3 - n, '=');
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text, Base64 alphabet) {
  const std::string_view digits = alphabet == Base64::kUrl ? kBase64Url : kBase64Standard;
  if (text.size() % 4 == 0 && text.ends_with('=')) {
    text.remove_suffix(text.ends_with("==") ? 2 : 1);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const std::size_t value = digits.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out.push_back(static_cast<char>(bits >> held & 0xFF));
      bits &= (1u << held) - 1;
    }
  }
  if (bits != 0) return std::nullopt;
  return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), current(b.size() + 1);
  std::iota(previous.begin(), previous.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({previous[j] + 1, current[j - 1] + 1, substitute});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
    }
    std::swap(before, previous);
    std::swap(previous, current);
  }
  return previous[b.size()];
}

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates) {
  // A third of the word may be wrong, two letters at least: "servr" finds "server", "x" finds
  // nothing.
  std::size_t best = std::max<std::size_t>(2, word.size() / 3) + 1;
  std::optional<std::string_view> found;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best && distance < std::max(word.size(), candidate.size())) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |=
        static_cast<unsigned>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
  }
  return difference == 0;
}

}  // namespace seine::base
