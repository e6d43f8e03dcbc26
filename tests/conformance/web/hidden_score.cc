#include "base/utf8.h"
#include "scoring.h"
#include "shingles.h"
#include "web/extract/page.h"

namespace seine::web::conform {
namespace {

// Tag characters stand for ASCII: what a model would read in them.
std::string decode_tags(std::string_view text) {
  std::string out;
  for (const char32_t c : base::to_utf32(text))
    base::append_utf8(out, c >= 0xE0020 && c <= 0xE007E ? c - 0xE0000 : c);
  return out;
}

}  // namespace

Outcome score_hidden_injection(const std::filesystem::path& dir) {
  Outcome outcome;
  const auto files = read_archive(dir / "pages.tar.zst");
  std::size_t hard = 0, leaks = 0, soft = 0, soft_leaks = 0;
  std::size_t kept = 0, sentences = 0;
  for (const base::Json& row : read_json(dir / "manifest.json")) {
    const std::string name = text_of(row, "file");
    const auto found = files.find(name);
    if (found == files.end()) continue;
    const Page page = read_page(found->second, {}).value_or(Page{});
    const std::string markdown = decode_tags(page.markdown());
    const bool leaked = markdown.find(text_of(row, "canary")) != std::string::npos;
    const bool is_hard = text_of(row, "class") == "hard";
    ++(is_hard ? hard : soft);
    if (leaked) {
      ++(is_hard ? leaks : soft_leaks);
      if (is_hard) outcome.failures.push_back("leak: " + name);
    }
    std::string text;  // of all blocks, captions too: what the Markdown shows
    for (const Block& block : page.blocks) text += without_space(block.text);
    std::size_t here = 0;
    const base::Json& keep = row["must_keep"];
    for (const base::Json& sentence : keep) {
      if (text.find(without_space(sentence.get<std::string>())) != std::string::npos) ++here;
    }
    kept += here;
    sentences += keep.size();
    if (here < keep.size())
      outcome.failures.push_back(fmt::format("kept {} of {}: {} {}", here, keep.size(), name,
                                             page_failure_name(page.failure)));
  }
  outcome.metrics.push_back({fmt::format("hard leaks, static ({} of {})", leaks, hard),
                             hard == 0 ? 0 : static_cast<double>(leaks) / static_cast<double>(hard),
                             0.10, true});
  outcome.share("must_keep recall", kept, sentences, 0.90);
  outcome.metrics.push_back(
      {fmt::format("soft carriers shown ({} of {})", soft_leaks, soft),
       soft == 0 ? 0 : static_cast<double>(soft_leaks) / static_cast<double>(soft), std::nullopt});
  return outcome;
}

}  // namespace seine::web::conform
