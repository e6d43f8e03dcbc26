// What has changed between two lists of blocks: added, removed, and changed where a removed block
// and an added one at its place say much the same. Pure; time and memory are bounded by kCellsMax.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "web/watch/watch.h"

namespace seine::web {

// A block with its key (noise.h); blocks with an empty key are left out before.
struct KeyedBlock {
  WatchBlock block;
  std::string key;
};

std::vector<KeyedBlock> keyed(std::span<const WatchBlock> blocks, const WatchSpec& spec);

// Past this product of lengths the order of blocks is no longer looked at, only which there are.
inline constexpr std::size_t kDiffCellsMax = std::size_t{4} << 20;
std::vector<BlockChange> diff_blocks(std::span<const KeyedBlock> before,
                                     std::span<const KeyedBlock> after);

// Two readings of one page within seconds: what both show is the page, the rest is what rotates.
struct Agreement {
  std::vector<KeyedBlock> blocks;         // in the order of the second
  std::vector<BlockChange> changes = {};  // against the baseline, as both readings have it
};
Agreement agree(std::span<const KeyedBlock> baseline, std::span<const KeyedBlock> first,
                std::span<const KeyedBlock> second);

// "- before\n+ after" with headings and neighbours, for people.
std::string diff_text(std::span<const BlockChange> changes);

}  // namespace seine::web
