#include <uchardet.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/text.h"
#include "base/utf8.h"
#include "web/extract/charset/sniff.h"

namespace seine::web {
namespace {

constexpr std::size_t kSampleBytes = std::size_t{256} << 10;

// uchardet's names where they are not WHATWG labels.
std::optional<Encoding> from_uchardet(std::string_view name) {
  if (name == "EUC-TW") return Encoding::kEucTw;
  if (name == "ISO-2022-KR") return Encoding::kIso2022Kr;
  if (name == "UHC") return Encoding::kEucKr;
  if (name == "MAC-CYRILLIC") return Encoding::kMacCyrillic;
  if (name == "IBM866") return Encoding::kIbm866;
  const std::optional<Encoding> found = encoding_from_label(name);
  return found == Encoding::kReplacement ? std::nullopt : found;
}

std::optional<Encoding> ask_uchardet(std::string_view bytes) {
  const std::unique_ptr<std::remove_pointer_t<uchardet_t>, decltype(&uchardet_delete)> detector(
      uchardet_new(), &uchardet_delete);
  if (uchardet_handle_data(detector.get(), bytes.data(), bytes.size()) != 0) return std::nullopt;
  uchardet_data_end(detector.get());
  return from_uchardet(uchardet_get_charset(detector.get()));
}

// UTF-16 without a mark: in text with any ASCII, one byte of each pair is mostly zero.
std::optional<Encoding> detect_utf16(std::string_view bytes) {
  const std::string_view sample = bytes.substr(0, 4096);
  std::array<std::size_t, 2> zeros{};
  for (std::size_t i = 0; i < sample.size(); ++i) zeros[i % 2] += sample[i] == '\0' ? 1U : 0U;
  const std::size_t pairs = sample.size() / 2;
  if (pairs < 2 || std::max(zeros[0], zeros[1]) * 5 < pairs) return std::nullopt;
  if (zeros[0] > zeros[1] * 4) return Encoding::kUtf16Be;
  if (zeros[1] > zeros[0] * 4) return Encoding::kUtf16Le;
  return std::nullopt;
}

bool is_non_latin_single_byte(Encoding encoding) {
  switch (encoding) {
    case Encoding::kIbm866:
    case Encoding::kIso8859_5:
    case Encoding::kIso8859_6:
    case Encoding::kIso8859_7:
    case Encoding::kIso8859_8:
    case Encoding::kKoi8R:
    case Encoding::kKoi8U:
    case Encoding::kMacCyrillic:
    case Encoding::kWindows874:
    case Encoding::kWindows1251:
    case Encoding::kWindows1253:
    case Encoding::kWindows1255:
    case Encoding::kWindows1256:
      return true;
    default:
      return false;
  }
}

// Words of another script are runs of high bytes; accents of Latin text stand alone.
bool high_bytes_stand_alone(std::string_view bytes) {
  std::size_t high = 0;
  std::size_t in_runs = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (static_cast<unsigned char>(bytes[i]) < 0x80) continue;
    ++high;
    const bool before = i > 0 && static_cast<unsigned char>(bytes[i - 1]) >= 0x80;
    const bool after = i + 1 < bytes.size() && static_cast<unsigned char>(bytes[i + 1]) >= 0x80;
    in_runs += before || after ? 1U : 0U;
  }
  return in_runs * 4 < high;
}

}  // namespace

std::optional<Encoding> detect_encoding(std::string_view bytes) {
  if (const auto utf16 = detect_utf16(bytes)) return utf16;
  std::string_view sample = bytes.substr(0, kSampleBytes);
  const bool ascii =
      std::ranges::all_of(sample, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  const bool escapes = sample.find('\x1B') != std::string_view::npos;
  if (ascii && !escapes) return std::nullopt;
  sample.remove_suffix(base::incomplete_utf8_suffix(sample));
  if (!escapes && base::is_valid_utf8(sample)) return Encoding::kUtf8;
  const std::optional<Encoding> guess = ask_uchardet(sample);
  if (guess && is_non_latin_single_byte(*guess) && high_bytes_stand_alone(sample))
    return Encoding::kWindows1252;
  return guess;
}

}  // namespace seine::web
