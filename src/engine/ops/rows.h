// BatchRows: a ragged batch laid out as rows, the form that every op reads: for each row its token,
// sequence and position. Checked against the limits once, so that ops need not. Reused from batch
// to batch without allocating.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "engine/model/model.h"
#include "engine/ops/compute.h"
#include "engine/ops/rope.h"

namespace seine::engine {

struct BatchLimits {
  std::int32_t rows = 0;
  std::int32_t logit_rows = 0;
  std::int32_t context = 0;
  std::int32_t vocabulary = 0;
};

class BatchRows {
 public:
  struct Row {
    TokenId token;
    std::int32_t run;
    std::int32_t position;
  };
  // Consecutive rows of one run that attention takes together.
  struct Chunk {
    std::int32_t run;
    std::int32_t first_row;
    std::int32_t rows;
  };

  explicit BatchRows(const BatchLimits& limits);

  // Errors name the run and what is wrong with it. `kv` may be null for models without a cache.
  base::Result<> set(std::span<const TokenRun> runs, std::span<const std::int32_t> logit_rows,
                     const KvStorage* kv);
  // Fills the rows' angles; (rows, rope.dim()).
  void set_angles(const Rope& rope);

  // Rows that decode come before those of prompts.
  RowCounts counts() const { return {.decode = decode_, .prompt = size() - decode_}; }
  std::int32_t size() const { return static_cast<std::int32_t>(rows_.size()); }
  const Row& row(std::int32_t index) const { return rows_[static_cast<std::size_t>(index)]; }
  std::span<const TokenRun> runs() const { return runs_; }
  const TokenRun& run_of(std::int32_t row_index) const {
    return runs_[static_cast<std::size_t>(row(row_index).run)];
  }
  const float* angles(std::int32_t index) const {
    return angles_.data() + static_cast<std::size_t>(index) * static_cast<std::size_t>(rope_dim_);
  }
  // Cuts the runs of the first `count` rows so that a chunk has at most `rows_max` rows; valid
  // until the next call.
  std::span<const Chunk> chunks(std::int32_t count, std::int32_t rows_max);

 private:
  BatchLimits limits_;
  std::span<const TokenRun> runs_;
  std::vector<Row> rows_;
  std::vector<Chunk> chunks_;
  std::vector<float> angles_;
  std::int32_t rope_dim_ = 0;
  std::int64_t decode_ = 0;  // rows of runs that decode
};

}  // namespace seine::engine
