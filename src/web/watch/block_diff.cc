#include "web/watch/block_diff.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>

#include "base/text.h"
#include "web/watch/noise.h"

namespace seine::web {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

using Blocks = std::span<const KeyedBlock>;

// For each block of `before` its partner in `after`, or kNone. The longest common subsequence by
// the table of its lengths.
void match_in_order(Blocks before, Blocks after, std::vector<std::size_t>& partner) {
  const std::size_t n = before.size();
  const std::size_t m = after.size();
  std::vector<std::uint32_t> length((n + 1) * (m + 1), 0);  // of the suffixes from (i, j)
  const auto at = [m](std::size_t i, std::size_t j) { return i * (m + 1) + j; };
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = m; j-- > 0;) {
      length[at(i, j)] = before[i].key == after[j].key
                             ? length[at(i + 1, j + 1)] + 1
                             : std::max(length[at(i + 1, j)], length[at(i, j + 1)]);
    }
  }
  for (std::size_t i = 0, j = 0; i < n && j < m;) {
    if (before[i].key == after[j].key) {
      partner[i++] = j++;
    } else if (length[at(i + 1, j)] >= length[at(i, j + 1)]) {
      ++i;
    } else {
      ++j;
    }
  }
}

void match_by_key(Blocks before, Blocks after, std::vector<std::size_t>& partner) {
  std::multimap<std::string_view, std::size_t> places;
  for (std::size_t j = 0; j < after.size(); ++j) places.emplace(after[j].key, j);
  for (std::size_t i = 0; i < before.size(); ++i) {
    const auto found = places.find(before[i].key);
    if (found == places.end()) continue;
    partner[i] = found->second;
    places.erase(found);
  }
}

std::set<std::string_view> words_of(std::string_view key) {
  constexpr std::size_t kWordsMax = 400;
  std::set<std::string_view> words;
  for (const std::string_view word : base::split(key, ' ')) {
    if (!word.empty() && words.size() < kWordsMax) words.insert(word);
  }
  return words;
}

// Whether more than two fifths of the words of both are the same.
bool alike(const KeyedBlock& a, const KeyedBlock& b) {
  const std::set<std::string_view> left = words_of(a.key);
  const std::set<std::string_view> right = words_of(b.key);
  const auto both = static_cast<std::size_t>(std::ranges::count_if(
      left, [&right](std::string_view word) { return right.contains(word); }));
  return both * 5 > (left.size() + right.size() - both) * 2;
}

std::string neighbour(Blocks blocks, std::size_t i) {
  return i < blocks.size() ? blocks[i].block.markdown : std::string();
}

// What stands between two blocks that stayed: `gone` and `come` are ranges of both lists.
void add_gap(Blocks before, Blocks after, std::pair<std::size_t, std::size_t> gone,
             std::pair<std::size_t, std::size_t> come, std::vector<BlockChange>& out) {
  std::size_t next = come.first;
  const auto change = [&](BlockChange::Kind kind, std::size_t i, std::size_t j) {
    BlockChange made{.kind = kind};
    if (i != kNone) made.before = before[i].block.markdown;
    if (j != kNone) made.after = after[j].block.markdown;
    made.heading = j != kNone ? after[j].block.heading : before[i].block.heading;
    made.above = come.first > 0 ? neighbour(after, come.first - 1) : std::string();
    made.below = neighbour(after, come.second);
    out.push_back(std::move(made));
  };
  for (std::size_t i = gone.first; i < gone.second; ++i) {
    std::size_t like = kNone;
    for (std::size_t j = next; j < std::min(come.second, next + 8) && like == kNone; ++j) {
      if (alike(before[i], after[j])) like = j;
    }
    if (like == kNone) {
      change(BlockChange::Kind::kRemoved, i, kNone);
      continue;
    }
    for (; next < like; ++next) change(BlockChange::Kind::kAdded, kNone, next);
    change(BlockChange::Kind::kChanged, i, next++);
  }
  for (; next < come.second; ++next) change(BlockChange::Kind::kAdded, kNone, next);
}

