#include <algorithm>

#include "base/text.h"
#include "scoring.h"
#include "shingles.h"
#include "web/extract/page.h"

namespace seine::web::conform {
namespace {

struct Parts {
  std::string code;
  std::string tables;
  std::string formulas;
  std::string text;
};

// Fenced code, table rows, $formulas$ and the rest of a Markdown text.
Parts split_markdown(std::string_view markdown) {
  Parts parts;
  bool fenced = false;
  for (const std::string_view line : base::split(markdown, '\n')) {
    const std::string_view trimmed = base::trim(line);
    if (trimmed.starts_with("```")) {
      fenced = !fenced;
    } else if (fenced) {
      parts.code += std::string(line) + "\n";
    } else if (trimmed.starts_with("|") || trimmed.find("<td") != std::string_view::npos) {
      if (trimmed.find("---") == std::string_view::npos)
        parts.tables += without_space(trimmed) + "\n";
    } else {
      std::string_view rest = trimmed;
      while (true) {
        const std::size_t open = rest.find('$');
        const std::size_t close = open == std::string_view::npos ? open : rest.find('$', open + 1);
        if (close == std::string_view::npos) break;
        parts.formulas += std::string(rest.substr(open + 1, close - open - 1)) + "\n";
        rest.remove_prefix(close + 1);
      }
      parts.text += std::string(trimmed) + "\n";
    }
  }
  return parts;
}

// 1 - distance / length on code points cut to a size that keeps the quadratic cost in seconds.
double edit_similarity(const std::string& a, const std::string& b) {
  const std::vector<std::string> x = char_tokens(a.substr(0, 20000));
  const std::vector<std::string> y = char_tokens(b.substr(0, 20000));
  if (x.empty() && y.empty()) return 1;
  std::vector<std::size_t> row(y.size() + 1);
  for (std::size_t j = 0; j <= y.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= x.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= y.size(); ++j) {
      const std::size_t up = row[j];
      row[j] = std::min({row[j - 1] + 1, up + 1, diagonal + (x[i - 1] == y[j - 1] ? 0U : 1U)});
      diagonal = up;
    }
  }
  return 1 - static_cast<double>(row[y.size()]) / static_cast<double>(std::max(x.size(), y.size()));
}

}  // namespace

Outcome score_webmainbench(const std::filesystem::path& dir) {
  Outcome outcome;
  const auto files = read_archive(dir / "cases.tar.zst");
  const auto cases = files.find("cases.jsonl");
  if (cases == files.end()) return outcome;
  struct Mean {
    double sum = 0;
    std::size_t count = 0;
    void add(double value) {
      sum += value;
      ++count;
    }
    double get() const { return count == 0 ? 1 : sum / static_cast<double>(count); }
  } rouge, text, code, tables, formulas;
  for (const std::string_view line : base::split(cases->second, '\n')) {
    if (base::trim(line).empty()) continue;
    const base::Json row = to_json(std::string(line), "cases.jsonl");
    PageOptions options;
    options.url = text_of(row, "url");
    options.links = false;
    options.images = false;
    const Page page = read_page(text_of(row, "html"), options).value_or(Page{});
    const std::string wanted = text_of(row, "groundtruth_content");
    const std::string got = page.markdown();
    const auto tokens = mostly_wide(wanted) ? char_tokens : word_tokens;
    const Overlap overlap = shingle_overlap(tokens(wanted), tokens(got), 5);
    rouge.add(overlap.f1());
    const Parts a = split_markdown(wanted);
    const Parts b = split_markdown(got);
    const double similarity = edit_similarity(a.text, b.text);
    text.add(similarity);
    if (!a.code.empty() || !b.code.empty()) code.add(edit_similarity(a.code, b.code));
    if (!a.tables.empty() || !b.tables.empty()) tables.add(edit_similarity(a.tables, b.tables));
    if (!a.formulas.empty() || !b.formulas.empty())
      formulas.add(edit_similarity(a.formulas, b.formulas));
    outcome.failures.push_back(fmt::format("ROUGE-5 {:.3f} (P {:.3f} R {:.3f}) text {:.3f} {} {}",
                                           overlap.f1(), overlap.precision(), overlap.recall(),
                                           similarity, text_of(row, "url").substr(0, 80),
                                           page_failure_name(page.failure)));
  }
  outcome.metrics = {{"ROUGE-5 F1", rouge.get(), std::nullopt},
                     {"text", text.get(), std::nullopt},
                     {"code", code.get(), 0.50},
                     {"tables", tables.get(), 0.50},
                     {"formulas", formulas.get(), std::nullopt}};
  return outcome;
}

}  // namespace seine::web::conform
