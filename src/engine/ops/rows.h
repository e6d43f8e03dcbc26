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
  // Consecutive rows of one run.
  struct Chunk {
    std::int32_t run;
    std::int32_t first_row;
    std::int32_t rows;
    // Leading positions that lie in the same blocks as those of the chunk before in its group.
    std::int32_t shared;
  };
  // Chunks that attention takes together, as they begin in the same blocks. All of one Phase.
  struct Group {
    std::int32_t first_chunk;
    std::int32_t chunks;
  };

  // A run, its first row, and how many leading positions it has in the same blocks as the run
  // before it in the order.
  struct Ordered {
    std::int32_t run;
    std::int32_t first_row;
    std::int32_t shared;
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
  // Those that decode, then those of prompts, in either neighbours alike in their leading blocks.
  std::span<const Ordered> ordered() const { return order_; }
  // Groups of at most `rows_max` rows over the runs of the first `count` rows, and the chunks that
  // they are made of; valid until the next call. Runs whose first `shared_least` positions lie in
  // the same blocks come together; 0: none do.
  std::span<const Group> groups(std::int32_t count, std::int32_t rows_max,
                                std::int32_t shared_least);
  std::span<const Chunk> chunks(const Group& group) const {
    return std::span(chunks_).subspan(static_cast<std::size_t>(group.first_chunk),
                                      static_cast<std::size_t>(group.chunks));
  }

 private:
  void order(const KvStorage* kv);

  BatchLimits limits_;
  std::span<const TokenRun> runs_;
  std::vector<Row> rows_;
  std::vector<Ordered> order_;
  std::vector<Chunk> chunks_;
  std::vector<Group> groups_;
  std::vector<float> angles_;
  std::int32_t rope_dim_ = 0;
  std::int64_t decode_ = 0;  // rows of runs that decode
};

}  // namespace seine::engine
