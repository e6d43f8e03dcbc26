// seine_web_bench_pages DIR: throughput of each step from bytes to Markdown on one core, over every
// saved page below DIR (the folder of the web data sets), and gumbo's parse alone beside it. Each
// figure is the best of five passes over all pages.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "scoring.h"
#include "web/extract/charset/sniff.h"
#include "web/extract/html/parser.h"
#include "web/extract/page.h"

#ifdef SEINE_HAVE_GUMBO
#include <gumbo.h>
#endif

namespace {

using Clock = std::chrono::steady_clock;

std::vector<std::string> load_pages(const std::filesystem::path& root) {
  std::vector<std::string> pages;
  const std::pair<const char*, const char*> archives[] = {{"article-extraction", "html.tar.zst"},
                                                          {"trafilatura-eval", "html.tar.zst"},
                                                          {"gne-chinese-news", "html.tar.zst"},
                                                          {"readability-pages", "pages.tar.zst"}};
  for (const auto& [set, archive] : archives) {
    for (auto& [name, bytes] : seine::web::conform::read_archive(root / set / archive)) {
      const bool page = name.ends_with(".html") && !name.ends_with("expected.html");
      if (page && !bytes.empty()) pages.push_back(std::move(bytes));
    }
  }
  return pages;
}

void measure(const char* name, const std::vector<std::string>& pages,
             const std::function<std::size_t(const std::string&)>& step) {
  std::size_t bytes = 0;
  for (const std::string& page : pages) bytes += page.size();
  double best = 1e9;
  std::size_t sink = 0;
  for (int pass = 0; pass < 5; ++pass) {
    const auto start = Clock::now();
    for (const std::string& page : pages) sink += step(page);
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  std::printf("%-28s %8.1f MB/s   (%zu pages, %.1f MB, best of 5, check %zu)\n", name,
              static_cast<double>(bytes) / 1e6 / best, pages.size(),
              static_cast<double>(bytes) / 1e6, sink % 1000);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: seine_web_bench_pages DIR\n");
    return 2;
  }
  const std::vector<std::string> pages = load_pages(argv[1]);
  std::vector<std::string> texts;
  for (const std::string& page : pages) texts.push_back(seine::web::decode_page(page, "").text);
  measure("charset", pages,
          [](const std::string& page) { return seine::web::decode_page(page, "").text.size(); });
  measure("HTML tree", texts,
          [](const std::string& text) { return seine::web::html::parse(text)->arena.used(); });
  measure("bytes to Markdown", pages, [](const std::string& page) {
    return seine::web::read_page(page, {}).value_or(seine::web::Page{}).markdown().size();
  });
#ifdef SEINE_HAVE_GUMBO
  measure("gumbo tree", texts, [](const std::string& text) {
    GumboOutput* output = gumbo_parse_with_options(&kGumboDefaultOptions, text.data(), text.size());
    const std::size_t used = output->root->index_within_parent + 1;
    gumbo_destroy_output(&kGumboDefaultOptions, output);
    return used;
  });
#endif
}
