// For tests: a case of tests/golden with its checkpoint written to a directory of its own and
// opened, and the comparison with the answers that are kept.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "engine/formats/test_dir.h"
#include "engine/model/golden_checkpoint.h"
#include "engine/model/registry.h"

namespace seine::engine {

struct GoldenCheckpoint {
  base::Json golden;
  TestDir directory;
  std::shared_ptr<const ModelFile> file;  // null, and the test has failed, where it does not open

  // `source`: the repository, which only a test's own file knows.
  GoldenCheckpoint(const std::filesystem::path& source, const std::string& name) {
    const std::filesystem::path path = source / "tests/golden" / (name + ".json");
    golden = base::parse_json(read_text_file(path, 1 << 20).value()).value();
    golden::write_checkpoint(golden, directory.path());
    auto opened = ModelFile::open(directory.path());
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      return;
    }
    file = *opened;
  }
  std::vector<TokenId> prompt(const base::Json& entry) const {
    return golden::prompt(entry["length"].get<std::size_t>(),
                          golden["config"]["vocab_size"].get<std::uint64_t>());
  }
};

inline double largest_difference(const std::vector<float>& got, const base::Json& want) {
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    worst = std::max(worst, std::fabs(got[i] - want[i].get<double>()));
  }
  return worst;
}

// Every case that answers with logits.
inline const auto kGoldenDecoders = testing::Values(
    "llama", "llama_gqa_rope3", "llama_tied", "qwen2", "qwen2_tied", "qwen3", "deepseek_v2_lite",
    "deepseek_v2", "deepseek_v3", "deepseek_v3_fp8", "deepseek_v32");

}  // namespace seine::engine