std::set<std::string_view> keys_of(Blocks blocks) {
  std::set<std::string_view> keys;
  for (const KeyedBlock& block : blocks) keys.insert(block.key);
  return keys;
}

}  // namespace

std::vector<KeyedBlock> keyed(std::span<const WatchBlock> blocks, const WatchSpec& spec) {
  std::vector<KeyedBlock> out;
  out.reserve(blocks.size());
  for (const WatchBlock& block : blocks) {
    std::string key = block_key(block.markdown, spec);
    if (!key.empty()) out.push_back({block, std::move(key)});
  }
  return out;
}

std::vector<BlockChange> diff_blocks(Blocks before, Blocks after) {
  std::size_t head = 0;
  const std::size_t shorter = std::min(before.size(), after.size());
  while (head < shorter && before[head].key == after[head].key) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head &&
         before[before.size() - 1 - tail].key == after[after.size() - 1 - tail].key)
    ++tail;
  const Blocks middle = before.subspan(head, before.size() - head - tail);
  const Blocks other = after.subspan(head, after.size() - head - tail);
  std::vector<BlockChange> out;
  std::vector<std::size_t> partner(middle.size(), kNone);
  if ((middle.size() + 1) * (other.size() + 1) <= kDiffCellsMax) {
    match_in_order(middle, other, partner);
    std::size_t i = 0;
    std::size_t j = 0;
    for (std::size_t end = 0; end <= middle.size(); ++end) {
      if (end < middle.size() && partner[end] == kNone) continue;
      const std::size_t stop = end < middle.size() ? partner[end] : other.size();
      add_gap(before, after, {head + i, head + end}, {head + j, head + stop}, out);
      i = end + 1;
      j = stop + 1;
    }
    return out;
  }
  match_by_key(middle, other, partner);
  std::vector<std::uint8_t> stayed(other.size(), 0);
  for (std::size_t i = 0; i < middle.size(); ++i) {
    if (partner[i] != kNone) {
      stayed[partner[i]] = 1;
    } else {
      out.push_back({.kind = BlockChange::Kind::kRemoved,
                     .before = middle[i].block.markdown,
                     .heading = middle[i].block.heading});
    }
  }
  for (std::size_t j = 0; j < other.size(); ++j) {
    if (stayed[j] == 0)
      out.push_back({.kind = BlockChange::Kind::kAdded,
                     .after = other[j].block.markdown,
                     .heading = other[j].block.heading});
  }
  return out;
}

Agreement agree(Blocks baseline, Blocks first, Blocks second) {
  const std::set<std::string_view> in_first = keys_of(first);
  const std::set<std::string_view> in_second = keys_of(second);
  Agreement out;
  for (const KeyedBlock& block : second) {
    if (in_first.contains(block.key)) out.blocks.push_back(block);
  }
  // A block that one of the two still shows is not gone: it comes and goes.
  std::vector<KeyedBlock> known;
  for (const KeyedBlock& block : baseline) {
    if (in_first.contains(block.key) == in_second.contains(block.key)) known.push_back(block);
  }
  out.changes = diff_blocks(known, out.blocks);
  return out;
}

std::string diff_text(std::span<const BlockChange> changes) {
  std::string out;
  const auto lines = [&out](std::string_view mark, std::string_view text) {
    if (text.empty()) return;
    for (const std::string_view line : base::split(text, '\n')) {
      out += mark;
      out += line;
      out += '\n';
    }
  };
  for (const BlockChange& change : changes) {
    if (!out.empty()) out += '\n';
    if (!change.heading.empty()) lines("@ ", change.heading);
    lines("  ", change.above);
    lines("- ", change.before);
    lines("+ ", change.after);
    lines("  ", change.below);
  }
  return out;
}

}  // namespace seine::web
