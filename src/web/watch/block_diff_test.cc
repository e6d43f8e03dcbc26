#include "web/watch/block_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "web/watch/watched_blocks.h"

namespace seine::web {
namespace {

using Kind = BlockChange::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<KeyedBlock> blocks(std::initializer_list<std::string> texts) {
  std::vector<WatchBlock> list;
  for (const std::string& text : texts) list.push_back({text, "Top"});
  return keyed(list, {});
}

std::vector<std::string> words(const std::vector<BlockChange>& changes) {
  std::vector<std::string> out;
  for (const BlockChange& change : changes)
    out.push_back(std::string(change_kind_name(change.kind)) + "|" + change.before + "|" +
                  change.after + "|" + change.above + "|" + change.below);
  return out;
}

TEST(BlockDiff, AddedRemovedChangedWithTheirNeighbours) {
  const auto before = blocks({"one", "two", "the price is 12 euro today", "four", "five"});
  const auto after = blocks({"one", "the price is 13 euro today", "four", "new", "five"});
  EXPECT_THAT(words(diff_blocks(before, after)),
              ElementsAre("removed|two||one|four",
                          "changed|the price is 12 euro today|the price is 13 euro today|one|four",
                          "added||new|four|five"));
  EXPECT_THAT(diff_blocks(before, before), IsEmpty());
  EXPECT_EQ(diff_blocks({}, after).size(), 5u);
  EXPECT_EQ(diff_blocks(before, {}).size(), 5u);
}

TEST(BlockDiff, WhatMovesIsRemovedAndAdded) {
  EXPECT_THAT(words(diff_blocks(blocks({"a", "b", "c"}), blocks({"b", "c", "a"}))),
              ElementsAre("removed|a|||b", "added||a|c|"));
}

TEST(BlockDiff, LongListsCostBoundedTime) {
  std::vector<WatchBlock> left;
  std::vector<WatchBlock> right;
  for (int i = 0; i < 5'000; ++i) {
    left.push_back({"left block number " + std::to_string(i * 2), ""});
    right.push_back({"left block number " + std::to_string(i * 3), ""});
  }
  const auto changes = diff_blocks(keyed(left, {}), keyed(right, {}));
  // 0, 6, 12, … 9,996 are in both.
  EXPECT_EQ(changes.size(), 2 * (5'000u - 1'667u));
}

TEST(BlockDiff, OnlyWhatTwoReadingsShowIsNews) {
  const auto base = blocks({"head", "story", "foot"});
  const auto first = blocks({"head", "story", "buy shoes", "news", "foot"});
  const auto second = blocks({"head", "story", "buy hats", "news", "foot"});
  const Agreement agreed = agree(base, first, second);
  EXPECT_THAT(words(agreed.changes), ElementsAre("added||news|story|foot"));
  EXPECT_EQ(agreed.blocks.size(), 4u);
  // It was away once, and is back: no change.
  EXPECT_THAT(agree(base, blocks({"head", "foot"}), base).changes, IsEmpty());
  EXPECT_THAT(agree(base, base, blocks({"head", "foot"})).changes, IsEmpty());
  EXPECT_THAT(words(agree(base, blocks({"head", "foot"}), blocks({"head", "foot"})).changes),
              ElementsAre("removed|story||head|foot"));
}

TEST(BlockDiff, IsReadable) {
  const std::string text = diff_text(diff_blocks(blocks({"a", "old"}), blocks({"a", "x\ny"})));
  EXPECT_EQ(text, "@ Top\n  a\n- old\n\n@ Top\n  a\n+ x\n+ y\n");
}

TEST(WatchedBlocks, BlockOrSectionByItsText) {
  PageDocument page;
  const std::vector<Block> written = {
      {.kind = BlockKind::kHeading, .level = 1, .markdown = "# Shop", .text = "Shop"},
      {.markdown = "Welcome.", .text = "Welcome."},
      {.kind = BlockKind::kHeading, .level = 2, .markdown = "## Prices", .text = "Prices"},
      {.markdown = "Apples 3", .text = "Apples 3"},
      {.kind = BlockKind::kHeading, .level = 3, .markdown = "### Pears", .text = "Pears"},
      {.markdown = "Pears 4", .text = "Pears 4"},
      {.kind = BlockKind::kHeading, .level = 2, .markdown = "## Hours", .text = "Hours"},
      {.markdown = "9 to 5", .text = "9 to 5"}};
  set_blocks(page, written);
  const auto of = [&page](std::string block) {
    std::vector<std::string> out;
    const auto found = watched_blocks(page, {.url = "", .block = std::move(block)});
    if (!found) return out;
    for (const WatchBlock& one : *found) out.push_back(one.markdown);
    return out;
  };
  EXPECT_EQ(of("").size(), 8u);
  EXPECT_THAT(of("Prices"), ElementsAre("## Prices", "Apples 3", "### Pears", "Pears 4"));
  EXPECT_THAT(of("9 to 5"), ElementsAre("9 to 5"));
  const auto none = watched_blocks(page, {.url = "", .block = "Cars"});
  ASSERT_FALSE(none);
  EXPECT_EQ(verdict_of(none.error()), Verdict::kEmpty);
}

}  // namespace
}  // namespace seine::web
