#include "engine/model/interleaved_weights.h"

#include <sys/mman.h>

#include <algorithm>

#include "engine/kernels/interleave.h"

namespace seine::engine {
namespace {

// What a thread takes at a time, and how often progress is told.
constexpr std::int64_t kPieceBytes = std::int64_t{1} << 20;
constexpr std::size_t kPiecesATime = 64;
constexpr std::size_t kAlignment = 64;

std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

std::uint64_t InterleavedWeights::bytes_of(const ModelFile& file) {
  const bool is_tied = file.find("output.weight") == nullptr;
  std::uint64_t out = 0;
  for (const Tensor& tensor : file.tensors()) {
    if (tensor.shape.size() < 2 || !can_interleave(tensor.dtype)) continue;
    if (tensor.name == "token_embd.weight" && !is_tied) continue;
    const std::uint64_t matrices = tensor.shape.size() == 3 ? tensor.shape[0] : 1;
    if (matrices == 0) continue;
    // Outputs are padded, and matrices begin at whole cache lines.
    const std::uint64_t row = tensor.bytes() / std::max<std::uint64_t>(tensor.rows(), 1);
    const std::uint64_t each = (tensor.rows() / matrices + kInterleavedOutputs - 1) /
                               kInterleavedOutputs * kInterleavedOutputs * row;
    out += matrices * aligned(each);
  }
  return out;
}

std::unique_ptr<InterleavedWeights> InterleavedWeights::reserve(std::uint64_t bytes) {
  if (bytes == 0) return nullptr;
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) return nullptr;
  // A wish: without large pages it is a little slower to fill.
  (void)::madvise(data, bytes, MADV_HUGEPAGE);
  return std::unique_ptr<InterleavedWeights>(
      new InterleavedWeights(static_cast<std::byte*>(data), bytes));
}

InterleavedWeights::~InterleavedWeights() {
  ::munmap(data_, size_);
}

void InterleavedWeights::add(MatrixView& view) {
  if (!can_interleave(view.type) || view.rows == 0) return;
  const std::size_t bytes = aligned(interleaved_bytes(view));
  if (bytes > size_ - used_) return;
  std::byte* to = data_ + used_;
  used_ += bytes;
  const std::int64_t groups = (view.rows + kInterleavedOutputs - 1) / kInterleavedOutputs;
  const std::int64_t some =
      std::max<std::int64_t>(1, kPieceBytes / (kInterleavedOutputs * view.row_bytes));
  for (std::int64_t first = 0; first < groups; first += some)
    pieces_.push_back({view, first, std::min(first + some, groups), to});
  view.interleaved = to;
}

base::Result<> InterleavedWeights::fill(ThreadPool& pool, const LoadProgress& progress) {
  for (std::size_t at = 0; at < pieces_.size(); at += kPiecesATime) {
    if (progress && !progress(used_ * at / pieces_.size(), used_))
      return base::fail(base::Code::kCancelled, "the load was cancelled");
    const std::size_t count = std::min(kPiecesATime, pieces_.size() - at);
    pool.each(static_cast<std::int64_t>(count), [&](std::int64_t i, int) {
      const Piece& piece = pieces_[at + static_cast<std::size_t>(i)];
      interleave(piece.from, piece.first, piece.last, piece.to);
    });
  }
  pieces_.clear();
  pieces_.shrink_to_fit();
  return {};
}

}  // namespace seine::engine
