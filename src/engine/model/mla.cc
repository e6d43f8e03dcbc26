#include "engine/model/mla.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "engine/formats/codec.h"

namespace seine::engine {
namespace {

using base::Code;

// Scores are scaled by the square of YaRN's magnitude for mscale_all_dim; cosines by the ratio of
// the magnitudes for mscale and mscale_all_dim (the maker's code).
base::Result<> read_magnitudes(const ModelFile& file, const SizeReader& sizes, MlaConfig& config) {
  if (config.scaling.kind != RopeScaling::Kind::kYarn) return {};
  const Metadata& meta = file.metadata();
  const double log_factor = std::log(config.scaling.factor);
  // GGUF keeps 0.1 * mscale_all_dim.
  const double multiplier = SEINE_TRY(sizes.number_or("rope.scaling.yarn_log_multiplier", 0.0));
  const double all_dim =
      SEINE_TRY(meta.get_or<double>("seine.rope.yarn_mscale_all_dim", multiplier * 10));
  const double mscale =
      SEINE_TRY(meta.get_or<double>("seine.rope.yarn_mscale", all_dim > 0 ? all_dim : 1.0));
  const auto magnitude = [log_factor](double m) {
    return log_factor > 0 ? 0.1 * m * log_factor + 1 : 1.0;
  };
  config.scaling.magnitude = magnitude(mscale) / magnitude(all_dim);
  if (all_dim > 0) {
    config.scale *= static_cast<float>(magnitude(all_dim) * magnitude(all_dim));
  }
  return {};
}

}  // namespace

base::Result<MlaConfig> MlaConfig::read(const ModelFile& file) {
  const SizeReader sizes = SEINE_TRY(SizeReader::of(file));
  MlaConfig c;
  c.width = SEINE_TRY(sizes.size("embedding_length"));
  c.heads = SEINE_TRY(sizes.size("attention.head_count"));
  c.q_rank = SEINE_TRY(sizes.size_or("attention.q_lora_rank", 0));
  // Files made for a model without the low-rank query may carry the key of its larger sibling.
  if (!file.find("blk.0.attn_q_a.weight")) c.q_rank = 0;
  c.latent = SEINE_TRY(sizes.size("attention.kv_lora_rank"));
  c.rope = SEINE_TRY(sizes.size("rope.dimension_count"));
  // New files give the latent form's lengths in key_length and those of a head in *_mla.
  const std::int32_t key_plain = SEINE_TRY(sizes.size("attention.key_length"));
  const std::int32_t value_plain = SEINE_TRY(sizes.size("attention.value_length"));
  const std::int32_t key = SEINE_TRY(sizes.size_or("attention.key_length_mla", key_plain));
  c.value = SEINE_TRY(sizes.size_or("attention.value_length_mla", value_plain));
  c.nope = key - c.rope;
  if (c.heads > 1024 || c.latent > 1 << 16 || key > 1 << 12 || c.value < 1 || c.value > 1 << 12 ||
      c.nope < 1 || c.rope % 2 != 0) {
    return base::fail_field(Code::kInvalidArgument, sizes.full("attention.key_length"),
                            "{} heads of {} and {} with {} rotary dimensions over a latent of {} "
                            "are no shape of MLA",
                            c.heads, key, c.value, c.rope, c.latent);
  }
  c.norm_eps =
      static_cast<float>(SEINE_TRY(sizes.number_or("attention.layer_norm_rms_epsilon", 1e-6)));
  const bool half_split = SEINE_TRY(file.metadata().get_or<bool>("seine.rope.half_split", false));
  c.pairs = half_split ? RopePairs::kHalfSplit : RopePairs::kInterleaved;
  c.scaling = SEINE_TRY(read_rope_scaling(file));
  c.scale = 1.0f / std::sqrt(static_cast<float>(c.head()));
  SEINE_CHECK(read_magnitudes(file, sizes, c));
  c.expands_prompts = file.find("blk.0.indexer.attn_q_b.weight") == nullptr;
  return c;
}

namespace {

bool is_short(DType type) {
  return type == DType::kBF16 || type == DType::kF16;
}

}  // namespace

DType key_rows_type(DType stored, std::int64_t latent, const Kernels& kernels) {
  if (is_short(stored)) return stored;
  const bool is_quantised = stored != DType::kF32 && stored != DType::kF8E4M3;
  const bool in_bytes = is_quantised && latent % 32 == 0 && kernels.wants_packed(DType::kQ8_0);
  return in_bytes ? DType::kQ8_0 : DType::kF32;
}

namespace {

// Matrices of equal size the other way round, one behind the other in memory of their own.
class Transposer {
 public:
  // What is stored is (rows, columns) for each of `count`.
  Transposer(const Tensor& tensor, std::int64_t count, std::int64_t rows, std::int64_t columns,
             DType type)
      : tensor_(tensor), rows_(rows), columns_(columns) {
    view_ = {.type = type,
             .data = nullptr,
             .rows = columns,
             .columns = rows,
             .row_bytes = static_cast<std::int64_t>(
                 row_bytes(type, static_cast<std::uint64_t>(rows)).value())};
    memory_ = AlignedBytes(static_cast<std::size_t>(count * columns * view_.row_bytes));
    stored_.resize(static_cast<std::size_t>(rows * columns));
    row_.resize(static_cast<std::size_t>(rows));
  }

