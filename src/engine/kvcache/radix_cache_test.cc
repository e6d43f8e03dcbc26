#include "engine/kvcache/radix_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/random.h"

namespace seine::engine {
namespace {

using Tokens = std::vector<TokenId>;

// A sequence as a scheduler keeps it: its tokens and the blocks it holds.
struct Sequence {
  std::string scope;
  Tokens tokens;
  std::vector<KvBlockId> blocks;
};

class RadixCacheTest : public testing::Test {
 protected:
  static constexpr std::int32_t kBlock = 4;

  void check() {
    const auto pool = pool_.check_integrity();
    ASSERT_TRUE(pool) << pool.error().message;
    const auto cache = cache_.check_integrity();
    ASSERT_TRUE(cache) << cache.error().message;
  }
  std::vector<KvBlockId> take(std::size_t tokens) {
    std::vector<KvBlockId> out;
    for (std::size_t i = 0; i * kBlock < tokens; ++i) out.push_back(*pool_.acquire());
    return out;
  }
  void release(const std::vector<KvBlockId>& blocks) {
    for (const KvBlockId id : blocks) pool_.release(id);
  }
  void add(const std::string& scope, const Tokens& tokens) {
    std::vector<KvBlockId> blocks = take(tokens.size());
    cache_.insert(scope, tokens, blocks);
    release(blocks);
    check();
  }
  std::int64_t matched(const std::string& scope, const Tokens& tokens) {
    const RadixCache::Match match = cache_.match(scope, tokens);
    release(match.blocks);
    EXPECT_EQ(cache_.peek(scope, tokens).tokens, match.tokens);
    check();
    return match.tokens;
  }

