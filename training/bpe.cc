// Byte-level BPE: trains merges from weighted text files and encodes records to 16-bit ids.
//
//   bpe train  CLASSES VOCAB SPECIALS MERGES FILE:WEIGHT...   writes one "left right" pair of ids a line
//   bpe encode CLASSES SPECIALS MERGES < records > ids        records end in NUL; each gives u32 n, then n u16 ids
//
// CLASSES is one byte per code point (0 other, 1 white space, 2 number, 3 punctuation or symbol, 4 Han), written by
// tokenizer.py. Ids: 0..SPECIALS-1 reserved, then the 256 bytes, then the merges in order of rank.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <queue>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace {

enum Class : uint8_t { kOther, kSpace, kNumber, kMark, kHan };

std::string classes;                          // one Class per code point
constexpr size_t kMaxTokenBytes = 24;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    std::cerr << "cannot read " << path << "\n";
    std::exit(1);
  }
  return {std::istreambuf_iterator<char>(in), {}};
}

// Length and class of the character at p; a byte that is no valid UTF-8 counts as one "other".
size_t next_char(const char* p, const char* end, uint8_t& cls) {
  auto b = static_cast<unsigned char>(*p);
  size_t n = b < 0x80 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
  uint32_t c = n == 1 ? b : n == 2 ? b & 0x1F : n == 3 ? b & 0x0F : b & 0x07;
  if (p + n > end) {
    cls = kOther;
    return 1;
  }
  for (size_t i = 1; i < n; ++i) c = c << 6 | (static_cast<unsigned char>(p[i]) & 0x3F);
  cls = c < classes.size() ? static_cast<uint8_t>(classes[c]) : uint8_t{kOther};
  return n;
}

// Splits text as the regular expression in tokenizer.py does: one Han character | one number | words with at most one
// leading blank | one mark with at most one leading blank | a run of white space.
template <class F>
void pieces(std::string_view text, F&& emit) {
  const char *p = text.data(), *end = p + text.size();
  while (p < end) {
    uint8_t c, d;
    const char* start = p;
    const char* q = p + next_char(p, end, c);
    if (c == kHan || c == kNumber || c == kMark) {
      emit(std::string_view(start, q - start));
      p = q;
      continue;
    }
    if (*p == ' ' && q < end) {
      const char* r = q + next_char(q, end, d);
      if (d == kMark) {
        emit(std::string_view(start, r - start));
        p = r;
        continue;
      }
      if (d == kOther) {
        q = r;
        c = kOther;
      }
    }
    while (q < end) {
      const char* r = q + next_char(q, end, d);
      if (d != c) break;
      q = r;
    }
    emit(std::string_view(start, q - start));
    p = q;
  }
}

uint64_t key(uint32_t a, uint32_t b) { return static_cast<uint64_t>(a) << 32 | b; }

struct Word {
  std::vector<uint32_t> ids;
  int64_t count;
};

