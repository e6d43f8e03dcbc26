#include "engine/model/ffn.h"

#include <algorithm>
#include <string>
#include <utility>

namespace seine::engine {
namespace {

using base::Code;

// Outputs that one task multiplies: long enough to stream, short enough to share out.
constexpr std::int64_t kTaskOutputs = 192;

}  // namespace

base::Result<MlpWeights> MlpWeights::read(const WeightReader& weights, std::int32_t layer,
                                          std::string_view suffix, std::int32_t width,
                                          std::int32_t hidden) {
  const auto name = [&](std::string_view part) {
    return layer_tensor(layer, std::string(part) + std::string(suffix) + ".weight");
  };
  MlpWeights out;
  out.gate = SEINE_TRY(weights.matrix(name("ffn_gate"), hidden, width));
  out.up = SEINE_TRY(weights.matrix(name("ffn_up"), hidden, width));
  out.down = SEINE_TRY(weights.matrix(name("ffn_down"), width, hidden));
  return out;
}

Mlp::Mlp(const Compute& compute, std::int32_t rows_max, std::int32_t hidden_max)
    : compute_(&compute), gate_(rows_max, hidden_max), up_(rows_max, hidden_max) {}

void Mlp::run(const MlpWeights& w, Activations& activations, float* x) {
  const RowCounts rows = activations.rows();
  const std::int64_t hidden = w.gate.rows;
  const Product products[] = {{.weight = &w.gate, .y = gate_.data(), .stride = hidden},
                              {.weight = &w.up, .y = up_.data(), .stride = hidden}};
  compute_->multiply(activations, products);
  compute_->silu_mul(gate_.data(), up_.data(), rows.all(), hidden);
  activations.set(gate_.data(), hidden, rows, hidden);
  compute_->multiply(activations, w.down, x, true);
}

base::Result<ExpertConfig> ExpertConfig::read(const ModelFile& file) {
  const SizeReader sizes = SEINE_TRY(SizeReader::of(file));
  ExpertConfig c;
  c.width = SEINE_TRY(sizes.size("embedding_length"));
  RoutingConfig& r = c.routing;
  r.experts = SEINE_TRY(sizes.size_or("expert_count", 0));
  if (r.experts == 0) return c;
  r.used = SEINE_TRY(sizes.size("expert_used_count"));
  c.hidden = SEINE_TRY(sizes.size("expert_feed_forward_length"));
  const std::int32_t shared = SEINE_TRY(sizes.size_or("expert_shared_count", 0));
  if (std::int64_t{shared} * c.hidden > 1 << 24) {
    return std::unexpected(sizes.wrong("expert_shared_count", "is out of range"));
  }
  c.shared_hidden = shared * c.hidden;
  const std::int32_t gating = SEINE_TRY(sizes.size_or("expert_gating_func", 1));
  if (gating != 1 && gating != 2) {
    return std::unexpected(sizes.wrong("expert_gating_func", "is neither 1 (softmax) nor 2"));
  }
  r.score = gating == 1 ? RoutingConfig::Score::kSoftmax : RoutingConfig::Score::kSigmoid;
  r.groups = std::max(1, SEINE_TRY(sizes.size_or("expert_group_count", 1)));
  r.groups_used = std::max(1, SEINE_TRY(sizes.size_or("expert_group_used_count", 1)));
  r.normalise = SEINE_TRY(sizes.flag_or("expert_weights_norm", false));
  r.scale = static_cast<float>(SEINE_TRY(sizes.number_or("expert_weights_scale", 1.0)));
  // Some files write 0 for "no scale".
  if (r.scale == 0) r.scale = 1;
  if (r.experts > 1 << 14 || r.experts % r.groups != 0 || r.groups_used > r.groups ||
      r.used > r.experts / r.groups * r.groups_used) {
    return base::fail_field(Code::kInvalidArgument, sizes.full("expert_used_count"),
                            "{} of {} experts cannot be used with {} of {} groups", r.used,
                            r.experts, r.groups_used, r.groups);
  }
  return c;
}

base::Result<ExpertWeights> ExpertWeights::read(const WeightReader& weights, std::int32_t layer,
                                                const ExpertConfig& c) {
  const auto name = [layer](std::string_view rest) { return layer_tensor(layer, rest); };
  const std::int32_t experts = c.routing.experts;
  ExpertWeights out;
  out.router = SEINE_TRY(weights.floats(name("ffn_gate_inp.weight"), experts, c.width));
  out.bias = SEINE_TRY(weights.optional_vector(name("exp_probs_b.bias"), experts));
  if (weights.has(name("ffn_gate_up_exps.weight"))) {
    const auto fused =
        SEINE_TRY(weights.stack(name("ffn_gate_up_exps.weight"), experts, 2 * c.hidden, c.width));
    for (const MatrixView& both : fused) {
      out.gate.push_back(rows_of(both, 0, c.hidden));
      out.up.push_back(rows_of(both, c.hidden, c.hidden));
    }
  } else {
    out.gate = SEINE_TRY(weights.stack(name("ffn_gate_exps.weight"), experts, c.hidden, c.width));
    out.up = SEINE_TRY(weights.stack(name("ffn_up_exps.weight"), experts, c.hidden, c.width));
  }
  out.down = SEINE_TRY(weights.stack(name("ffn_down_exps.weight"), experts, c.width, c.hidden));
  if (c.shared_hidden > 0) {
    out.shared = SEINE_TRY(MlpWeights::read(weights, layer, "_shexp", c.width, c.shared_hidden));
  }
  return out;
}

Experts::Experts(const ExpertConfig& config, const Compute& compute, std::int32_t rows_max)
    : config_(config), compute_(&compute), router_(config.routing) {
  const std::int64_t slots = std::int64_t{rows_max} * config.routing.used;
  const auto pairs = static_cast<std::size_t>(slots);
  chosen_.resize(pairs);
  share_.resize(pairs);
  slot_.resize(pairs);
  counts_.resize(2 * static_cast<std::size_t>(config.routing.experts));
  groups_.reserve(counts_.size());
  route_scratch_.resize(
      static_cast<std::size_t>(router_.scratch_floats() + config.routing.experts) *
      static_cast<std::size_t>(compute.pool().threads()));
  gathered_ = FloatRows(slots, config.width);
  gate_ = FloatRows(slots, config.hidden);
  up_ = FloatRows(slots, config.hidden);
  out_ = FloatRows(slots, config.width);
  // Every group starts on a tile of its own.
  const std::int64_t tiles =
      slots / kPackRows + std::min(slots, std::int64_t{2} * config.routing.experts);
  packed_ = AlignedBytes(static_cast<std::size_t>(tiles) *
                         compute.packed_bytes(kPackRows, std::max(config.width, config.hidden)));
}

void Experts::route(const ExpertWeights& w, const float* normed, std::int64_t rows) {
  const std::int64_t experts = config_.routing.experts;
  const std::int64_t used = config_.routing.used;
  compute_->pool().split(rows, 1, [&](std::int64_t first, std::int64_t last, int thread) {
    float* logits =
        route_scratch_.data() + std::int64_t{thread} * (router_.scratch_floats() + experts);
    for (std::int64_t r = first; r < last; ++r) {
      for (std::int64_t e = 0; e < experts; ++e) {
        logits[e] = compute_->vector().dot(normed + r * config_.width,
                                           w.router.data() + e * config_.width, config_.width);
      }
      router_.choose(logits, w.bias, chosen_.data() + r * used, share_.data() + r * used,
                     logits + experts);
    }
  });
}

void Experts::sort(RowCounts rows) {
  const Kernels& plain = compute_->kernels();
  const auto pairs = static_cast<std::size_t>(rows.all() * config_.routing.used);
  const auto decoding = plain.prompt == nullptr
                            ? pairs
                            : static_cast<std::size_t>(rows.decode * config_.routing.used);
  const auto count_of = [&](std::size_t pair) -> std::int32_t& {
    return counts_[2 * static_cast<std::size_t>(chosen_[pair]) + (pair < decoding ? 0 : 1)];
  };
  std::fill(counts_.begin(), counts_.end(), 0);
  for (std::size_t i = 0; i < pairs; ++i) ++count_of(i);
  groups_.clear();
  std::int32_t slot = 0;
  std::int32_t tile = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    std::int32_t& count = counts_[i];
    if (count == 0) continue;
    groups_.push_back({.kernels = i % 2 == 0 ? &plain : &compute_->prompt_kernels(),
                       .expert = static_cast<std::int32_t>(i / 2),
                       .first = slot,
                       .rows = count,
                       .first_tile = tile});
    tile += static_cast<std::int32_t>((count + kPackRows - 1) / kPackRows);
    slot += std::exchange(count, slot);  // from now on: the group's next free slot
  }
  for (std::size_t i = 0; i < pairs; ++i) slot_[i] = count_of(i)++;
}

