// Small text tools: trimming, splitting, ASCII case, numbers, sizes, durations, hex and base64,
// edit distance. Pure functions, safe on any thread. "ASCII" ones never look at the locale.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seine::base {

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
std::string_view trim(std::string_view text);  // space, \t, \r, \n, \f, \v
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);

char ascii_lower(char c);
std::string ascii_lower(std::string_view text);
bool ascii_iequals(std::string_view a, std::string_view b);

// The whole text must be the number: no spaces, no sign for unsigned, no trailing bytes.
std::optional<std::int64_t> parse_i64(std::string_view text);
std::optional<std::uint64_t> parse_u64(std::string_view text);
std::optional<double> parse_double(std::string_view text);

// "512MiB", "1.5 GB", "100k", "4096": bytes. KiB/MiB/GiB/TiB (and K, M, G, T, KB... taken as
// binary).
Result<std::uint64_t> parse_size(std::string_view text);
// 1536 -> "1.5 KiB".
std::string format_size(std::uint64_t bytes);
// "250ms", "30s", "5m", "2h", "1d", "1h30m".
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
// 90 s -> "1m30s".
std::string format_duration(std::chrono::milliseconds duration);
// 131072 -> "131,072".
std::string format_count(std::uint64_t count);

std::string hex(std::span<const std::byte> bytes);
std::string hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);

enum class Base64 : std::uint8_t {
  kStandard,
  kUrl
};  // RFC 4648 sections 4 (padded) and 5 (unpadded)
std::string base64(std::string_view bytes, Base64 alphabet = Base64::kStandard);
// Accepts missing padding; nothing for any byte outside the alphabet or non-zero trailing bits.
std::optional<std::string> from_base64(std::string_view text, Base64 alphabet = Base64::kStandard);

// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b);
// The candidate nearest to `word` if it is near enough to be a slip of the finger; else nothing.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

// Equal in time that depends on the lengths alone: for secrets.
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace seine::base
