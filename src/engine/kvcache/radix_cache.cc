#include "engine/kvcache/radix_cache.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace seine::engine {
namespace {

std::size_t common(std::span<const TokenId> a, std::span<const TokenId> b) {
  const std::size_t n = std::min(a.size(), b.size());
  std::size_t i = 0;
  while (i < n && a[i] == b[i]) ++i;
  return i;
}

}  // namespace

bool RadixCache::Less::operator()(std::span<const TokenId> a, std::span<const TokenId> b) const {
  return std::ranges::lexicographical_compare(a, b);
}

RadixCache::RadixCache(BlockPool& pool, std::int32_t block_tokens)
    : pool_(pool), block_tokens_(static_cast<std::size_t>(block_tokens)) {
  SEINE_ASSERT(block_tokens > 0, "a block holds tokens");
}

RadixCache::~RadixCache() {
  clear();
}

void RadixCache::touch(Node& node) {
  const bool leaf = node.children.empty();
  if (leaf) leaves_.erase({node.used, &node});
  node.used = now_;
  if (leaf) leaves_.insert({node.used, &node});
}

RadixCache::Path RadixCache::walk(std::string_view scope, std::span<const TokenId> tokens) const {
  Path out;
  const auto root = roots_.find(scope);
  if (root == roots_.end()) return out;
  Node* node = root->second.get();
  while (!tokens.empty()) {
    const std::span<const TokenId> want = tokens.first(std::min(block_tokens_, tokens.size()));
    // In the order of keys, the longest common beginning stands next to where `want` would.
    const auto after = node->children.lower_bound(want);
    Node* best = nullptr;
    std::size_t length = 0;
    const auto look = [&](const auto& at) {
      const std::size_t n = common(at->first, want);
      if (n <= length) return;
      length = n;
      best = at->second.get();
    };
    if (after != node->children.end()) look(after);
    if (after != node->children.begin()) look(std::prev(after));
    if (best == nullptr) break;
    node = best;
    out.nodes.push_back(node);
    out.tokens += static_cast<std::int64_t>(length);
    tokens = tokens.subspan(length);
    if (length < block_tokens_) break;
  }
  return out;
}

RadixCache::Match RadixCache::match(std::string_view scope, std::span<const TokenId> tokens) {
  const Path path = walk(scope, tokens);
  Match out{.tokens = path.tokens, .blocks = {}};
  ++now_;
  for (Node* node : path.nodes) {
    touch(*node);
    pool_.retain(node->block);
    out.blocks.push_back(node->block);
  }
  return out;
}

RadixCache::Match RadixCache::peek(std::string_view scope, std::span<const TokenId> tokens) const {
  const Path path = walk(scope, tokens);
  Match out{.tokens = path.tokens, .blocks = {}};
  for (const Node* node : path.nodes) out.blocks.push_back(node->block);
  return out;
}

void RadixCache::insert(std::string_view scope, std::span<const TokenId> tokens,
                        std::span<KvBlockId> blocks) {
  if (tokens.empty()) return;
  SEINE_ASSERT(blocks.size() >= (tokens.size() + block_tokens_ - 1) / block_tokens_,
               "the blocks cover the tokens");
  auto root = roots_.find(scope);
  if (root == roots_.end())
    root = roots_.emplace(std::string(scope), std::make_unique<Node>()).first;
  ++now_;
  Node* node = root->second.get();
  for (std::size_t i = 0; !tokens.empty(); ++i) {
    const std::span<const TokenId> key = tokens.first(std::min(block_tokens_, tokens.size()));
    tokens = tokens.subspan(key.size());
    auto at = node->children.lower_bound(key);
    // A block that begins with all of these tokens holds them, too.
    if (at != node->children.end() && common(at->first, key) == key.size()) {
      touch(*at->second);
      if (at->first.size() == key.size() && at->second->block != blocks[i]) {
        pool_.retain(at->second->block);
        pool_.release(std::exchange(blocks[i], at->second->block));
      }
      node = at->second.get();
      continue;
    }
    if (pool_.is_cached(blocks[i])) break;  // known under another key: one block, one node
    // A shorter tail that these tokens continue is of no more use. Only leaves are short.
    if (at != node->children.begin()) {
      const auto before = std::prev(at);
      if (before->first.size() < key.size() && common(before->first, key) == before->first.size())
        remove(*before->second);
    }
    auto child = std::make_unique<Node>();
    Node* made = child.get();
    made->parent = node;
    made->block = blocks[i];
    made->used = now_;
    if (node->children.empty() && node->parent != nullptr) leaves_.erase({node->used, node});
    const auto placed = node->children.emplace(Key(key.begin(), key.end()), std::move(child)).first;
    made->key = &placed->first;
    pool_.cache(made->block);
    leaves_.insert({made->used, made});
    ++nodes_;
    node = made;
  }
  drop_if_empty(*root->second);
}