  BlockPool pool_{32};
  RadixCache cache_{pool_, kBlock};
};

TEST_F(RadixCacheTest, MatchesToTheToken) {
  add("", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  EXPECT_EQ(matched("", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}), 10);
  EXPECT_EQ(matched("", {1, 2, 3, 4, 5, 6}), 6);
  EXPECT_EQ(matched("", {1, 2, 3, 4, 5, 6, 99}), 6);
  EXPECT_EQ(matched("", {1, 2}), 2);
  EXPECT_EQ(matched("", {2, 1}), 0);
  EXPECT_EQ(matched("", {}), 0);
  EXPECT_EQ(cache_.size(), 3);
}

TEST_F(RadixCacheTest, KeepsScopesApart) {
  add("a", {1, 2, 3, 4, 5});
  EXPECT_EQ(matched("b", {1, 2, 3, 4, 5}), 0);
  EXPECT_EQ(matched("a", {1, 2, 3, 4, 5}), 5);
}

TEST_F(RadixCacheTest, StoresAPrefixOnce) {
  add("", {1, 2, 3, 4, 5, 6});
  std::vector<KvBlockId> blocks = take(8);
  cache_.insert("", Tokens{1, 2, 3, 4, 5, 6, 7, 8}, blocks);
  check();
  // The first block was exchanged for the cached one, the tail was replaced by the longer one.
  EXPECT_EQ(cache_.size(), 2);
  EXPECT_EQ(pool_.free(), 30);
  release(blocks);
  check();
  EXPECT_EQ(pool_.idle_cached(), 2);
  EXPECT_EQ(matched("", {1, 2, 3, 4, 5, 6, 7, 8}), 8);
}

TEST_F(RadixCacheTest, EvictsTheOldestThatNobodyHolds) {
  add("", {1, 2, 3, 4, 5, 6, 7, 8});
  add("", {9, 9, 9, 9});
  const RadixCache::Match held = cache_.match("", Tokens{1, 2, 3, 4});
  EXPECT_EQ(matched("", {9, 9, 9, 9}), 4);
  EXPECT_EQ(cache_.evict(1), 1);  // the tail 5 6 7 8
  EXPECT_EQ(matched("", {1, 2, 3, 4, 5}), 4);
  EXPECT_EQ(cache_.evict(9), 1);  // 9 9 9 9, since the other is held
  check();
  EXPECT_EQ(cache_.size(), 1);
  release(held.blocks);
  EXPECT_EQ(cache_.evict(9), 1);
  check();
  EXPECT_EQ(pool_.free(), 32);
}

TEST_F(RadixCacheTest, ClearsWhileBlocksAreHeld) {
  add("", {1, 2, 3, 4, 5});
  const RadixCache::Match held = cache_.match("", Tokens{1, 2, 3, 4, 5});
  cache_.clear();
  check();
  EXPECT_EQ(pool_.free(), 30);
  release(held.blocks);
  EXPECT_EQ(pool_.free(), 32);
}

// Random sequences over few tokens, so that they share much, against a plain model: what was
// inserted last and not evicted. A match never claims what the blocks do not hold.
TEST_F(RadixCacheTest, RandomOperationsKeepEverythingInPlace) {
  base::SeededRandom random(11);
  std::vector<Sequence> running;
  std::map<KvBlockId, std::pair<std::string, Tokens>> holds;  // block -> prefix up to its end
  const auto remember = [&](const Sequence& s) {
    for (std::size_t i = 0; i < s.blocks.size(); ++i) {
      const std::size_t end = std::min(s.tokens.size(), (i + 1) * kBlock);
      auto& known = holds[s.blocks[i]];
      const Tokens prefix(s.tokens.begin(), s.tokens.begin() + static_cast<std::ptrdiff_t>(end));
      // A cached block that holds more than this sequence reads stays as it is.
      const bool longer = known.first == s.scope && known.second.size() >= prefix.size() &&
                          std::equal(prefix.begin(), prefix.end(), known.second.begin());
      if (!longer) known = {s.scope, prefix};
    }
  };
  for (int round = 0; round < 20'000; ++round) {
    const std::uint64_t what = random.below(10);
    if (what < 4 && running.size() < 6) {
      Sequence s{.scope = random.below(3) == 0 ? "x" : "", .tokens = {}, .blocks = {}};
      const std::uint64_t length = 1 + random.below(17);
      for (std::uint64_t i = 0; i < length; ++i)
        s.tokens.push_back(static_cast<TokenId>(random.below(2)));
      const RadixCache::Match match = cache_.match(s.scope, s.tokens);
      for (std::size_t i = 0; i < match.blocks.size(); ++i) {
        const std::size_t end =
            std::min(static_cast<std::size_t>(match.tokens), (i + 1) * std::size_t{kBlock});
        const auto& [scope, prefix] = holds.at(match.blocks[i]);
        ASSERT_EQ(scope, s.scope);
        ASSERT_GE(prefix.size(), end);
        ASSERT_TRUE(std::equal(
            s.tokens.begin(), s.tokens.begin() + static_cast<std::ptrdiff_t>(end), prefix.begin()));
      }
      s.blocks = match.blocks;
      // A block matched in part is copied before it is written.
      if (match.tokens % kBlock != 0) {
        pool_.release(s.blocks.back());
        s.blocks.pop_back();
      }
      const std::size_t needed = (s.tokens.size() + kBlock - 1) / kBlock - s.blocks.size();
      if (static_cast<std::int64_t>(needed) > pool_.free())
        cache_.evict(static_cast<std::int64_t>(needed) - pool_.free());
      if (static_cast<std::int64_t>(needed) > pool_.free()) {
        release(s.blocks);
      } else {
        for (std::size_t i = 0; i < needed; ++i) s.blocks.push_back(*pool_.acquire());
        remember(s);
        running.push_back(std::move(s));
      }
    } else if (what < 8 && !running.empty()) {
      Sequence& s = running[random.below(running.size())];
      cache_.insert(s.scope, s.tokens, s.blocks);
      if (random.below(2) == 0) {
        release(s.blocks);
        std::swap(s, running.back());
        running.pop_back();
      }
    } else if (what == 8) {
      cache_.evict(static_cast<std::int64_t>(random.below(4)));
    } else if (random.below(50) == 0) {
      cache_.clear();
    }
    check();
    if (HasFatalFailure()) return;
  }
  for (const Sequence& s : running) release(s.blocks);
  cache_.clear();
  check();
  EXPECT_EQ(pool_.free(), 32);
}

}  // namespace
}  // namespace seine::engine
