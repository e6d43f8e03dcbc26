// BM25 neighbours over token ids (k1 1.2, b 0.75, Lucene idf): for each query the K best passages, best first.
//
//   bm25 K < in > out    in: u32 passages, u32 queries, then for each record u32 n and n u16 ids (passages first)
//                        out: queries x K u32 passage numbers (0xFFFFFFFF where fewer share a token)
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <string>
#include <unordered_map>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: see the head of bm25.cc\n";
    return 2;
  }
  std::ios::sync_with_stdio(false);
  const size_t k = std::stoul(argv[1]);
  auto read_u32 = [] {
    uint32_t v = 0;
    std::cin.read(reinterpret_cast<char*>(&v), 4);
    return v;
  };
  auto read_ids = [&] {
    std::vector<uint16_t> ids(read_u32());
    std::cin.read(reinterpret_cast<char*>(ids.data()), 2L * static_cast<long>(ids.size()));
    return ids;
  };
  const uint32_t passages = read_u32(), queries = read_u32();
  struct Posting {
    uint32_t passage;
    float count;
  };
  std::vector<std::vector<Posting>> postings(65536);
  std::vector<float> length(passages);
  double total = 0;
  for (uint32_t p = 0; p < passages; ++p) {
    std::unordered_map<uint16_t, int> count;
    const auto ids = read_ids();
    for (uint16_t t : ids) ++count[t];
    length[p] = static_cast<float>(ids.size());
    total += length[p];
    for (auto [t, c] : count) postings[t].push_back({p, static_cast<float>(c)});
  }
  const float mean = static_cast<float>(total / std::max(1u, passages));
  std::vector<float> score(passages);
  std::vector<uint32_t> best;
  for (uint32_t q = 0; q < queries; ++q) {
    auto ids = read_ids();
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    std::fill(score.begin(), score.end(), 0.f);
    for (uint16_t t : ids) {
      const float df = static_cast<float>(postings[t].size());
      if (df > 0.5f * static_cast<float>(passages)) continue;      // carries next to nothing, costs most
      const float idf = std::log(1 + (static_cast<float>(passages) - df + .5f) / (df + .5f));
      for (auto [p, c] : postings[t]) score[p] += idf * c * 2.2f / (c + 1.2f * (.25f + .75f * length[p] / mean));
    }
    best.clear();
    for (uint32_t p = 0; p < passages; ++p)
      if (score[p] > 0) best.push_back(p);
    const size_t n = std::min(k, best.size());
    std::partial_sort(best.begin(), best.begin() + static_cast<long>(n), best.end(),
                      [&](uint32_t a, uint32_t b) { return score[a] != score[b] ? score[a] > score[b] : a < b; });
    best.resize(n);
    best.resize(k, UINT32_MAX);
    std::cout.write(reinterpret_cast<const char*>(best.data()), 4L * static_cast<long>(k));
  }
  return std::cout.flush() ? 0 : 1;
}
