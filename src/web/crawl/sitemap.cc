#include "web/crawl/sitemap.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace seine::web {
namespace {

constexpr std::size_t kUrlMax = 2'048;

std::string unescape(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, char>, 5> kEntities = {
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (text.front() == '&') {
      const auto found = std::ranges::find_if(
          kEntities, [text](const auto& entity) { return text.starts_with(entity.first); });
      if (found != kEntities.end()) {
        out += found->second;
        text.remove_prefix(found->first.size());
        continue;
      }
    }
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

// The name of the tag at the start of `tag` ("<loc ...", "</ns:loc>") without prefix and slash.
std::string_view name_of(std::string_view tag) {
  tag.remove_prefix(1);
  if (tag.starts_with('/')) tag.remove_prefix(1);
  std::string_view name = tag.substr(0, tag.find_first_of(" \t\r\n/>"));
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

std::string content(std::string_view text) {
  text = base::trim(text);
  if (text.starts_with("<![CDATA[") && text.ends_with("]]>"))
    return std::string(base::trim(text.substr(9, text.size() - 12)));
  return unescape(text);
}

void read_lines(std::string_view text, Sitemap& out) {
  for (const std::string_view line : base::split(text, '\n')) {
    const std::string_view url = base::trim(line);
    if (!url.starts_with("http://") && !url.starts_with("https://")) continue;
    if (url.size() > kUrlMax || url.find(' ') != std::string_view::npos) continue;
    out.pages.push_back({std::string(url), {}});
    if (out.pages.size() == Sitemap::kEntriesMax) return;
  }
}

}  // namespace

Sitemap parse_sitemap(std::string_view text) {
  Sitemap out;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!base::trim(text.substr(0, 256)).starts_with('<')) {
    read_lines(text, out);
    return out;
  }
  SitemapEntry entry;
  bool in_page = false;
  bool in_map = false;
  std::size_t at = 0;
  while (out.pages.size() + out.sitemaps.size() < Sitemap::kEntriesMax) {
    const std::size_t open = text.find('<', at);
    if (open == std::string_view::npos) break;
    if (text.substr(open).starts_with("<!--")) {
      const std::size_t end = text.find("-->", open + 4);
      if (end == std::string_view::npos) break;
      at = end + 3;
      continue;
    }
    const std::size_t close = text.find('>', open);
    if (close == std::string_view::npos) break;
    const std::string_view tag = text.substr(open, close - open);
    const std::string_view name = name_of(tag);
    const bool end_tag = tag.size() > 1 && tag[1] == '/';
    at = close + 1;
    if (name == "url" || name == "sitemap") {
      bool& inside = name == "url" ? in_page : in_map;
      if (end_tag && inside && !entry.url.empty() && entry.url.size() <= kUrlMax)
        (name == "url" ? out.pages : out.sitemaps).push_back(std::move(entry));
      entry = {};
      inside = !end_tag;
    } else if (!end_tag && (in_page || in_map) && (name == "loc" || name == "lastmod")) {
      // CDATA may hold '<', so its end is looked for first.
      std::size_t value_end = text.find('<', at);
      if (value_end != std::string_view::npos && text.substr(value_end).starts_with("<![CDATA[")) {
        const std::size_t cdata_end = text.find("]]>", value_end);
        value_end = cdata_end == std::string_view::npos ? cdata_end : cdata_end + 3;
      }
      if (value_end == std::string_view::npos) break;
      std::string& into = name == "loc" ? entry.url : entry.modified;
      // <image:loc> and the like name no page.
      const bool prefixed = tag.substr(1, name.size()) != name;
      if (into.empty() && !(prefixed && tag.starts_with("<image:"))) {
        const std::string_view value = text.substr(at, value_end - at);
        if (value.size() <= kUrlMax * 2) into = content(value);
      }
      at = value_end;
    }
  }
  return out;
}

}  // namespace seine::web