std::byte* Experts::packed_of(const Group& group, std::int64_t columns) {
  return packed_.data() +
         static_cast<std::size_t>(group.first_tile) * compute_->packed_bytes(kPackRows, columns);
}

ActivationView Experts::view_of(const Group& group, const MatrixView& weight, const float* x) {
  const std::int64_t columns = weight.columns;
  ActivationView view{.f32 = x + group.first * columns,
                      .stride = columns,
                      .packed = nullptr,
                      .rows = group.rows,
                      .columns = columns};
  if (group.kernels->wants_packed(weight.type)) view.packed = packed_of(group, columns);
  return view;
}

void Experts::pack(std::span<const MatrixView> weights, const float* x, std::int64_t columns) {
  const DType type = weights.front().type;
  compute_->pool().each(static_cast<std::int64_t>(groups_.size()), [&](std::int64_t i, int) {
    const Group& group = groups_[static_cast<std::size_t>(i)];
    if (!group.kernels->wants_packed(type)) return;
    group.kernels->pack(x + group.first * columns, columns, group.rows, columns, 0,
                        (group.rows + kPackRows - 1) / kPackRows, packed_of(group, columns));
  });
}

void Experts::tell(std::initializer_list<std::span<const MatrixView>> weights, const float* x,
                   std::int64_t columns) {
  if (!compute_->is_observed()) return;
  for (const Group& group : groups_) {
    std::vector<const MatrixView*> seen;
    for (const auto of : weights) seen.push_back(&of[static_cast<std::size_t>(group.expert)]);
    compute_->tell(seen, x + group.first * columns, columns, group.rows);
  }
}

