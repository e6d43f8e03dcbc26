// Writes every run of text of a set's pages with its features and, where the set's truth tells,
// whether it belongs: what tools/train_runs.py learns from. One JSON object a page.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <set>

#include "base/json.h"
#include "scoring.h"
#include "shingles.h"
#include "web/extract/charset/sniff.h"
#include "web/extract/content/main_content.h"
#include "web/extract/html/parser.h"
#include "web/extract/metadata/metadata.h"
#include "web/extract/page.h"

namespace seine::web::conform {
namespace {

namespace fs = std::filesystem;

struct Labelled {
  double wanted = -1;  // 1 belongs, 0 does not, -1 the truth does not say
  double weight = 0;
};
using Labeller = std::function<std::vector<Labelled>(const std::vector<std::string>& texts)>;

bool in_caption(const html::Node* block) {
  for (const html::Node* node = block; node != nullptr && node->is_element(); node = node->parent) {
    if (is_caption(node)) return true;
  }
  return false;
}

void dump_page(std::string_view set, const std::string& id, const std::string& url,
               const std::string& bytes, const Labeller& label) {
  const auto document = html::parse(decode_page(bytes, "").text);
  const Visibility visibility(*document);
  const auto parsed = Url::parse(url);
  const Metadata metadata = read_metadata(*document, visibility, parsed ? &*parsed : nullptr);
  const RunReport report =
      describe_runs(*document, visibility, metadata.title, metadata.description);
  std::vector<std::string> texts;
  for (const TextRun& run : report.runs)
    texts.push_back(collapse_space(run_text(run, document->body(), 1'000'000)));
  const auto labels = label(texts);
  base::Json out = {{"set", set},
                    {"id", id},
                    {"url", url},
                    {"title", metadata.title},
                    {"runs", base::Json::array()}};
  std::set<std::string> seen;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    // What the writer leaves out of running text whatever is kept.
    const bool skip = in_caption(report.runs[i].block) ||
                      (texts[i].size() >= 60 && !seen.insert(texts[i]).second);
    out["runs"].push_back({{"x", report.vectors[i]},
                           {"y", labels[i].wanted},
                           {"w", labels[i].weight},
                           {"skip", skip},
                           {"text", texts[i]}});
  }
  fmt::print("{}\n", base::to_text(out));
}

// Runs whose words are in the truth, as runs of four words or, of fewer, as they stand.
std::vector<Labelled> by_truth(const std::vector<std::string>& texts, const std::string& truth) {
  const bool wide = mostly_wide(truth);
  const auto tokens = [&](const std::string& text) {
    return wide ? char_tokens(text) : word_tokens(text);
  };
  std::map<std::string, int> grams;
  const auto wanted = tokens(truth);
  std::string line = " ";
  for (const auto& token : wanted) line += token + " ";
  for (std::size_t i = 0; i + 4 <= wanted.size(); ++i)
    ++grams[wanted[i] + "\x1F" + wanted[i + 1] + "\x1F" + wanted[i + 2] + "\x1F" + wanted[i + 3]];
  std::vector<Labelled> out(texts.size());
  for (std::size_t k = 0; k < texts.size(); ++k) {
    const auto got = tokens(texts[k]);
    if (got.empty()) continue;
    double share = 0;
    if (got.size() < 4) {
      std::string piece = " ";
      for (const auto& token : got) piece += token + " ";
      share = line.find(piece) != std::string::npos ? 1 : 0;
    } else {
      double found = 0;
      for (std::size_t i = 0; i + 4 <= got.size(); ++i) {
        if (grams.contains(got[i] + "\x1F" + got[i + 1] + "\x1F" + got[i + 2] + "\x1F" +
                           got[i + 3]))
          ++found;
      }
      share = found / static_cast<double>(got.size() - 3);
    }
    const double weight =
        static_cast<double>(got.size()) / std::max(1.0, static_cast<double>(wanted.size()));
    if (share >= 0.7) out[k] = {1, weight};
    if (share <= 0.3) out[k] = {0, weight};
  }
  return out;
}

std::vector<Labelled> by_strings(const std::vector<std::string>& texts, const base::Json& row) {
  std::vector<Labelled> out(texts.size());
  for (const base::Json& string : row["without"]) {
    const std::string wanted = collapse_space(string.get<std::string>());
    for (std::size_t k = 0; k < texts.size(); ++k) {
      if (texts[k].find(wanted) != std::string::npos) out[k] = {0, 1};
    }
  }
  for (const base::Json& string : row["with"]) {
    const std::string wanted = collapse_space(string.get<std::string>());
    std::size_t best = texts.size();
    for (std::size_t k = 0; k < texts.size(); ++k) {
      if (texts[k].find(wanted) != std::string::npos &&
          (best == texts.size() || texts[k].size() > texts[best].size()))
        best = k;
    }
    if (best < texts.size()) out[best] = {1, 1};
  }
  return out;
}

std::string truth_text(const std::string& bytes) {
  const auto document = html::parse(bytes);
  return join_text(
      write_blocks(document->root, {.base = nullptr, .links = false, .images = false}));
}

}  // namespace

void dump_runs(const fs::path& root) {
  {
    const fs::path dir = root / "article-extraction";
    const base::Json truth = read_json(dir / "ground-truth.json");
    const auto files = read_archive(dir / "html.tar.zst");
    for (const auto& [id, row] : truth.items()) {
      const auto file = files.find("html/" + id + ".html");
      if (file == files.end()) continue;
      const std::string body = text_of(row, "articleBody");
      dump_page("article-extraction", id, text_of(row, "url"), file->second,
                [&](const auto& texts) { return by_truth(texts, body); });
    }
  }
  {
    const fs::path dir = root / "trafilatura-eval";
    const base::Json rows = read_json(dir / "evaldata.json");
    const auto files = read_archive(dir / "html.tar.zst");
    for (const auto& [url, row] : rows.items()) {
      const auto file = files.find("html/" + text_of(row, "file"));
      if (file == files.end()) continue;
      dump_page("trafilatura-eval", text_of(row, "file"), url, file->second,
                [&](const auto& texts) { return by_strings(texts, row); });
    }
  }
  {
    const fs::path dir = root / "readability-pages";
    const auto files = read_archive(dir / "pages.tar.zst");
    for (const auto& [name, bytes] : files) {
      if (!name.ends_with("/source.html")) continue;
      const std::string folder = name.substr(0, name.size() - 11);
      const auto expected = files.find(folder + "expected.html");
      if (expected == files.end()) continue;
      const std::string body = truth_text(expected->second);
      dump_page("readability-pages", folder, "http://fakehost/test/page.html", bytes,
                [&](const auto& texts) { return by_truth(texts, body); });
    }
  }
}

}  // namespace seine::web::conform