  // The next matrix: rows of the tensor from `first` on.
  MatrixView add(std::int64_t first) {
    tensor_.read_f32(static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(rows_),
                     stored_.data());
    MatrixView view = view_;
    view.data = memory_.data() + used_;
    for (std::int64_t c = 0; c < columns_; ++c) {
      for (std::int64_t r = 0; r < rows_; ++r)
        row_[static_cast<std::size_t>(r)] = stored_[static_cast<std::size_t>(r * columns_ + c)];
      quantize_row(view.type, row_.data(), memory_.data() + used_, row_.size());
      used_ += view.row_bytes;
    }
    return view;
  }
  AlignedBytes take() { return std::move(memory_); }

 private:
  const Tensor& tensor_;
  const std::int64_t rows_;
  const std::int64_t columns_;
  MatrixView view_;
  AlignedBytes memory_;
  std::int64_t used_ = 0;
  std::vector<float> stored_;
  std::vector<float> row_;
};

// W_kv_b holds per head `nope` rows that make keys, then `value` rows that make values. To absorb
// queries the first are needed the other way round.
base::Result<> split_kv_b(const WeightReader& weights, const MlaConfig& c, std::int32_t layer,
                          MlaWeights& out) {
  const std::string name = layer_tensor(layer, "attn_kv_b.weight");
  const std::int64_t rows = std::int64_t{c.heads} * (c.nope + c.value);
  const MatrixView whole = SEINE_TRY(weights.matrix(name, rows, c.latent));
  const Tensor* tensor = SEINE_TRY(weights.file().require(name));
  Transposer transposer(*tensor, c.heads, c.nope, c.latent,
                        is_short(whole.type) ? whole.type : DType::kF32);
  for (std::int64_t h = 0; h < c.heads; ++h) {
    const std::int64_t first = h * (c.nope + c.value);
    out.k_b.push_back(transposer.add(first));
    out.k_up.push_back(rows_of(whole, first, c.nope));
    out.v_b.push_back(rows_of(whole, first + c.nope, c.value));
  }
  out.transposed = transposer.take();
  return {};
}

// Newer files hold the two apart, keys the way that absorbs. Eight bits along the latent lose less
// than the eight of the latents they are multiplied with.
base::Result<> read_apart(const WeightReader& weights, const MlaConfig& c, std::int32_t layer,
                          const Kernels& kernels, MlaWeights& out) {
  const std::string name = layer_tensor(layer, "attn_k_b.weight");
  out.k_b = SEINE_TRY(weights.stack(name, c.heads, c.latent, c.nope));
  out.v_b =
      SEINE_TRY(weights.stack(layer_tensor(layer, "attn_v_b.weight"), c.heads, c.value, c.latent));
  if (!c.expands_prompts) return {};
  const Tensor* tensor = SEINE_TRY(weights.file().require(name));
  Transposer transposer(*tensor, c.heads, c.latent, c.nope,
                        key_rows_type(tensor->dtype, c.latent, kernels));
  for (std::int64_t h = 0; h < c.heads; ++h) out.k_up.push_back(transposer.add(h * c.latent));
  out.transposed = transposer.take();
  return {};
}

}  // namespace

base::Result<MlaWeights> MlaWeights::read(const WeightReader& weights, const MlaConfig& c,
                                          std::int32_t layer, const Kernels& kernels) {
  const auto name = [layer](std::string_view rest) { return layer_tensor(layer, rest); };
  MlaWeights out;
  out.norm = SEINE_TRY(weights.vector(name("attn_norm.weight"), c.width));
  const std::int64_t q_rows = std::int64_t{c.heads} * c.head();
  if (c.q_rank > 0) {
    out.q_a = SEINE_TRY(weights.matrix(name("attn_q_a.weight"), c.q_rank, c.width));
    out.q_a_norm = SEINE_TRY(weights.vector(name("attn_q_a_norm.weight"), c.q_rank));
    out.q_b = SEINE_TRY(weights.matrix(name("attn_q_b.weight"), q_rows, c.q_rank));
  } else {
    out.q_b = SEINE_TRY(weights.matrix(name("attn_q.weight"), q_rows, c.width));
  }
  out.kv_a = SEINE_TRY(weights.matrix(name("attn_kv_a_mqa.weight"), c.latent + c.rope, c.width));
  out.kv_norm = SEINE_TRY(weights.vector(name("attn_kv_a_norm.weight"), c.latent));
  const bool is_apart = weights.has(name("attn_k_b.weight"));
  SEINE_CHECK(is_apart ? read_apart(weights, c, layer, kernels, out)
                       : split_kv_b(weights, c, layer, out));
  out.output = SEINE_TRY(
      weights.matrix(name("attn_output.weight"), c.width, std::int64_t{c.heads} * c.value));
  return out;
}

MlaAttention::MlaAttention(const MlaConfig& config, const Compute& compute, std::int32_t rows_max)
    : compute_(&compute),
      config_(config),
      shape_{.heads = config.heads,
             .kv_heads = 1,
             .key_width = config.latent + config.rope,
             .value_width = config.latent,
             .scale = config.scale,
             .is_latent = true,
             .is_causal = true},
      buffers_(shape_, compute),
      normed_(rows_max, config.width),
      q_a_(rows_max, config.q_rank),
      q_(rows_max, std::int64_t{config.heads} * config.head()),
      kv_a_(rows_max, config.latent + config.rope),
      absorbed_(rows_max, std::int64_t{config.heads} * (config.latent + config.rope)),
      latents_(rows_max, std::int64_t{config.heads} * config.latent),
      values_(rows_max, std::int64_t{config.heads} * config.value),
      pack_bytes_((compute.packed_bytes(rows_max, std::max(config.nope, config.latent)) + 63) / 64 *
                  64) {
  packs_ = AlignedBytes(pack_bytes_ * static_cast<std::size_t>(compute.pool().threads()));
  if (config.expands_prompts) expanded_ = ExpandedAttention(config.expanded(), compute, rows_max);
}

void MlaAttention::project(const MlaWeights& w, std::int32_t kv_layer, Activations& activations,
                           BatchRows& rows, KvStorage& kv, const float* x) {
  const MlaConfig& c = config_;
  const std::int64_t n = rows.size();
  const std::int64_t head = c.head();
  const std::int64_t key = c.latent + c.rope;
  compute_->rmsnorm(x, w.norm.data(), n, c.width, c.norm_eps, normed_.data());
  activations.set(normed_.data(), c.width, rows.counts(), c.width);
  float* q = q_.data();
  float* kv_a = kv_a_.data();
  const bool is_low_rank = c.q_rank > 0;
  const Product first[] = {
      {.weight = is_low_rank ? &w.q_a : &w.q_b,
       .y = is_low_rank ? q_a_.data() : q,
       .stride = is_low_rank ? c.q_rank : c.heads * head},
      {.weight = &w.kv_a, .y = kv_a, .stride = key},
  };
  compute_->multiply(activations, first);
  if (is_low_rank) {
    compute_->rmsnorm(q_a_.data(), w.q_a_norm.data(), n, c.q_rank, c.norm_eps, q_a_.data());
    activations.set(q_a_.data(), c.q_rank, rows.counts(), c.q_rank);
    compute_->multiply(activations, w.q_b, q);
  }
  compute_->pool().split(n, 4, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t r = begin; r < end; ++r) {
      const float* angles = rows.angles(static_cast<std::int32_t>(r));
      float* latent = kv_a + r * key;
      compute_->vector().rmsnorm(latent, w.kv_norm.data(), c.latent, c.norm_eps, latent);
      rotate(latent + c.latent, angles, c.rope, c.pairs);
      for (std::int64_t h = 0; h < c.heads; ++h) {
        rotate(q + (r * c.heads + h) * head + c.nope, angles, c.rope, c.pairs);
      }
    }
  });
  store_rows(*compute_, kv, kv_layer, 0, rows, kv_a, key);
  store_rows(*compute_, kv, kv_layer, 1, rows, kv_a + c.latent, key);
}

