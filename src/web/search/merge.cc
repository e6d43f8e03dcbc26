#include "web/search/merge.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "web/url/site.h"
#include "web/url/url.h"

namespace seine::web {
namespace {

// The paper's constant: it keeps one provider's first place from outweighing agreement.
constexpr double kRrf = 60.0;

}  // namespace

std::vector<SearchHit> merge_hits(const std::vector<std::vector<SearchHit>>& lists,
                                  std::size_t limit) {
  std::vector<SearchHit> merged;
  std::map<std::string, std::size_t, std::less<>> places;
  for (const std::vector<SearchHit>& list : lists) {
    std::size_t rank = 0;
    std::vector<bool> counted(merged.size() + list.size(), false);
    for (const SearchHit& hit : list) {
      ++rank;
      const auto url = Url::parse(hit.url);
      if (!url) continue;
      const double worth = 1.0 / (kRrf + static_cast<double>(rank));
      const auto [place, fresh] = places.emplace(dedup_key(*url), merged.size());
      if (fresh) {
        merged.push_back(hit);
        merged.back().score = worth;
        counted[place->second] = true;
        continue;
      }
      SearchHit& known = merged[place->second];
      if (counted[place->second]) continue;  // the same page twice at one provider
      counted[place->second] = true;
      known.score += worth;
      known.providers.push_back(hit.provider);
      if (hit.snippet.size() > known.snippet.size()) known.snippet = hit.snippet;
      if (known.content.empty()) known.content = hit.content;
      if (known.published.empty()) known.published = hit.published;
      if (hit.rank < known.rank) {
        known.rank = hit.rank;
        known.provider = hit.provider;
      }
    }
  }
  std::vector<std::size_t> order(merged.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&merged](std::size_t a, std::size_t b) {
    return merged[a].score != merged[b].score ? merged[a].score > merged[b].score : a < b;
  });
  if (order.size() > limit) order.resize(limit);
  std::vector<SearchHit> best;
  best.reserve(order.size());
  for (const std::size_t i : order) best.push_back(std::move(merged[i]));
  return best;
}

}  // namespace seine::web
