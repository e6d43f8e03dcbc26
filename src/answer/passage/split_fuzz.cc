// Any text, cut into any blocks: spans stay inside, sentences keep their words.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "answer/passage/plain.h"
#include "answer/passage/split.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  using seine::answer::Page;
  Page page{.url = "https://e.org",
            .markdown = std::string(reinterpret_cast<const char*>(data + 1), size - 1),
            .blocks = {}};
  const char* const kinds[] = {"paragraph", "table", "heading", "code"};
  const std::size_t step = 1 + data[0] * 8u;
  for (std::size_t at = 0; at < page.markdown.size(); at += step) {
    page.blocks.push_back({kinds[at % 4], {at, std::min(at + step, page.markdown.size())}, ""});
  }
  for (const auto& passage : seine::answer::split_page(page, 0)) {
    for (const auto& sentence : passage.sentences) {
      if (sentence.span.end > page.markdown.size() || sentence.span.begin >= sentence.span.end)
        std::abort();
      const std::string raw =
          page.markdown.substr(sentence.span.begin, sentence.span.end - sentence.span.begin);
      if (seine::answer::plain_text(raw) != passage.plain(sentence)) std::abort();
    }
  }
  return 0;
}