void MlaAttention::attend_absorbed(const MlaWeights& w, std::int32_t kv_layer, BatchRows& rows,
                                   RowCounts counts, const KvStorage& kv,
                                   std::span<const std::span<const std::int32_t>> selected) {
  const MlaConfig& c = config_;
  const std::int64_t n = counts.all();
  const std::int64_t head = c.head();
  const std::int64_t key = c.latent + c.rope;
  const float* q = q_.data();
  float* absorbed = absorbed_.data();
  const auto pack = [this](int thread) {
    return packs_.data() + pack_bytes_ * static_cast<std::size_t>(thread);
  };
  // q'[h] = [W_uk[h]^T q_nope[h] | q_rope[h]]
  compute_->pool().each(c.heads, [&](std::int64_t h, int thread) {
    compute_->multiply_here(w.k_b[static_cast<std::size_t>(h)], q + h * head, c.heads * head,
                            counts, absorbed + h * key, c.heads * key, pack(thread), thread);
    for (std::int64_t r = 0; r < n; ++r) {
      std::copy_n(q + (r * c.heads + h) * head + c.nope, c.rope,
                  absorbed + (r * c.heads + h) * key + c.latent);
    }
  });
  attend(*compute_, shape_, kv, kv_layer, rows, static_cast<std::int32_t>(n), absorbed,
         latents_.data(), buffers_, selected);
  compute_->pool().each(c.heads, [&](std::int64_t h, int thread) {
    compute_->multiply_here(w.v_b[static_cast<std::size_t>(h)], latents_.data() + h * c.latent,
                            std::int64_t{c.heads} * c.latent, counts, values_.data() + h * c.value,
                            std::int64_t{c.heads} * c.value, pack(thread), thread);
  });
}

