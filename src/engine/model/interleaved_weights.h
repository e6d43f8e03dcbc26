// InterleavedWeights: a model's own copy of its weights in the layout that products of few rows
// read fastest (kernels/interleave.h). Owned by the model, filled once while it is loaded,
// read-only afterwards. Memory that other processes do not share: whoever loads a model decides
// whether there is enough (ModelSettings::weights).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/error.h"
#include "engine/formats/model_file.h"
#include "engine/kernels/matrix.h"
#include "engine/kernels/thread_pool.h"

namespace seine::engine {

class InterleavedWeights {
 public:
  // What the copies of a file's matrices take at most; nothing where no product would read them.
  static std::uint64_t bytes_of(const ModelFile& file);
  // Address space for that many bytes; pages are taken as they are filled. Null where the system
  // gives none: the model then reads the file.
  static std::unique_ptr<InterleavedWeights> reserve(std::uint64_t bytes);
  ~InterleavedWeights();
  InterleavedWeights(const InterleavedWeights&) = delete;
  InterleavedWeights& operator=(const InterleavedWeights&) = delete;

  // Gives the view a place in the copy, which fill() writes; leaves it alone where its type has no
  // such layout or the space is used up.
  void add(MatrixView& view);
  // kCancelled when `progress` says so.
  base::Result<> fill(ThreadPool& pool, const LoadProgress& progress);

 private:
  struct Piece {
    MatrixView from;
    std::int64_t first = 0;  // groups of outputs
    std::int64_t last = 0;
    std::byte* to = nullptr;  // of group 0
  };

  InterleavedWeights(std::byte* data, std::size_t size) : data_(data), size_(size) {}

  std::byte* data_;
  std::size_t size_;
  std::size_t used_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace seine::engine
