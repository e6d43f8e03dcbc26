#include "web/extract/charset/sniff.h"

#include <algorithm>

#include "base/utf8.h"

namespace seine::web {
namespace {

std::optional<CharsetChoice> read_bom(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF"))
    return CharsetChoice{Encoding::kUtf8, CharsetSource::kBom, 3};
  if (bytes.starts_with("\xFE\xFF"))
    return CharsetChoice{Encoding::kUtf16Be, CharsetSource::kBom, 2};
  if (bytes.starts_with("\xFF\xFE"))
    return CharsetChoice{Encoding::kUtf16Le, CharsetSource::kBom, 2};
  return std::nullopt;
}

// Multi-byte sequences in text that is valid UTF-8 up to a cut at the end; nothing when it is not.
std::optional<std::size_t> utf8_sequences(std::string_view bytes) {
  bytes.remove_suffix(base::incomplete_utf8_suffix(bytes));
  if (!base::is_valid_utf8(bytes)) return std::nullopt;
  return static_cast<std::size_t>(
      std::ranges::count_if(bytes, [](char c) { return static_cast<unsigned char>(c) >= 0xC2; }));
}

// Share of malformed sequences in a declared encoding, over a sample.
double error_rate(std::string_view bytes, Encoding encoding) {
  const std::string_view sample = bytes.substr(0, std::size_t{256} << 10);
  const auto high = static_cast<double>(
      std::ranges::count_if(sample, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }));
  if (high == 0) return 0;
  return static_cast<double>(decode(sample, encoding).errors) / high;
}

}  // namespace

CharsetChoice choose_charset(std::string_view bytes, std::string_view header_charset) {
  if (const auto bom = read_bom(bytes)) return *bom;
  const std::optional<Encoding> header = encoding_from_label(header_charset);
  std::optional<Encoding> declared = prescan_meta(bytes);
  if (!declared) declared = prescan_xml(bytes);
  if (!declared) declared = prescan_meta(bytes, kLatePrescanBytes);

  // Bytes that are UTF-8 with real multi-byte text in it are UTF-8 whatever a template declares:
  // eight sequences by chance in another encoding are less likely than a wrong declaration.
  const std::optional<std::size_t> sequences = utf8_sequences(bytes);
  const bool surely_utf8 = sequences && *sequences >= 8;

  if (header && *header != Encoding::kReplacement) {
    const bool server_default = *header == Encoding::kWindows1252;
    if (surely_utf8 && *header != Encoding::kUtf8)
      return {Encoding::kUtf8, CharsetSource::kDetected, 0};
    // ISO-8859-1 in a header is often what the server sends when nobody set anything; UTF-8 that
    // does not decode was never right. The page's own word counts more then.
    const bool doubtful = server_default || error_rate(bytes, *header) > 0.02;
    if (!doubtful) return {*header, CharsetSource::kHeader, 0};
    if (declared && *declared != *header && error_rate(bytes, *declared) < 0.02) {
      return {*declared, CharsetSource::kMeta, 0};
    }
    if (const auto detected = detect_encoding(bytes);
        detected && error_rate(bytes, *detected) < 0.005) {
      return {*detected, CharsetSource::kDetected, 0};
    }
    return {*header, CharsetSource::kHeader, 0};
  }
  if (declared && *declared != Encoding::kReplacement) {
    if (surely_utf8 && *declared != Encoding::kUtf8)
      return {Encoding::kUtf8, CharsetSource::kDetected, 0};
    if (error_rate(bytes, *declared) <= 0.02) return {*declared, CharsetSource::kMeta, 0};
    if (const auto detected = detect_encoding(bytes);
        detected && error_rate(bytes, *detected) < 0.005) {
      return {*detected, CharsetSource::kDetected, 0};
    }
    return {*declared, CharsetSource::kMeta, 0};
  }
  if (const auto detected = detect_encoding(bytes)) return {*detected, CharsetSource::kDetected, 0};
  return {sequences ? Encoding::kUtf8 : Encoding::kWindows1252, CharsetSource::kDefault, 0};
}

DecodedPage decode_page(std::string_view bytes, std::string_view header_charset) {
  DecodedPage page;
  page.charset = choose_charset(bytes, header_charset);
  Decoded decoded = decode(bytes.substr(page.charset.bom_bytes), page.charset.encoding);
  page.text = std::move(decoded.text);
  page.errors = decoded.errors;
  return page;
}

}  // namespace seine::web