// Outputs [first, first + kTaskOutputs) of one expert for its rows; y (slots, weight rows).
void Experts::multiply(const MatrixView& weight, const ActivationView& view, const Group& group,
                       std::int64_t first, float* y, int thread) {
  group.kernels->gemm(weight, first, std::min(first + kTaskOutputs, weight.rows), view,
                      y + group.first * weight.rows, weight.rows, false,
                      compute_->pool().scratch(thread));
}

void Experts::run(const ExpertWeights& w, const float* normed, RowCounts counts,
                  Activations& activations, Mlp& shared, float* x) {
  const std::int64_t rows = counts.all();
  const std::int64_t width = config_.width;
  const std::int64_t hidden = config_.hidden;
  const std::int64_t used = config_.routing.used;
  ThreadPool& pool = compute_->pool();
  route(w, normed, rows);
  sort(counts);
  if (config_.shared_hidden > 0) {
    activations.set(normed, width, counts, width);
    shared.run(w.shared, activations, x);
  }
  pool.split(rows, 4, [&](std::int64_t first, std::int64_t last, int) {
    for (std::int64_t r = first; r < last; ++r) {
      for (std::int64_t k = 0; k < used; ++k) {
        std::copy_n(
            normed + r * width, width,
            gathered_.data() + std::int64_t{slot_[static_cast<std::size_t>(r * used + k)]} * width);
      }
    }
  });
  tell({w.gate, w.up}, gathered_.data(), width);
  pack(w.gate, gathered_.data(), width);
  const auto groups = static_cast<std::int64_t>(groups_.size());
  const std::int64_t pieces = (hidden + kTaskOutputs - 1) / kTaskOutputs;
  pool.each(groups * pieces, [&](std::int64_t task, int thread) {
    const Group& group = groups_[static_cast<std::size_t>(task / pieces)];
    const std::int64_t first = task % pieces * kTaskOutputs;
    for (const bool is_gate : {true, false}) {
      const auto expert = static_cast<std::size_t>(group.expert);
      const MatrixView& weight = is_gate ? w.gate[expert] : w.up[expert];
      multiply(weight, view_of(group, weight, gathered_.data()), group, first,
               is_gate ? gate_.data() : up_.data(), thread);
    }
  });
  compute_->silu_mul(gate_.data(), up_.data(), rows * used, hidden);
  tell({w.down}, gate_.data(), hidden);
  pack(w.down, gate_.data(), hidden);
  const std::int64_t down_pieces = (width + kTaskOutputs - 1) / kTaskOutputs;
  pool.each(groups * down_pieces, [&](std::int64_t task, int thread) {
    const Group& group = groups_[static_cast<std::size_t>(task / down_pieces)];
    const MatrixView& weight = w.down[static_cast<std::size_t>(group.expert)];
    multiply(weight, view_of(group, weight, gate_.data()), group, task % down_pieces * kTaskOutputs,
             out_.data(), thread);
  });
  pool.split(rows, 4, [&](std::int64_t first, std::int64_t last, int) {
    for (std::int64_t r = first; r < last; ++r) {
      for (std::int64_t k = 0; k < used; ++k) {
        const auto pair = static_cast<std::size_t>(r * used + k);
        compute_->vector().axpy(share_[pair], out_.data() + std::int64_t{slot_[pair]} * width,
                                x + r * width, width);
      }
    }
  });
}

}  // namespace seine::engine
