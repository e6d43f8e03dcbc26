#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "base/utf8.h"
#include "web/extract/content/text_measure.h"
#include "web/extract/metadata/metadata.h"

namespace seine::web {
namespace {

struct Separator {
  std::string_view text;
  bool spaced;  // counts only between spaces
};
constexpr Separator kSeparators[] = {{"|", false},
                                     {"_", false},
                                     {"–", true},
                                     {"—", true},
                                     {"-", true},
                                     {"»", true},
                                     {"·", true},
                                     {"::", true},
                                     {"•", true},
                                     {"›", true},
                                     {"\xEF\xBD\x9C", false},
                                     {"/", true},
                                     {"\\", true},
                                     {"<", true},
                                     {">", true}};

// Where a title can be cut: begin and end of each separator with its spaces.
std::vector<std::pair<std::size_t, std::size_t>> cuts_of(std::string_view title) {
  std::vector<std::pair<std::size_t, std::size_t>> cuts;
  for (std::size_t i = 0; i < title.size();) {
    std::size_t step = 1;
    for (const Separator& separator : kSeparators) {
      if (!title.substr(i).starts_with(separator.text)) continue;
      const std::size_t end = i + separator.text.size();
      const bool before = i > 0 && title[i - 1] == ' ';
      const bool after = end < title.size() && title[end] == ' ';
      // Chinese sites join with a bare hyphen.
      const bool wide = separator.text == "-" &&
                        ((i > 0 && static_cast<unsigned char>(title[i - 1]) >= 0x80) ||
                         (end < title.size() && static_cast<unsigned char>(title[end]) >= 0x80));
      if (!separator.spaced || (before && after) || wide) {
        cuts.emplace_back(before ? i - 1 : i, after ? end + 1 : end);
        step = end - i;
        break;
      }
    }
    i += step;
  }
  return cuts;
}

std::size_t words_in(std::string_view text) {
  std::size_t words = 0;
  std::size_t wide = 0;
  bool inside = false;
  for (const char32_t c : base::to_utf32(text)) {
    if (is_wide(c)) ++wide;
    const bool space = c == ' ';
    if (!space && !inside) ++words;
    inside = !space;
  }
  return words + wide / 3;
}

}  // namespace

std::string tidy_line(std::string_view text, std::size_t bytes_max) {
  std::string clean = has_invisible(text) ? strip_invisible(text) : std::string(text);
  std::string out;
  bool space = false;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const char c = clean[i];
    const bool nbsp = std::string_view(clean).substr(i).starts_with("\xC2\xA0");
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || nbsp) {
      space = !out.empty();
      if (nbsp) ++i;
      continue;
    }
    if (space) out.push_back(' ');
    space = false;
    out.push_back(c);
    if (out.size() > bytes_max) break;
  }
  out.resize(base::utf8_prefix(out, bytes_max));
  return out;
}

std::string clean_title(std::string_view raw, std::string_view site_name,
                        std::string_view heading) {
  const std::string title = tidy_line(raw);
  // The heading standing in the title as one of its parts is the title.
  if (heading.size() >= 4 && title.find(heading) != std::string::npos && words_in(heading) >= 2)
    return std::string(heading);
  const auto cuts = cuts_of(title);
  if (cuts.empty()) return title;
  const std::string_view view = title;
  const std::string_view last = view.substr(cuts.back().second);
  const std::string_view first = view.substr(0, cuts.front().first);
  if (!site_name.empty()) {
    if (base::ascii_iequals(last, site_name)) return std::string(view.substr(0, cuts.back().first));
    if (base::ascii_iequals(first, site_name)) return std::string(view.substr(cuts.front().second));
  }
  // Chinese titles: "headline_section_site" and "headline-site": the first part is the headline.
  const bool underscore = title.find('_') != std::string::npos;
  if (underscore && words_in(first) >= 2) return std::string(first);
  const std::string_view without_last = view.substr(0, cuts.back().first);
  if (words_in(without_last) >= 3) return std::string(without_last);
  const std::string_view without_first = view.substr(cuts.front().second);
  if (words_in(without_first) >= 3) return std::string(without_first);
  return title;
}

}  // namespace seine::web
