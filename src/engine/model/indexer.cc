#include "engine/model/indexer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace seine::engine {
namespace {

constexpr float kNormEps = 1e-6f;

void layer_norm(const std::vector<float>& scale, const std::vector<float>& shift, float* x) {
  const std::size_t n = scale.size();
  double mean = 0;
  for (std::size_t i = 0; i < n; ++i) mean += x[i];
  mean /= static_cast<double>(n);
  double square = 0;
  for (std::size_t i = 0; i < n; ++i) square += (x[i] - mean) * (x[i] - mean);
  const double factor = 1.0 / std::sqrt(square / static_cast<double>(n) + kNormEps);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = static_cast<float>((x[i] - mean) * factor) * scale[i] + shift[i];
  }
}

}  // namespace

base::Result<IndexerConfig> IndexerConfig::read(const ModelFile& file, const MlaConfig& mla) {
  const SizeReader sizes = SEINE_TRY(SizeReader::of(file));
  IndexerConfig c;
  c.heads = SEINE_TRY(sizes.size("attention.indexer.head_count"));
  c.head = SEINE_TRY(sizes.size("attention.indexer.key_length"));
  c.top = SEINE_TRY(sizes.size("attention.indexer.top_k"));
  c.rope = mla.rope;
  c.width = mla.width;
  c.q_rank = mla.q_rank;
  if (c.heads > 1024 || c.head > 1 << 12 || c.head < c.rope || c.q_rank == 0) {
    return std::unexpected(
        sizes.wrong("attention.indexer.key_length", "and its head count are no indexer's shape"));
  }
  return c;
}

base::Result<IndexerWeights> IndexerWeights::read(const WeightReader& weights,
                                                  const IndexerConfig& c, std::int32_t layer) {
  const auto name = [layer](std::string_view rest) {
    return layer_tensor(layer, "indexer." + std::string(rest));
  };
  IndexerWeights out;
  out.q =
      SEINE_TRY(weights.matrix(name("attn_q_b.weight"), std::int64_t{c.heads} * c.head, c.q_rank));
  out.k = SEINE_TRY(weights.matrix(name("attn_k.weight"), c.head, c.width));
  out.proj = SEINE_TRY(weights.matrix(name("proj.weight"), c.heads, c.width));
  out.norm_scale = SEINE_TRY(weights.vector(name("k_norm.weight"), c.head));
  out.norm_shift = SEINE_TRY(weights.vector(name("k_norm.bias"), c.head));
  return out;
}

Indexer::Indexer(const IndexerConfig& config, const Compute& compute, std::int32_t rows_max,
                 std::int32_t context)
    : config_(config),
      compute_(&compute),
      q_(rows_max, std::int64_t{config.heads} * config.head),
      k_(rows_max, config.head),
      head_weights_(rows_max, config.heads) {
  const auto threads = static_cast<std::size_t>(compute.pool().threads());
  const auto wide = static_cast<std::size_t>(padded(config.head));
  const auto heads = static_cast<std::size_t>(config.heads);
  scratch_.assign(threads, std::vector<float>((kTileKeys + heads) * wide + heads * kTileKeys +
                                              static_cast<std::size_t>(context)));
  order_.assign(threads, std::vector<std::int32_t>(static_cast<std::size_t>(context)));
  chosen_.resize(static_cast<std::size_t>(rows_max) * static_cast<std::size_t>(config.top));
  selected_.resize(static_cast<std::size_t>(rows_max));
}

// Norm of the keys, rotation of both sides: the rotary part comes first and is half-split here,
// whatever the main attention does.
void Indexer::prepare(const IndexerWeights& w, const BatchRows& rows) {
  const IndexerConfig& c = config_;
  compute_->pool().split(rows.size(), 4, [&](std::int64_t first, std::int64_t last, int) {
    for (std::int64_t r = first; r < last; ++r) {
      const float* angles = rows.angles(static_cast<std::int32_t>(r));
      float* key = k_.data() + r * c.head;
      layer_norm(w.norm_scale, w.norm_shift, key);
      rotate(key, angles, c.rope, RopePairs::kHalfSplit);
      for (std::int64_t h = 0; h < c.heads; ++h) {
        rotate(q_.data() + (r * c.heads + h) * c.head, angles, c.rope, RopePairs::kHalfSplit);
      }
    }
  });
}

