#include <algorithm>

#include "base/text.h"
#include "scoring.h"
#include "web/extract/charset/sniff.h"

namespace seine::web::conform {
namespace {

// GB2312=GBK=GB18030, Big5=Big5-HKSCS, CP949=EUC-KR, Shift_JIS=CP932, ASCII=UTF-8.
std::string class_of(std::string label) {
  label = base::ascii_lower(label);
  if (label.ends_with("-russian")) label = label.substr(0, label.size() - 8);
  if (label == "uhc" || label == "cp949") return "EUC-KR";
  if (label == "euc-tw") return "EUC-TW";
  if (label == "iso-2022-kr") return "ISO-2022-KR";
  const auto encoding = encoding_from_label(label);
  if (!encoding) return label;
  return std::string(*encoding == Encoding::kGb18030 ? "GBK" : encoding_name(*encoding));
}

bool is_chinese(const std::string& label) {
  const std::string name = class_of(label);
  return name == "GBK" || name == "Big5" || name == "EUC-TW";
}

// The file without what declares its encoding.
std::string without_declaration(std::string bytes) {
  for (const std::string_view start : {"<?xml", "<meta", "<META"}) {
    for (std::size_t at = bytes.find(start); at != std::string::npos && at < 4096;
         at = bytes.find(start, at)) {
      bytes.erase(at, bytes.find('>', at) - at + 1);
    }
  }
  return bytes;
}

}  // namespace

Outcome score_charset(const std::filesystem::path& dir) {
  Outcome outcome;
  const base::Json labels = read_json(dir / "labels.json");
  const auto files = read_archive(dir / "files.tar.zst");
  const auto run = [&](std::string_view variant, auto&& change, bool barred, bool detector_only) {
    std::size_t passed[2] = {};
    std::size_t total[2] = {};
    for (const auto& [path, label] : labels.items()) {
      const auto file = std::ranges::find_if(files, [&](const auto& entry) {
        return entry.first == path || entry.first.ends_with("/" + path);
      });
      if (file == files.end()) continue;
      const std::string bytes = change(file->second);
      const std::size_t chinese = is_chinese(label.get<std::string>()) ? 0 : 1;
      ++total[chinese];
      DecodedPage page = decode_page(bytes, "");
      if (detector_only && page.charset.source == CharsetSource::kMeta) {
        page.charset.encoding = detect_encoding(bytes).value_or(Encoding::kUtf8);
        page.errors = decode(bytes, page.charset.encoding).errors;
      }
      const std::string got = class_of(std::string(encoding_name(page.charset.encoding)));
      // A cut file may end inside a character.
      const std::size_t errors_allowed = variant == "first 1,024 bytes" ? 1 : 0;
      if (got == class_of(label.get<std::string>()) && page.errors <= errors_allowed) {
        ++passed[chinese];
      } else {
        outcome.failures.push_back(fmt::format("{}: {} is {}, read as {} with {} errors", variant,
                                               path, label.get<std::string>(), got, page.errors));
      }
    }
    const std::optional<double> zh_bar = barred ? std::optional(1.0) : std::nullopt;
    const std::optional<double> bar = barred ? std::optional(161.0 / 170.0) : std::nullopt;
    outcome.share(fmt::format("Chinese, {}", variant), passed[0], total[0], zh_bar);
    outcome.share(fmt::format("others, {}", variant), passed[1], total[1], bar);
  };
  const auto same = [](const std::string& bytes) { return bytes; };
  run("whole file", same, true, false);
  run("detector alone", same, true, true);
  run("declaration removed", without_declaration, false, false);
  run(
      "first 1,024 bytes", [](const std::string& bytes) { return bytes.substr(0, 1024); }, false,
      false);
  return outcome;
}

}  // namespace seine::web::conform
