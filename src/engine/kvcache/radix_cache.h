// RadixCache: prefixes of token sequences whose keys and values are still in memory, as a tree with
// one block a node. A match is exact to the token: the last block may match in part, and its reader
// copies it before writing on. Prefixes are shared within a scope only. The least recently used
// leaves that nobody else holds are evicted. Owned by a scheduler, its thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/kvcache/block_pool.h"
#include "engine/tokenizer/tokenizer.h"

namespace seine::engine {

class RadixCache {
 public:
  RadixCache(BlockPool& pool, std::int32_t block_tokens);
  ~RadixCache();
  RadixCache(const RadixCache&) = delete;
  RadixCache& operator=(const RadixCache&) = delete;

  struct Match {
    std::int64_t tokens = 0;
    // Cover `tokens` positions; the last one may hold more than that.
    std::vector<KvBlockId> blocks;
  };
  // The longest cached prefix. match() makes the caller a holder of each block and counts as use;
  // peek() only looks.
  Match match(std::string_view scope, std::span<const TokenId> tokens);
  Match peek(std::string_view scope, std::span<const TokenId> tokens) const;

  // Makes the prefix known whose keys and values the blocks hold. Where the cache has an equal
  // block already, the caller's entry is exchanged for it (held in its place), so that a prefix is
  // stored once. The caller writes no more to the positions of `tokens`.
  void insert(std::string_view scope, std::span<const TokenId> tokens, std::span<KvBlockId> blocks);

  // Frees up to `blocks` blocks; how many it was.
  std::int64_t evict(std::int64_t blocks);
  void clear();

  std::int64_t size() const { return nodes_; }
  // Walks the tree; an error says what does not hold.
  base::Result<> check_integrity() const;

 private:
  struct Node;
  using Key = std::vector<TokenId>;
  struct Less {
    using is_transparent = void;
    bool operator()(std::span<const TokenId> a, std::span<const TokenId> b) const;
  };
  using Children = std::map<Key, std::unique_ptr<Node>, Less>;
  struct Node {
    Children children;
    Node* parent = nullptr;
    const Key* key = nullptr;  // in the parent's map
    KvBlockId block = -1;
    std::uint64_t used = 0;
  };

  struct Path {
    std::vector<Node*> nodes;
    std::int64_t tokens = 0;
  };
  Path walk(std::string_view scope, std::span<const TokenId> tokens) const;
  void touch(Node& node);
  void remove(Node& leaf);
  void drop_if_empty(Node& root);

  BlockPool& pool_;
  const std::size_t block_tokens_;
  std::map<std::string, std::unique_ptr<Node>, std::less<>> roots_;
  // (when used, node): the oldest first.
  std::set<std::pair<std::uint64_t, Node*>> leaves_;
  std::uint64_t now_ = 0;
  std::int64_t nodes_ = 0;
};

}  // namespace seine::engine
