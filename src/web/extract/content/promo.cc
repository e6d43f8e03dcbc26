#include "web/extract/content/promo.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace seine::web {
namespace {

constexpr auto kAnnouncements = std::to_array<std::string_view>({"related",
                                                                 "more from",
                                                                 "more on",
                                                                 "more stories",
                                                                 "more news",
                                                                 "read more",
                                                                 "read next",
                                                                 "up next",
                                                                 "top stories",
                                                                 "most read",
                                                                 "most popular",
                                                                 "you may also",
                                                                 "you might also",
                                                                 "recommended",
                                                                 "don't miss",
                                                                 "trending",
                                                                 "latest news",
                                                                 "see also",
                                                                 "also read",
                                                                 "share this",
                                                                 "mehr zum thema",
                                                                 "auch interessant",
                                                                 "lesen sie auch",
                                                                 "zum weiterlesen",
                                                                 "weitere artikel",
                                                                 "empfehlungen",
                                                                 "notas relacionadas",
                                                                 "te puede interesar",
                                                                 "lire aussi",
                                                                 "sur le même sujet",
                                                                 "czytaj też",
                                                                 "相关新闻",
                                                                 "相关阅读",
                                                                 "推荐阅读",
                                                                 "热门推荐",
                                                                 "延伸阅读"});
constexpr auto kPromos = std::to_array<std::string_view>(
    {"read more:",   "read more about", "read also:",    "also read:",       "related:",
     "see also:",    "more:",           "watch:",        "also on ",         "sign up for",
     "subscribe to", "subscribe now",   "follow us",     "like this story?", "reporting by ",
     "copyright ©",  "lesen sie auch",  "auch lesen:",   "mehr zum thema",   "puedes ver",
     "czytaj też",   "lire aussi",      "click here to", "share this",       "相关阅读"});

template <std::size_t N>
bool starts_with_any(std::string_view text, const std::array<std::string_view, N>& phrases) {
  const std::string lower = base::ascii_lower(base::trim(text).substr(0, 60));
  return std::ranges::any_of(phrases,
                             [&](std::string_view phrase) { return lower.starts_with(phrase); });
}

}  // namespace

bool announces_other_pages(std::string_view heading) {
  return heading.size() < 60 && starts_with_any(heading, kAnnouncements);
}

bool is_promo_line(std::string_view text) {
  if (text.size() > 300) return false;
  return starts_with_any(text, kPromos) ||
         text.find("contributed to this report") != std::string_view::npos;
}

}  // namespace seine::web
