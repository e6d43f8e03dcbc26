#include "web/extract/content/promo.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace seine::web {
namespace {

constexpr auto kAnnouncements = std::to_array<std::string_view>({"related articles",
                                                                 "related posts",
                                                                 "related stories",
                                                                 "related news",
                                                                 "related content",
                                                                 "related coverage",
                                                                 "related topics",
                                                                 "related links",
                                                                 "related reading",
                                                                 "more from",
                                                                 "more on",
                                                                 "more stories",
                                                                 "more news",
                                                                 "read more",
                                                                 "read next",
                                                                 "up next",
                                                                 "top stories",
                                                                 "latest news",
                                                                 "most read",
                                                                 "most popular",
                                                                 "you may also",
                                                                 "you might also",
                                                                 "recommended for",
                                                                 "recommended reading",
                                                                 "recommended stories",
                                                                 "trending now",
                                                                 "see also",
                                                                 "also read",
                                                                 "share this",
                                                                 "mehr zum thema",
                                                                 "auch interessant",
                                                                 "lesen sie auch",
                                                                 "weitere artikel",
                                                                 "weitere beiträge",
                                                                 "ähnliche artikel",
                                                                 "ähnliche beiträge",
                                                                 "verwandte artikel",
                                                                 "verwandte beiträge",
                                                                 "das könnte",
                                                                 "neueste beiträge",
                                                                 "meistgelesen",
                                                                 "lire aussi",
                                                                 "à lire aussi",
                                                                 "sur le même sujet",
                                                                 "articles similaires",
                                                                 "articles liés",
                                                                 "te puede interesar",
                                                                 "artículos relacionados",
                                                                 "noticias relacionadas",
                                                                 "notas relacionadas",
                                                                 "leia também",
                                                                 "artigos relacionados",
                                                                 "leggi anche",
                                                                 "articoli correlati",
                                                                 "potrebbe interessarti",
                                                                 "lees ook",
                                                                 "gerelateerd",
                                                                 "czytaj też",
                                                                 "czytaj także",
                                                                 "zobacz także",
                                                                 "powiązane",
                                                                 "相关新闻",
                                                                 "相关阅读",
                                                                 "相关文章",
                                                                 "相关推荐",
                                                                 "推荐阅读",
                                                                 "热门推荐",
                                                                 "延伸阅读",
                                                                 "猜你喜欢",
                                                                 "为您推荐",
                                                                 "関連記事"});
// Alone in a heading; "Related work" is another thing.
constexpr auto kWholeHeadings = std::to_array<std::string_view>(
    {"related", "recommended", "trending", "empfehlungen", "推荐", "热门"});
constexpr auto kPromos = std::to_array<std::string_view>(
    {"read more:",     "read more about", "read also:",     "also read:",    "related:",
     "see also:",      "more:",           "watch:",         "sign up for",   "subscribe to",
     "subscribe now",  "follow us",       "copyright ©",    "click here to", "share this",
     "lesen sie auch", "auch lesen:",     "mehr zum thema", "lire aussi",    "leia também",
     "leggi anche",    "lees ook",        "czytaj też",     "czytaj także",  "相关阅读"});

template <std::size_t N>
bool starts_with_any(std::string_view text, const std::array<std::string_view, N>& phrases) {
  const std::string lower = base::ascii_lower(base::trim(text).substr(0, 60));
  return std::ranges::any_of(phrases,
                             [&](std::string_view phrase) { return lower.starts_with(phrase); });
}

}  // namespace

bool announces_other_pages(std::string_view heading) {
  if (heading.size() >= 60) return false;
  std::string whole = base::ascii_lower(base::trim(heading));
  if (whole.ends_with(':')) whole.pop_back();
  return std::ranges::find(kWholeHeadings, whole) != kWholeHeadings.end() ||
         starts_with_any(heading, kAnnouncements);
}

bool is_promo_line(std::string_view text) {
  if (text.size() > 300) return false;
  return starts_with_any(text, kPromos);
}

}  // namespace seine::web
