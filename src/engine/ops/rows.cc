#include "engine/ops/rows.h"

#include <algorithm>
#include <limits>

namespace seine::engine {

using base::Code;

BatchRows::BatchRows(const BatchLimits& limits) : limits_(limits) {
  rows_.reserve(static_cast<std::size_t>(limits.rows));
  order_.reserve(static_cast<std::size_t>(limits.rows));
  chunks_.reserve(static_cast<std::size_t>(limits.rows));
  groups_.reserve(static_cast<std::size_t>(limits.rows));
}

namespace {

base::Result<> check_run(const TokenRun& run, std::size_t index, const BatchLimits& limits,
                         const KvStorage* kv) {
  const auto count = static_cast<std::int64_t>(run.tokens.size());
  if (count == 0) return base::fail(Code::kInvalidArgument, "run {} has no tokens", index);
  if (run.first_position < 0 || run.first_position + count > limits.context) {
    return base::fail(Code::kOutOfRange, "run {} ends at position {}, the model's limit is {}",
                      index, run.first_position + count, limits.context);
  }
  for (const TokenId token : run.tokens) {
    if (token < 0 || token >= limits.vocabulary) {
      return base::fail(Code::kInvalidArgument, "token {} of run {} is not within 0 to {}", token,
                        index, limits.vocabulary - 1);
    }
  }
  if (kv == nullptr) return {};
  const std::int64_t needed = kv->layout().blocks_for(run.first_position + count);
  if (static_cast<std::int64_t>(run.blocks.size()) < needed) {
    return base::fail(Code::kInvalidArgument, "run {} brings {} KV blocks and needs {}", index,
                      run.blocks.size(), needed);
  }
  for (const KvBlockId block : run.blocks.first(static_cast<std::size_t>(needed))) {
    if (block < 0 || block >= kv->blocks()) {
      return base::fail(Code::kInvalidArgument, "KV block {} of run {} is not within 0 to {}",
                        block, index, kv->blocks() - 1);
    }
  }
  return {};
}

}  // namespace

base::Result<> BatchRows::set(std::span<const TokenRun> runs,
                              std::span<const std::int32_t> logit_rows, const KvStorage* kv) {
  rows_.clear();
  runs_ = runs;
  std::size_t total = 0;
  for (const TokenRun& run : runs) total += run.tokens.size();
  if (total > static_cast<std::size_t>(limits_.rows)) {
    return base::fail(Code::kResourceExhausted, "the batch has {} rows, the limit is {}", total,
                      limits_.rows);
  }
  if (logit_rows.size() > static_cast<std::size_t>(limits_.logit_rows)) {
    return base::fail(Code::kResourceExhausted, "logits of {} rows are wanted, the limit is {}",
                      logit_rows.size(), limits_.logit_rows);
  }
  for (std::size_t i = 0; i < runs.size(); ++i) SEINE_CHECK(check_run(runs[i], i, limits_, kv));
  decode_ = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].phase == Phase::kPrompt) continue;
    if (i > 0 && runs[i - 1].phase == Phase::kPrompt) {
      return base::fail(Code::kInvalidArgument,
                        "run {} decodes and comes after one that is part of a prompt", i);
    }
    decode_ += static_cast<std::int64_t>(runs[i].tokens.size());
  }
  std::int64_t last = -1;
  for (const std::int32_t row : logit_rows) {
    if (row <= last || row >= static_cast<std::int64_t>(total)) {
      return base::fail(Code::kInvalidArgument, "logit row {} after row {} in a batch of {} rows",
                        row, last, total);
    }
    last = row;
  }
  for (std::size_t i = 0; i < runs.size(); ++i) {
    std::int32_t position = runs[i].first_position;
    for (const TokenId token : runs[i].tokens) {
      rows_.push_back({token, static_cast<std::int32_t>(i), position++});
    }
  }
  order(kv);
  return {};
}

void BatchRows::order(const KvStorage* kv) {
  order_.clear();
  std::int32_t row = 0;
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    order_.push_back({.run = static_cast<std::int32_t>(i), .first_row = row, .shared = 0});
    row += static_cast<std::int32_t>(runs_[i].tokens.size());
  }
  if (kv == nullptr) return;
  const auto blocks = [&](const Ordered& o) {
    return runs_[static_cast<std::size_t>(o.run)].blocks;
  };
  const auto prompts = std::ranges::partition_point(
      order_, [this](const Ordered& o) { return o.first_row < decode_; });
  const auto sort = [&](auto first, auto last) {
    std::sort(first, last, [&](const Ordered& a, const Ordered& b) {
      return std::ranges::lexicographical_compare(blocks(a), blocks(b));
    });
    for (auto at = first; at != last; ++at) {
      if (at == first) continue;
      const auto before = blocks(*(at - 1));
      const auto same = std::ranges::mismatch(before, blocks(*at)).in1 - before.begin();
      at->shared = static_cast<std::int32_t>(same) * kv->layout().block_tokens;
    }
  };
  sort(order_.begin(), prompts);
  sort(prompts, order_.end());
}

void BatchRows::set_angles(const Rope& rope) {
  rope_dim_ = rope.dim();
  angles_.resize(static_cast<std::size_t>(limits_.rows) * static_cast<std::size_t>(rope_dim_));
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    rope.angles(rows_[i].position, angles_.data() + i * static_cast<std::size_t>(rope_dim_));
  }
}

std::span<const BatchRows::Group> BatchRows::groups(std::int32_t count, std::int32_t rows_max,
                                                    std::int32_t shared_least) {
  chunks_.clear();
  groups_.clear();
  std::int32_t grouped = 0;  // rows of the last group
  for (const Ordered& each : order_) {
    if (each.first_row >= count) continue;
    const auto rows =
        static_cast<std::int32_t>(runs_[static_cast<std::size_t>(each.run)].tokens.size());
    const bool joins =
        shared_least > 0 && each.shared >= shared_least && grouped + rows <= rows_max;
    for (std::int32_t at = 0; at < rows; at += rows_max) {
      const std::int32_t taken = std::min(rows_max, rows - at);
      if (joins) {
        ++groups_.back().chunks;
        grouped += taken;
      } else {
        groups_.push_back({.first_chunk = static_cast<std::int32_t>(chunks_.size()), .chunks = 1});
        grouped = taken;
      }
      chunks_.push_back({.run = each.run,
                         .first_row = each.first_row + at,
                         .rows = taken,
                         .shared = joins ? each.shared : 0});
    }
  }
  return groups_;
}

}  // namespace seine::engine
