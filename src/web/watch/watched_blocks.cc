#include "web/watch/watched_blocks.h"

#include "base/text.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

std::string path_of(const PageBlock& block) {
  return base::join(block.heading_path, " > ");
}

}  // namespace

base::Result<std::vector<WatchBlock>> watched_blocks(const PageDocument& page,
                                                     const WatchSpec& spec) {
  std::vector<WatchBlock> out;
  std::size_t bytes = 0;
  int section = 0;  // level of the heading whose section is being taken; 0: none
  for (const PageBlock& block : page.blocks) {
    const std::string_view markdown =
        std::string_view(page.markdown).substr(block.start, block.end - block.start);
    const bool heading = block.kind == BlockKind::kHeading;
    if (!spec.block.empty()) {
      if (heading && section != 0 && block.level <= section) section = 0;
      const bool named = markdown.contains(spec.block);
      if (named && heading && section == 0) section = block.level;
      if (!named && section == 0) continue;
    }
    bytes += markdown.size();
    if (out.size() >= kWatchedBlocksMax || bytes > kWatchedBytesMax) break;
    out.push_back({std::string(markdown), path_of(block)});
  }
  if (out.empty() && !spec.block.empty())
    return fail_verdict(Verdict::kEmpty, "{} holds no block with '{}'", page.final_url, spec.block);
  if (out.empty()) return fail_verdict(Verdict::kEmpty, "{} has no text", page.final_url);
  return out;
}

}  // namespace seine::web
