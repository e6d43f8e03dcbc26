// Any cut of any text gives the same words and marks.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "answer/cite/citation_parser.h"

namespace {

using seine::answer::CitationMark;
using seine::answer::CitationParser;
using seine::answer::CitedPiece;

void append(std::string& out, const std::vector<CitedPiece>& pieces) {
  for (const CitedPiece& piece : pieces) {
    if (const auto* text = std::get_if<std::string>(&piece)) {
      out += *text;
      continue;
    }
    out += '\0';
    for (const int number : std::get<CitationMark>(piece).numbers) out += static_cast<char>(number);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t step = 1 + data[0] % 7;
  const bool plain = data[1] % 2 == 0;
  const std::string text(reinterpret_cast<const char*>(data + 2), size - 2);
  std::string whole;
  CitationParser one(5, plain);
  append(whole, one.feed(text));
  append(whole, one.finish());
  std::string cut;
  CitationParser many(5, plain);
  for (std::size_t at = 0; at < text.size(); at += step)
    append(cut, many.feed(text.substr(at, step)));
  append(cut, many.finish());
  if (cut != whole) std::abort();
  return 0;
}
