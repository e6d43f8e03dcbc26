// Attention of rows that begin in the same blocks: who is taken together, and that nobody's bits
// tell.
#include "engine/ops/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "engine/kernels/test_noise.h"
#include "engine/model/causal_model.h"

namespace seine::engine {
namespace {

constexpr std::int32_t kSlots = 16;
constexpr std::int32_t kBatchRows = 128;
constexpr AttentionShape kGrouped{
    .heads = 6, .kv_heads = 2, .key_width = 20, .value_width = 20, .scale = 0.3f};
constexpr AttentionShape kLatent{.heads = 5,
                                 .kv_heads = 1,
                                 .key_width = 40,
                                 .value_width = 32,
                                 .scale = 0.3f,
                                 .is_latent = true};

struct RowRun {
  std::vector<KvBlockId> blocks;
  std::int32_t position = 0;  // of its first row
  std::int32_t rows = 1;
  Phase phase = Phase::kDecode;
};

// `shared` blocks that the first ones have in common, then blocks of one's own.
std::vector<KvBlockId> table(std::int32_t shared, std::int32_t own, KvBlockId from) {
  std::vector<KvBlockId> out(static_cast<std::size_t>(shared + own));
  // Not in order, so that nothing relies on neighbours.
  for (std::int32_t i = 0; i < shared; ++i) out[static_cast<std::size_t>(i)] = (i * 7) % shared;
  std::iota(out.begin() + shared, out.end(), from);
  return out;
}

std::vector<TokenRun> runs_of(const std::vector<RowRun>& sequences) {
  static const std::vector<TokenId> kTokens(kBatchRows, 0);
  std::vector<TokenRun> out;
  for (const RowRun& each : sequences) {
    out.push_back({.tokens = {kTokens.data(), static_cast<std::size_t>(each.rows)},
                   .first_position = each.position,
                   .blocks = each.blocks,
                   .phase = each.phase});
  }
  return out;
}

BatchRows some_rows() {
  return BatchRows({.rows = kBatchRows, .logit_rows = 1, .context = 4096, .vocabulary = 1});
}

KvStorage noise_storage() {
  return KvStorage::create({.layers = 1,
                            .block_tokens = kSlots,
                            .streams = {{KvType::kF16, 40}, {KvType::kF16, 40}}},
                           128)
      .value();
}

// Three of one prefix of 20 blocks, one of whose ends; one that leaves it after 8; one alone.
std::vector<RowRun> company() {
  std::vector<RowRun> out;
  out.push_back({.blocks = table(20, 3, 40), .position = 352});
  out.push_back({.blocks = table(0, 4, 50), .position = 60});
  out.push_back({.blocks = table(20, 2, 60), .position = 322, .rows = 3});
  auto leaves = table(20, 0, 0);
  for (std::size_t i = 8; i < leaves.size(); ++i) leaves[i] = static_cast<KvBlockId>(70 + i);
  out.push_back({.blocks = leaves, .position = 300});
  out.push_back({.blocks = table(20, 0, 0), .position = 130});
  out.push_back(
      {.blocks = table(20, 3, 100), .position = 330, .rows = 30, .phase = Phase::kPrompt});
  out.push_back({.blocks = table(20, 3, 110), .position = 320, .rows = 2, .phase = Phase::kPrompt});
  return out;
}

TEST(RowGroups, RowsOfOnePrefixComeTogether) {
  const KvStorage kv = noise_storage();
  const auto sequences = company();
  const auto runs = runs_of(sequences);
  BatchRows rows = some_rows();
  ASSERT_TRUE(rows.set(runs, {}, &kv));
  std::vector<std::vector<std::int32_t>> got;  // runs of each group
  std::vector<std::int32_t> shared;
  std::vector<int> seen(static_cast<std::size_t>(rows.size()));
  for (const BatchRows::Group& group : rows.groups(rows.size(), 8, 64)) {
    auto& members = got.emplace_back();
    std::int32_t count = 0;
    for (const BatchRows::Chunk& chunk : rows.chunks(group)) {
      members.push_back(chunk.run);
      shared.push_back(chunk.shared);
      count += chunk.rows;
      for (std::int32_t i = 0; i < chunk.rows; ++i)
        ++seen[static_cast<std::size_t>(chunk.first_row + i)];
    }
    EXPECT_LE(count, 8);
  }
  EXPECT_EQ(seen, std::vector<int>(seen.size(), 1));
  const std::vector<std::vector<std::int32_t>> want = {{4, 0, 2, 3}, {1}, {5}, {5}, {5}, {5, 6}};
  EXPECT_EQ(got, want);
  EXPECT_EQ(shared, (std::vector<std::int32_t>{0, 320, 320, 128, 0, 0, 0, 0, 0, 320}));

  // Nobody together, and the first rows only.
  EXPECT_EQ(rows.groups(7, 1, 0).size(), 7U);
  EXPECT_EQ(rows.groups(7, 8, 0).size(), 5U);
}

class SharedPrefix : public testing::TestWithParam<std::string_view> {};

TEST_P(SharedPrefix, CompanyChangesNoBit) {
  const auto kernels = kernels_of(GetParam());
  if (!kernels) GTEST_SKIP() << "this processor cannot run " << GetParam();
  KvStorage kv = noise_storage();
  for (KvBlockId block = 0; block < kv.blocks(); ++block) {
    const auto noise =
        test_noise(std::int64_t{2} * kSlots * 40, 1 + static_cast<std::uint64_t>(block));
    for (std::int32_t slot = 0; slot < kSlots; ++slot) {
      for (std::int32_t stream = 0; stream < 2; ++stream)
        kv.write_row(block, 0, stream, slot, noise.data() + (slot * 2 + stream) * 40);
    }
  }
  for (const AttentionShape& shape : {kGrouped, kLatent}) {
    const std::int32_t query = shape.heads * shape.key_width;
    const std::int32_t value = shape.heads * shape.value_width;
    const auto run = [&](const std::vector<RowRun>& sequences, const std::vector<float>& queries,
                         int threads) {
      ThreadPool pool(threads);
      const Compute compute(pool, **kernels);
      AttentionBuffers buffers(shape, compute);
      const auto runs = runs_of(sequences);
      BatchRows rows = some_rows();
      EXPECT_TRUE(rows.set(runs, {}, &kv));
      std::vector<float> out(static_cast<std::size_t>(rows.size() * value));
      attend(compute, shape, kv, 0, rows, rows.size(), queries.data(), out.data(), buffers);
      return out;
    };
    const auto sequences = company();
    std::int32_t total = 0;
    for (const RowRun& each : sequences) total += each.rows;
    const auto queries = test_noise(std::int64_t{total} * query, 900, 2);
    const auto together = run(sequences, queries, 1);
    EXPECT_EQ(run(sequences, queries, 5), together);
    std::ptrdiff_t row = 0;
    for (const RowRun& each : sequences) {
      const std::vector<float> own(queries.begin() + row * query,
                                   queries.begin() + (row + each.rows) * query);
      EXPECT_EQ(run({each}, own, 1),
                std::vector<float>(together.begin() + row * value,
                                   together.begin() + (row + each.rows) * value))
          << GetParam() << " row " << row;
      row += each.rows;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, SharedPrefix, testing::Values("ref", "avx2", "avx512vnni", "amx"));

}  // namespace
}  // namespace seine::engine
