// What the machine can do at most, right now: memory it reads and products it multiplies in a
// second, on all threads of a pool. Every speed that is reported stands beside these, measured in
// the same run, as other guests of the machine move them. One caller at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/kernels/table.h"
#include "engine/kernels/thread_pool.h"
#include "engine/ops/compute.h"

namespace seine::engine {

struct MachineLimits {
  double read_bytes = 0;  // bytes a second from memory
  double multiplies = 0;  // multiply-adds a second of a prompt's products: of bytes, of bf16 where
                          // tiles do them; 0 where they cannot be measured
  bool from_memory = true;  // false when what was read may fit a cache
};

// As much memory as a model of `model_bytes` reads, up to 256 MiB: of its own, in large pages where
// there are some, touched before. A file's pages will not do: those that nobody has read yet (rows
// of the embedding) cost a fault each, which is not what reading weights costs.
AlignedBytes memory_to_read(std::uint64_t model_bytes);

// Reads `bytes` once.
MachineLimits measure_limits(ThreadPool& pool, const Kernels& kernels,
                             std::span<const std::byte> bytes);

}  // namespace seine::engine
