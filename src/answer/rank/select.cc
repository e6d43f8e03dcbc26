#include "answer/rank/select.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace seine::answer {

std::vector<double> fuse_ranks(std::size_t count, std::span<const std::vector<std::size_t>> lists) {
  constexpr double kConstant = 60;
  std::vector<double> out(count, 0);
  for (const std::vector<std::size_t>& list : lists) {
    for (std::size_t rank = 0; rank < list.size(); ++rank) {
      if (list[rank] < count) out[list[rank]] += 1 / (kConstant + static_cast<double>(rank) + 1);
    }
  }
  return out;
}

std::vector<std::size_t> ranking(std::span<const double> scores, double floor) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) { return scores[i] <= floor; });
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  return order;
}

std::vector<std::size_t> rerank_order(std::vector<std::size_t> order, std::span<const double> words,
                                      std::span<const float> relevance) {
  const std::size_t count = std::min(order.size(), relevance.size());
  std::vector<double> sums(count);
  for (std::size_t i = 0; i < count; ++i)
    sums[i] = words[order[i]] + static_cast<double>(relevance[i]);
  const std::vector<std::size_t> places = ranking(sums, -std::numeric_limits<double>::infinity());
  std::vector<std::size_t> first;
  first.reserve(count);
  for (const std::size_t place : places) first.push_back(order[place]);
  std::ranges::copy(first, order.begin());
  return order;
}

std::vector<std::size_t> select_passages(std::span<const Passage> passages,
                                         std::span<const std::size_t> ranked, SelectLimits limits) {
  std::vector<std::size_t> chosen;
  std::unordered_map<std::size_t, std::size_t> of_page;
  std::unordered_set<std::string_view> seen;
  std::uint32_t tokens = 0;
  for (const std::size_t index : ranked) {
    if (chosen.size() >= limits.count) break;
    const Passage& passage = passages[index];
    if (tokens + passage.tokens > limits.tokens && !chosen.empty()) continue;
    if (of_page[passage.page] >= limits.per_page || !seen.insert(passage.text).second) continue;
    ++of_page[passage.page];
    tokens += passage.tokens;
    chosen.push_back(index);
  }
  return chosen;
}

double dot(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return 0;
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace seine::answer