void MlaAttention::attend_rows(const MlaWeights& w, std::int32_t kv_layer, Activations& activations,
                               BatchRows& rows, KvStorage& kv, float* x,
                               std::span<const std::span<const std::int32_t>> selected) {
  const MlaConfig& c = config_;
  const RowCounts counts = rows.counts();
  RowCounts absorbed = counts;
  if (c.expands_prompts && counts.prompt > 0) {
    absorbed.prompt = 0;
    // What decoding will multiply with k_b, for whoever calibrates it.
    const float* q = q_.data() + counts.decode * c.heads * c.head();
    for (std::int64_t h = 0; h < c.heads; ++h) {
      compute_->tell(w.k_b[static_cast<std::size_t>(h)], q + h * c.head(), c.heads * c.head(),
                     counts.prompt);
    }
    expanded_.run(w.k_up, w.v_b, kv, kv_layer, rows, q_.data(), values_.data());
  }
  if (absorbed.all() > 0) attend_absorbed(w, kv_layer, rows, absorbed, kv, selected);
  activations.set(values_.data(), std::int64_t{c.heads} * c.value, counts,
                  std::int64_t{c.heads} * c.value);
  compute_->multiply(activations, w.output, x, true);
}

void MlaAttention::run(const MlaWeights& weights, std::int32_t kv_layer, Activations& activations,
                       BatchRows& rows, KvStorage& kv, float* x) {
  project(weights, kv_layer, activations, rows, kv, x);
  attend_rows(weights, kv_layer, activations, rows, kv, x, {});
}

}  // namespace seine::engine