std::span<const std::int32_t> Indexer::choose(const BatchRows& rows, std::int32_t row,
                                              std::int32_t kv_layer, const KvStorage& kv,
                                              int thread) {
  const IndexerConfig& c = config_;
  const std::int32_t keys = rows.row(row).position + 1;
  const std::int32_t wide = padded(c.head);
  const std::int32_t block_tokens = kv.layout().block_tokens;
  const TokenRun& sequence = rows.run_of(row);
  float* tile = scratch_[static_cast<std::size_t>(thread)].data();
  float* queries = tile + kTileKeys * wide;
  float* tile_scores = queries + c.heads * wide;
  float* scores = tile_scores + c.heads * kTileKeys;
  for (std::int32_t h = 0; h < c.heads; ++h) {
    std::copy_n(q_.data() + (std::int64_t{row} * c.heads + h) * c.head, c.head, queries + h * wide);
  }
  const float* head_weights = head_weights_.data() + std::int64_t{row} * c.heads;
  for (std::int32_t start = 0; start < keys; start += kTileKeys) {
    const std::int32_t count = std::min(kTileKeys, keys - start);
    for (std::int32_t t = 0; t < count; ++t) {
      const std::int32_t position = start + t;
      kv.read_row(sequence.blocks[static_cast<std::size_t>(position / block_tokens)], kv_layer,
                  kStream, position % block_tokens, 0, c.head, tile + t * wide);
    }
    compute_->vector().scores(queries, c.heads, tile, count, wide, 1.0f, tile_scores);
    for (std::int32_t t = 0; t < count; ++t) {
      float sum = 0;
      for (std::int32_t h = 0; h < c.heads; ++h) {
        sum += head_weights[h] * std::max(tile_scores[h * kTileKeys + t], 0.0f);
      }
      scores[start + t] = std::isnan(sum) ? 0.0f : sum;
    }
  }
  std::int32_t* order = order_[static_cast<std::size_t>(thread)].data();
  std::iota(order, order + keys, 0);
  std::nth_element(order, order + c.top, order + keys, [scores](std::int32_t a, std::int32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : a < b;
  });
  std::int32_t* out =
      chosen_.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(c.top);
  std::copy_n(order, c.top, out);
  std::sort(out, out + c.top);
  return {out, static_cast<std::size_t>(c.top)};
}

std::span<const std::span<const std::int32_t>> Indexer::run(
    const IndexerWeights& w, std::int32_t kv_layer, Activations& activations, const BatchRows& rows,
    KvStorage& kv, const float* normed, const float* q_latent) {
  const IndexerConfig& c = config_;
  const std::int64_t n = rows.size();
  activations.set(normed, c.width, rows.counts(), c.width);
  const Product products[] = {{.weight = &w.k, .y = k_.data(), .stride = c.head},
                              {.weight = &w.proj, .y = head_weights_.data(), .stride = c.heads}};
  compute_->multiply(activations, products);
  activations.set(q_latent, c.q_rank, rows.counts(), c.q_rank);
  compute_->multiply(activations, w.q, q_.data());
  prepare(w, rows);
  store_rows(*compute_, kv, kv_layer, kStream, rows, k_.data(), c.head);
  bool is_sparse = false;
  for (std::int32_t r = 0; r < n; ++r) is_sparse = is_sparse || rows.row(r).position >= c.top;
  if (!is_sparse) return {};
  compute_->pool().each(n, [&](std::int64_t r, int thread) {
    const auto row = static_cast<std::int32_t>(r);
    selected_[static_cast<std::size_t>(r)] = rows.row(row).position >= c.top
                                                 ? choose(rows, row, kv_layer, kv, thread)
                                                 : std::span<const std::int32_t>{};
  });
  return {selected_.data(), static_cast<std::size_t>(n)};
}

}  // namespace seine::engine
