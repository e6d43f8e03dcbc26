#include "base/utf8.h"

#include <algorithm>
#include <cstring>

namespace seine::base {
namespace {

unsigned char byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

// What table 3-7 allows after a lead byte: how many bytes in all and the range of the second one.
struct Lead {
  std::uint8_t length;  // 0: not a lead byte
  unsigned char second_min;
  unsigned char second_max;
};

Lead classify(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xC2) return {0, 0, 0};
  if (lead < 0xE0) return {2, 0x80, 0xBF};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3, 0x80, 0xBF};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead < 0xF4) return {4, 0x80, 0xBF};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

// How many bytes of the sequence at the start are well-formed so far (at least 1 when `lead` is a
// lead byte).
std::size_t matched(std::string_view bytes, Lead lead) {
  std::size_t n = 1;
  while (n < lead.length && n < bytes.size()) {
    const unsigned char c = byte_at(bytes, n);
    const unsigned char min = n == 1 ? lead.second_min : 0x80;
    const unsigned char max = n == 1 ? lead.second_max : 0xBF;
    if (c < min || c > max) break;
    ++n;
  }
  return n;
}

// Length of the ASCII run at the start, eight bytes at a time.
std::size_t ascii_run(std::string_view bytes) {
  std::size_t i = 0;
  while (i + 8 <= bytes.size()) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    if (word & 0x8080808080808080u) break;
    i += 8;
  }
  while (i < bytes.size() && byte_at(bytes, i) < 0x80) ++i;
  return i;
}

}  // namespace

DecodedPoint decode_utf8(std::string_view bytes) {
  const unsigned char first = byte_at(bytes, 0);
  if (first < 0x80) return {first, 1, true};
  const Lead lead = classify(first);
  if (lead.length == 0) return {kReplacement, 1, false};
  const std::size_t n = matched(bytes, lead);
  if (n < lead.length) return {kReplacement, static_cast<std::uint8_t>(n), false};
  char32_t point = first & (0xFFu >> (lead.length + 1));
  for (std::size_t i = 1; i < n; ++i) point = (point << 6) | (byte_at(bytes, i) & 0x3Fu);
  return {point, lead.length, true};
}

void append_utf8(std::string& out, char32_t point) {
  if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) point = kReplacement;
  const auto put = [&out](char32_t value) { out.push_back(static_cast<char>(value)); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | (point >> 6));
    put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | (point >> 12));
    put(0x80 | ((point >> 6) & 0x3F));
    put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | (point >> 18));
    put(0x80 | ((point >> 12) & 0x3F));
    put(0x80 | ((point >> 6) & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

std::optional<std::size_t> find_invalid_utf8(std::string_view bytes) {
  std::size_t i = 0;
  while (true) {
    i += ascii_run(bytes.substr(i));
    if (i == bytes.size()) return std::nullopt;
    const DecodedPoint decoded = decode_utf8(bytes.substr(i));
    if (!decoded.valid) return i;
    i += decoded.length;
  }
}

bool is_valid_utf8(std::string_view bytes) {
  return !find_invalid_utf8(bytes);
}

std::string to_valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const std::size_t good = find_invalid_utf8(bytes).value_or(bytes.size());
    out.append(bytes.substr(0, good));
    bytes.remove_prefix(good);
    if (bytes.empty()) break;
    append_utf8(out, kReplacement);
    bytes.remove_prefix(decode_utf8(bytes).length);
  }
  return out;
}

std::size_t utf8_prefix(std::string_view bytes, std::size_t limit) {
  if (bytes.size() <= limit) return bytes.size();
  // A cut is clean unless the byte after it continues a sequence; a sequence has at most three
  // continuation bytes.
  std::size_t cut = limit;
  for (int back = 0; back < 3 && cut > 0 && (byte_at(bytes, cut) & 0xC0) == 0x80; ++back) --cut;
  if ((byte_at(bytes, cut) & 0xC0) == 0x80) return limit;
  return cut;
}

std::size_t incomplete_utf8_suffix(std::string_view bytes) {
  const std::size_t most = std::min<std::size_t>(3, bytes.size());
  for (std::size_t back = 1; back <= most; ++back) {
    const std::string_view tail = bytes.substr(bytes.size() - back);
    const Lead lead = classify(byte_at(tail, 0));
    if (lead.length == 0) continue;
    return lead.length > back && matched(tail, lead) == back ? back : 0;
  }
  return 0;
}

std::size_t count_points(std::string_view bytes) {
  std::size_t count = 0;
  while (!bytes.empty()) {
    const std::size_t ascii = ascii_run(bytes);
    count += ascii;
    bytes.remove_prefix(ascii);
    if (bytes.empty()) break;
    bytes.remove_prefix(decode_utf8(bytes).length);
    ++count;
  }
  return count;
}

std::u32string to_utf32(std::string_view bytes) {
  std::u32string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const DecodedPoint decoded = decode_utf8(bytes);
    out.push_back(decoded.point);
    bytes.remove_prefix(decoded.length);
  }
  return out;
}

std::string to_utf8(std::u32string_view points) {
  std::string out;
  out.reserve(points.size());
  for (char32_t point : points) append_utf8(out, point);
  return out;
}

}  // namespace seine::base
