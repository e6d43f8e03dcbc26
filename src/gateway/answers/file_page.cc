#include "gateway/answers/file_page.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

namespace seine::gateway {
namespace {

// The level of a Markdown heading line; 0: none.
std::size_t heading_level(std::string_view line) {
  const std::size_t marks = std::min(line.find_first_not_of('#'), line.size());
  return marks > 0 && marks <= 6 && marks < line.size() && line[marks] == ' ' ? marks : 0;
}

}  // namespace

answer::Page file_page(const StoredFile& file, FileText text) {
  answer::Page page{.url = "file:" + file.id + "/" + file.name,
                    .title = file.title.empty() ? file.name : file.title,
                    .site = file.name,
                    .fetched_at = file.created_at,
                    .from = "file",
                    .markdown = std::move(text.text),
                    .blocks = {}};
  std::vector<std::pair<std::size_t, std::string>> above;
  const std::string_view all = page.markdown;
  std::size_t places_passed = 0;  // of text.places, those at or before `at`
  for (std::size_t at = 0; at < all.size();) {
    std::size_t end = all.find("\n\n", at);
    const std::string_view first = all.substr(at, std::min(all.find('\n', at), all.size()) - at);
    const std::size_t level = heading_level(first);
    if (level > 0) end = at + first.size();
    while (places_passed < text.places.size() && text.places[places_passed].at <= at)
      ++places_passed;
    if (places_passed < text.places.size()) end = std::min(end, text.places[places_passed].at);
    end = std::min(end, all.size());
    if (!base::trim(all.substr(at, end - at)).empty()) {
      std::string path;
      if (level > 0) {
        while (!above.empty() && above.back().first >= level) above.pop_back();
      }
      for (const auto& [depth, name] : above) path += (path.empty() ? "" : " > ") + name;
      page.blocks.push_back(
          {level > 0 ? "heading" : "paragraph",
           {at, end},
           std::move(path),
           places_passed > 0 ? text.places[places_passed - 1].anchor : std::string()});
      if (level > 0) above.emplace_back(level, std::string(base::trim(first.substr(level))));
    }
    at = end;
    while (at < all.size() && all[at] == '\n') ++at;
  }
  return page;
}

}  // namespace seine::gateway