int train(int argc, char** argv) {
  const uint32_t vocab = std::stoul(argv[3]), specials = std::stoul(argv[4]);
  std::unordered_map<std::string, int64_t> counts;
  counts.reserve(1 << 21);
  for (int i = 6; i < argc; ++i) {
    std::string arg = argv[i];
    auto colon = arg.rfind(':');
    const int64_t weight = std::stoll(arg.substr(colon + 1));
    const std::string text = read_file(arg.substr(0, colon));
    std::string piece;
    pieces(text, [&](std::string_view v) {
      if (v.size() > 64) return;
      piece.assign(v);
      counts[piece] += weight;
    });
  }
  std::vector<std::pair<std::string, int64_t>> sorted(counts.begin(), counts.end());
  std::sort(sorted.begin(), sorted.end());    // the hash map's order must not leak into the result
  std::vector<Word> words;
  for (auto& [text, count] : sorted) {
    if (count < 3) continue;
    Word w{{}, count};
    for (unsigned char b : text) w.ids.push_back(specials + b);
    words.push_back(std::move(w));
  }
  std::cerr << counts.size() << " pieces, " << words.size() << " kept\n";

  struct Pair {
    int64_t count = 0;
    std::vector<uint32_t> where;              // words that may hold it
  };
  std::unordered_map<uint64_t, Pair> pairs;
  for (uint32_t w = 0; w < words.size(); ++w)
    for (size_t i = 0; i + 1 < words[w].ids.size(); ++i) {
      Pair& p = pairs[key(words[w].ids[i], words[w].ids[i + 1])];
      p.count += words[w].count;
      if (p.where.empty() || p.where.back() != w) p.where.push_back(w);
    }
  using Entry = std::pair<int64_t, uint64_t>;   // count, inverted key: the greatest count first, then the smallest pair
  std::priority_queue<Entry> heap;
  for (auto& [k, p] : pairs) heap.push({p.count, ~k});
  std::vector<uint32_t> bytes(specials + 256, 1);   // token length in bytes
  std::ofstream out(argv[5]);
  for (uint32_t id = specials + 256; id < vocab && !heap.empty();) {
    auto [count, inverted] = heap.top();
    heap.pop();
    const uint64_t k = ~inverted;
    auto it = pairs.find(k);
    if (it == pairs.end() || it->second.count <= 0) continue;
    if (it->second.count != count) {          // stale: push back with today's count
      heap.push({it->second.count, inverted});
      continue;
    }
    const uint32_t a = k >> 32, b = static_cast<uint32_t>(k);
    if (bytes[a] + bytes[b] > kMaxTokenBytes) {
      pairs.erase(it);
      continue;
    }
    std::vector<uint32_t> where = std::move(it->second.where);
    pairs.erase(it);
    std::sort(where.begin(), where.end());
    where.erase(std::unique(where.begin(), where.end()), where.end());
    for (uint32_t w : where) {
      auto& ids = words[w].ids;
      const int64_t n = words[w].count;
      for (size_t i = 0; i + 1 < ids.size(); ++i) {
        if (ids[i] != a || ids[i + 1] != b) continue;
        auto change = [&](uint32_t x, uint32_t y, int64_t by) {
          if (by < 0 && !pairs.count(key(x, y))) return;
          Pair& p = pairs[key(x, y)];
          p.count += by;
          if (by > 0) {
            if (p.where.empty() || p.where.back() != w) p.where.push_back(w);
            heap.push({p.count, ~key(x, y)});
          }
        };
        if (i > 0) change(ids[i - 1], a, -n);
        if (i + 2 < ids.size()) change(b, ids[i + 2], -n);
        ids[i] = id;
        ids.erase(ids.begin() + static_cast<long>(i) + 1);
        if (i > 0) change(ids[i - 1], id, n);
        if (i + 1 < ids.size()) change(id, ids[i + 1], n);
      }
    }
    out << a << ' ' << b << '\n';
    bytes.push_back(bytes[a] + bytes[b]);
    ++id;
  }
  return 0;
}

class Encoder {
 public:
  Encoder(uint32_t specials, const std::string& merges) : specials_(specials) {
    std::istringstream in(read_file(merges));
    uint32_t a, b, id = specials + 256;
    while (in >> a >> b) merge_[key(a, b)] = id++;
  }

  void encode(std::string_view text, std::vector<uint16_t>& out) {
    pieces(text, [&](std::string_view v) {
      piece_.assign(v);
      auto it = cache_.find(piece_);
      if (it == cache_.end()) it = cache_.emplace(piece_, merge(v)).first;
      out.insert(out.end(), it->second.begin(), it->second.end());
    });
  }

 private:
  std::vector<uint16_t> merge(std::string_view v) const {
    std::vector<uint16_t> ids;
    for (unsigned char b : v) ids.push_back(static_cast<uint16_t>(specials_ + b));
    for (;;) {                                // the lowest rank first, leftmost on a tie
      uint32_t best = UINT32_MAX;
      size_t at = 0;
      for (size_t i = 0; i + 1 < ids.size(); ++i) {
        auto it = merge_.find(key(ids[i], ids[i + 1]));
        if (it != merge_.end() && it->second < best) best = it->second, at = i;
      }
      if (best == UINT32_MAX) return ids;
      ids[at] = static_cast<uint16_t>(best);
      ids.erase(ids.begin() + static_cast<long>(at) + 1);
    }
  }

  uint32_t specials_;
  std::unordered_map<uint64_t, uint32_t> merge_;
  std::unordered_map<std::string, std::vector<uint16_t>> cache_;
  std::string piece_;
};

int encode(char** argv) {
  Encoder encoder(std::stoul(argv[3]), argv[4]);
  std::ios::sync_with_stdio(false);
  std::string record;
  std::vector<uint16_t> ids;
  while (std::getline(std::cin, record, '\0')) {
    ids.clear();
    encoder.encode(record, ids);
    const auto n = static_cast<uint32_t>(ids.size());
    std::cout.write(reinterpret_cast<const char*>(&n), 4);
    std::cout.write(reinterpret_cast<const char*>(ids.data()), 2L * n);
  }
  return std::cout.flush() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 2 ? argv[1] : "";
  if (argc > 2) classes = read_file(argv[2]);
  if (mode == "train" && argc > 6) return train(argc, argv);
  if (mode == "encode" && argc == 5) return encode(argv);
  std::cerr << "usage: see the head of bpe.cc\n";
  return 2;
}
