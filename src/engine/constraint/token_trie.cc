#include "engine/constraint/token_trie.h"

#include <algorithm>
#include <map>

namespace seine::engine {

TokenTrie TokenTrie::of(const Tokenizer& tokenizer) {
  std::vector<Entry> entries;
  entries.reserve(tokenizer.size());
  for (std::size_t i = 0; i < tokenizer.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const TokenKind kind = tokenizer.kind(id);
    if (kind != TokenKind::kNormal && kind != TokenKind::kUserDefined && kind != TokenKind::kByte) {
      continue;
    }
    const std::string_view bytes = tokenizer.bytes(id);
    if (!bytes.empty() && !tokenizer.ends_generation(id)) entries.push_back({bytes, id});
  }
  return {std::move(entries), tokenizer.size()};
}

TokenTrie::TokenTrie(std::vector<Entry> entries, std::size_t vocabulary) : texts_(vocabulary) {
  std::erase_if(entries, [](const Entry& entry) {
    return entry.bytes.empty() || entry.bytes.size() > kBytesMax;
  });
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return a.bytes != b.bytes ? a.bytes < b.bytes : a.id < b.id;
  });
  std::vector<std::uint32_t> path;  // the nodes above, one a byte
  std::vector<ByteSet> below;       // of each node while it is open
  std::map<ByteSet, std::uint32_t> index;
  const auto close_to = [&](std::size_t depth) {
    while (path.size() > depth) {
      Node& node = nodes_[path.back()];
      node.end = static_cast<std::uint32_t>(nodes_.size());
      node.tokens_end = static_cast<std::uint32_t>(tokens_.size());
      const auto [at, added] =
          index.try_emplace(below.back(), static_cast<std::uint32_t>(sets_.size()));
      if (added) sets_.push_back(below.back());
      node.below = at->second;
      ByteSet carried = below.back();
      carried.add(node.byte);
      path.pop_back();
      below.pop_back();
      if (!below.empty()) below.back().merge(carried);
    }
  };
  std::string_view previous;
  for (const Entry& entry : entries) {
    std::size_t common = 0;
    while (common < previous.size() && common < entry.bytes.size() &&
           previous[common] == entry.bytes[common]) {
      ++common;
    }
    close_to(common);
    for (std::size_t i = path.size(); i < entry.bytes.size(); ++i) {
      const auto first = static_cast<std::uint32_t>(tokens_.size());
      path.push_back(static_cast<std::uint32_t>(nodes_.size()));
      below.emplace_back();
      nodes_.push_back({static_cast<std::uint8_t>(entry.bytes[i]),
                        static_cast<std::uint16_t>(i + 1), 0, first, first, 0, 0});
    }
    tokens_.push_back(entry.id);
    nodes_[path.back()].tokens_own_end = static_cast<std::uint32_t>(tokens_.size());
    texts_[static_cast<std::size_t>(entry.id)] = entry.bytes;
    previous = entry.bytes;
  }
  close_to(0);
}

}  // namespace seine::engine
