#include "web/crawl/glob.h"

#include <string>
#include <vector>

namespace seine::web {
namespace {

// Row by row over the pattern: which prefixes of the text it can have matched.
bool matches(std::string_view pattern, std::string_view text) {
  std::vector<char> reach(text.size() + 1, 0);
  reach[0] = 1;
  for (std::size_t p = 0; p < pattern.size(); ++p) {
    std::vector<char> next(text.size() + 1, 0);
    if (pattern[p] == '*') {
      const bool deep = p + 1 < pattern.size() && pattern[p + 1] == '*';
      char on = 0;
      for (std::size_t i = 0; i <= text.size(); ++i) {
        if (i > 0 && on != 0 && !deep && text[i - 1] == '/') on = 0;
        if (reach[i] != 0) on = 1;
        next[i] = on;
      }
      if (deep) ++p;
    } else {
      for (std::size_t i = 0; i < text.size(); ++i)
        next[i + 1] = reach[i] != 0 && (pattern[p] == '?' || pattern[p] == text[i]) ? 1 : 0;
    }
    reach = std::move(next);
  }
  return reach[text.size()] != 0;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view url) {
  if (pattern.find("://") != std::string_view::npos) return matches(pattern, url);
  const std::size_t scheme = url.find("://");
  std::string_view path = url;
  if (scheme != std::string_view::npos) {
    const std::size_t slash = url.find('/', scheme + 3);
    path = slash == std::string_view::npos ? "/" : url.substr(slash);
  }
  if (pattern.starts_with('/')) return matches(pattern, path);
  return matches("**" + std::string(pattern) + "**", path);
}

}  // namespace seine::web
