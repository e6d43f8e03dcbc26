#include "base/ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

#include "base/text.h"

namespace seine::base {
namespace {

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool all_zero(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '0'; });
}

}  // namespace

std::string make_uuid7(const Clock& clock, Random& random) {
  const auto since_epoch = clock.wall().time_since_epoch();
  const auto ms = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count());
  const std::uint64_t high = ms << 16 | 0x7000 | (random.next_u64() & 0x0FFF);
  const std::uint64_t low = std::uint64_t{2} << 62 | random.next_u64() >> 2;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xFFFF,
                     high & 0xFFFF, low >> 48, low & 0xFFFF'FFFF'FFFF);
}

std::string make_hex_id(Random& random, std::size_t bytes) {
  std::string raw(bytes, '\0');
  random.fill(std::as_writable_bytes(std::span(raw)));
  return hex(raw);
}

std::string make_secret(std::string_view prefix, Random& random) {
  std::array<char, 32> raw{};
  random.fill(std::as_writable_bytes(std::span(raw)));
  return fmt::format("{}{}", prefix, base64({raw.data(), raw.size()}, Base64::kUrl));
}

std::string TraceContext::to_header() const {
  return fmt::format("00-{}-{}-{:02x}", trace_id, parent_id, sampled ? 1 : 0);
}

std::optional<TraceContext> parse_traceparent(std::string_view header) {
  // version "-" trace-id "-" parent-id "-" flags; a later version may append "-…"
  // (section 3.2.2.4).
  if (header.size() < 55 || header[2] != '-' || header[35] != '-' || header[52] != '-') {
    return std::nullopt;
  }
  const std::string_view version = header.substr(0, 2);
  const std::string_view trace = header.substr(3, 32);
  const std::string_view parent = header.substr(36, 16);
  const std::string_view flags = header.substr(53, 2);
  const bool well_formed =
      is_lower_hex(version) && is_lower_hex(trace) && is_lower_hex(parent) && is_lower_hex(flags);
  if (!well_formed || version == "ff" || all_zero(trace) || all_zero(parent)) return std::nullopt;
  if (version == "00" && header.size() != 55) return std::nullopt;
  if (header.size() > 55 && header[55] != '-') return std::nullopt;
  const bool sampled = (from_hex(flags)->front() & 1) != 0;
  return TraceContext{std::string(trace), std::string(parent), sampled};
}

TraceContext make_trace(Random& random) {
  // A random id of all zeros is forbidden and has probability 2^-128; the lowest bit makes it
  // impossible.
  TraceContext context{make_hex_id(random, 16), make_hex_id(random, 8), false};
  context.trace_id.back() = '1';
  context.parent_id.back() = '1';
  return context;
}

}  // namespace seine::base
