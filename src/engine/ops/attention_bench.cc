// Attention of 64 rows that decode, as the 1.5B model has it (12 heads of 128 over 2) and V2-Lite's
// latent form (16 heads of 576): behind one prefix of 1,500 positions, and each behind its own.
#include <benchmark/benchmark.h>

#include <numeric>
#include <vector>

#include "engine/kernels/test_noise.h"
#include "engine/model/causal_model.h"
#include "engine/ops/attention.h"

namespace seine::engine {
namespace {

constexpr std::int32_t kStreams = 64;
constexpr std::int32_t kPrefix = 1500;
constexpr std::int32_t kOwn = 60;

void decode(benchmark::State& state, const AttentionShape& shape, const KvLayout& layout,
            bool is_shared) {
  const std::int64_t prefix = kPrefix / layout.block_tokens;
  const std::int64_t own = layout.blocks_for(kPrefix + kOwn) - prefix;
  KvStorage kv = KvStorage::create(layout, kStreams * (prefix + own)).value();
  for (std::size_t stream = 0; stream < layout.streams.size(); ++stream) {
    const auto row = test_noise(layout.streams[stream].width, 1);
    for (KvBlockId block = 0; block < kv.blocks(); ++block) {
      for (std::int32_t slot = 0; slot < layout.block_tokens; ++slot)
        kv.write_row(block, 0, static_cast<std::int32_t>(stream), slot, row.data());
    }
  }
  std::vector<std::vector<KvBlockId>> tables(kStreams);
  std::vector<TokenRun> runs;
  const TokenId token = 0;
  for (std::int32_t s = 0; s < kStreams; ++s) {
    auto& blocks = tables[static_cast<std::size_t>(s)];
    blocks.resize(static_cast<std::size_t>(prefix + own));
    std::iota(blocks.begin(), blocks.end(), static_cast<KvBlockId>(s * (prefix + own)));
    if (is_shared) std::iota(blocks.begin(), blocks.begin() + prefix, 0);
    runs.push_back({.tokens = {&token, 1},
                    .first_position = kPrefix + kOwn - 1,
                    .blocks = blocks,
                    .phase = Phase::kDecode});
  }
  ThreadPool pool(1);
  const Compute compute(pool, kernels());
  AttentionBuffers buffers(shape, compute);
  BatchRows rows({.rows = kStreams, .logit_rows = 1, .context = 4096, .vocabulary = 1});
  if (!rows.set(runs, {}, &kv)) return state.SkipWithError("the batch is refused");
  const auto queries = test_noise(std::int64_t{kStreams} * shape.heads * shape.key_width, 2);
  std::vector<float> out(static_cast<std::size_t>(kStreams * shape.heads * shape.value_width));
  for (auto _ : state) {
    attend(compute, shape, kv, 0, rows, rows.size(), queries.data(), out.data(), buffers);
    benchmark::DoNotOptimize(out.data());
  }
  const double products =
      double{kStreams} * (kPrefix + kOwn) * shape.heads * (shape.key_width + shape.value_width);
  state.counters["GMAC/s"] = benchmark::Counter(
      products * 1e-9 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void attention_decode(benchmark::State& state) {
  const bool is_latent = state.range(0) != 0;
  const AttentionShape grouped{
      .heads = 12, .kv_heads = 2, .key_width = 128, .value_width = 128, .scale = 0.1f};
  const AttentionShape latent{.heads = 16,
                              .kv_heads = 1,
                              .key_width = 576,
                              .value_width = 512,
                              .scale = 0.1f,
                              .is_latent = true};
  const KvLayout layout = is_latent ? mla_layout(KvType::kF16, 1, 512, 64).value()
                                    : gqa_layout(KvType::kF16, 1, 2, 128, 128).value();
  decode(state, is_latent ? latent : grouped, layout, state.range(1) != 0);
}
BENCHMARK(attention_decode)
    ->ArgNames({"latent", "shared"})
    ->ArgsProduct({{0, 1}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace seine::engine