void RadixCache::remove(Node& leaf) {
  Node* parent = leaf.parent;
  leaves_.erase({leaf.used, &leaf});
  pool_.uncache(leaf.block);
  --nodes_;
  parent->children.erase(parent->children.find(*leaf.key));
  if (parent->children.empty() && parent->parent != nullptr) leaves_.insert({parent->used, parent});
}

void RadixCache::drop_if_empty(Node& root) {
  if (!root.children.empty()) return;
  std::erase_if(roots_, [&](const auto& entry) { return entry.second.get() == &root; });
}

std::int64_t RadixCache::evict(std::int64_t blocks) {
  std::int64_t freed = 0;
  auto at = leaves_.begin();
  while (freed < blocks && at != leaves_.end()) {
    Node* leaf = at->second;
    if (pool_.holders(leaf->block) > 1) {
      ++at;
      continue;
    }
    Node* parent = leaf->parent;
    ++at;
    remove(*leaf);
    ++freed;
    if (parent->parent == nullptr) {
      drop_if_empty(*parent);
    } else if (parent->children.empty() &&
               (at == leaves_.end() || std::pair(parent->used, parent) < *at)) {
      at = leaves_.find({parent->used, parent});  // a new leaf that is older than what follows
    }
  }
  return freed;
}

void RadixCache::clear() {
  while (!leaves_.empty()) {
    Node* leaf = leaves_.begin()->second;
    Node* parent = leaf->parent;
    remove(*leaf);
    if (parent->parent == nullptr) drop_if_empty(*parent);
  }
}

base::Result<> RadixCache::check_integrity() const {
  std::int64_t nodes = 0;
  std::size_t leaves = 0;
  std::set<KvBlockId> seen;
  std::vector<const Node*> open;
  for (const auto& [scope, root] : roots_) {
    if (root->children.empty())
      return base::fail(base::Code::kInternal, "scope '{}' is kept without a prefix", scope);
    open.push_back(root.get());
  }
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    for (const auto& [key, child] : node->children) {
      ++nodes;
      if (child->parent != node || child->key != &key)
        return base::fail(base::Code::kInternal, "block {} has a wrong parent", child->block);
      if (key.empty() || key.size() > block_tokens_ ||
          (key.size() < block_tokens_ && !child->children.empty()))
        return base::fail(base::Code::kInternal, "block {} stands for {} tokens", child->block,
                          key.size());
      if (!pool_.is_cached(child->block) || !seen.insert(child->block).second)
        return base::fail(base::Code::kInternal, "block {} is not cached once", child->block);
      if (child->used > node->used && node->parent != nullptr)
        return base::fail(base::Code::kInternal, "block {} was used after its parent",
                          child->block);
      if (child->children.empty()) {
        ++leaves;
        if (!leaves_.contains({child->used, child.get()}))
          return base::fail(base::Code::kInternal, "block {} is no known leaf", child->block);
      }
      open.push_back(child.get());
    }
  }
  if (nodes != nodes_ || leaves != leaves_.size() || nodes != pool_.cached())
    return base::fail(base::Code::kInternal, "{} nodes and {} leaves, counted {} and {}", nodes,
                      leaves, nodes_, leaves_.size());
  return {};
}

}  // namespace seine::engine
