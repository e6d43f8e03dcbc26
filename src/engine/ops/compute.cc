#include "engine/ops/compute.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/assert.h"
#include "engine/kernels/interleave.h"

namespace seine::engine {
namespace {

constexpr std::align_val_t kAlignment{64};
// How the outputs of products are handed out: in pieces of some grains, many of them, so that
// threads end together.
struct Pieces {
  std::int64_t grain;  // outputs
  std::int64_t each;   // pieces for each thread
  std::int64_t most;   // grains of a piece
};
// A multiple of every kernel's block of outputs (32, 48), long enough for a panel to pay.
constexpr Pieces kPanelPieces{.grain = 96, .each = 16, .most = 13};
// Interleaved weights are read front to back, whatever the length of a piece.
constexpr Pieces kStreamedPieces{.grain = kInterleavedOutputs, .each = 48, .most = 39};
constexpr std::int64_t kStreamedRows = 8;  // the most that any kernel streams through

Pieces pieces_for(std::span<const Product> products, std::int64_t rows) {
  const bool streams = rows <= kStreamedRows && std::ranges::all_of(products, [](const Product& p) {
                         return p.weight->interleaved != nullptr;
                       });
  return streams ? kStreamedPieces : kPanelPieces;
}

std::int64_t grains(const Product& product, const Pieces& pieces) {
  return (product.weight->rows + pieces.grain - 1) / pieces.grain;
}

}  // namespace

AlignedBytes::AlignedBytes(std::size_t size) : size_(size) {
  if (size > 0) data_ = static_cast<std::byte*>(::operator new(size, kAlignment));
}
AlignedBytes::AlignedBytes(AlignedBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
AlignedBytes& AlignedBytes::operator=(AlignedBytes&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}
AlignedBytes::~AlignedBytes() {
  if (data_ != nullptr) ::operator delete(data_, kAlignment);
}

Activations::Activations(const Kernels& kernels, std::int64_t rows_max, std::int64_t columns_max) {
  parts_[0].kernels = &kernels;
  parts_[0].packed = AlignedBytes(kernels.packed_bytes(rows_max, columns_max));
  if (kernels.prompt == nullptr) return;
  parts_[1].kernels = kernels.prompt;
  parts_[1].packed = AlignedBytes(kernels.prompt->packed_bytes(rows_max, columns_max));
}

void Activations::set(const float* x, std::int64_t stride, RowCounts rows, std::int64_t columns) {
  if (parts_[1].kernels == nullptr) rows = {.decode = rows.all(), .prompt = 0};
  const ActivationView view{
      .f32 = x, .stride = stride, .packed = nullptr, .rows = rows.decode, .columns = columns};
  parts_[0].view = view;
  parts_[1].view = view;
  parts_[1].view.f32 = x + rows.decode * stride;
  parts_[1].view.rows = rows.prompt;
}

Compute::Compute(ThreadPool& pool, const Kernels& kernels, ProductObserver* observer)
    : pool_(pool),
      kernels_(kernels),
      vector_(vector_ops_for(kernels.isa)),
      prompt_vector_(vector_ops_for(prompt_kernels().isa)),
      observer_(observer) {}

void Compute::pack(Activations::Part& part, std::span<const Product> products) const {
  ActivationView& view = part.view;
  const Kernels& kernels = *part.kernels;
  if (view.packed != nullptr || std::ranges::none_of(products, [&](const Product& p) {
        return kernels.wants_packed(p.weight->type);
      }))
    return;
  SEINE_ASSERT(kernels.packed_bytes(view.rows, view.columns) <= part.packed.size(),
               "activations fit the buffer made for them");
  const std::int64_t tiles = (view.rows + kPackRows - 1) / kPackRows;
  pool_.split(tiles, 1, [&](std::int64_t first, std::int64_t last, int) {
    kernels.pack(view.f32, view.stride, view.rows, view.columns, first, last, part.packed.data());
  });
  view.packed = part.packed.data();
}

void Compute::multiply(Activations& x, std::span<const Product> products) const {
  for (const Product& p : products) {
    SEINE_ASSERT(p.weight->columns == x.parts_[0].view.columns, "a product's inner sizes agree");
  }
  std::vector<const MatrixView*> seen;
  if (is_observed()) {
    for (const Product& p : products) seen.push_back(p.weight);
  }
  std::int64_t row = 0;
  for (Activations::Part& part : x.parts_) {
    const ActivationView& view = part.view;
    if (view.rows == 0) continue;
    tell(seen, view.f32, view.stride, view.rows);
    pack(part, products);
    // All outputs of all products are one line of grains, handed out piece by piece: a thread that
    // other work holds up keeps nobody waiting for more than a piece.
    const Pieces pieces = pieces_for(products, view.rows);
    std::int64_t units = 0;
    for (const Product& p : products) units += grains(p, pieces);
    const std::int64_t piece =
        std::clamp(units / (pieces.each * pool_.threads()), std::int64_t{1}, pieces.most);
    pool_.each((units + piece - 1) / piece, [&](std::int64_t index, int thread) {
      const std::int64_t first = index * piece;
      const std::int64_t last = std::min(first + piece, units);
      std::int64_t start = 0;
      for (const Product& p : products) {
        const std::int64_t count = grains(p, pieces);
        const std::int64_t from = std::max(first - start, std::int64_t{0});
        const std::int64_t to = std::min(last - start, count);
        if (from < to) {
          part.kernels->gemm(*p.weight, from * pieces.grain,
                             std::min(to * pieces.grain, p.weight->rows), view,
                             p.y + row * p.stride, p.stride, p.accumulate, pool_.scratch(thread));
        }
        start += count;
      }
    });
    row += view.rows;
  }
}

void Compute::multiply(Activations& x, const MatrixView& weight, float* y, bool accumulate) const {
  const Product product{.weight = &weight, .y = y, .stride = weight.rows, .accumulate = accumulate};
  multiply(x, {&product, 1});
}

void Compute::multiply_here(const MatrixView& weight, const float* x, std::int64_t stride,
                            RowCounts rows, float* y, std::int64_t y_stride, std::byte* packed,
                            int thread) const {
  tell(weight, x, stride, rows.all());
  if (kernels_.prompt == nullptr) rows = {.decode = rows.all(), .prompt = 0};
  const auto part = [&](const Kernels& kernels, std::int64_t first, std::int64_t count) {
    if (count == 0) return;
    ActivationView view{.f32 = x + first * stride,
                        .stride = stride,
                        .packed = nullptr,
                        .rows = count,
                        .columns = weight.columns};
    if (kernels.wants_packed(weight.type)) {
      kernels.pack(view.f32, stride, count, weight.columns, 0, (count + kPackRows - 1) / kPackRows,
                   packed);
      view.packed = packed;
    }
    kernels.gemm(weight, 0, weight.rows, view, y + first * y_stride, y_stride, false,
                 pool_.scratch(thread));
  };
  part(kernels_, 0, rows.decode);
  part(prompt_kernels(), rows.decode, rows.prompt);
}

std::size_t Compute::packed_bytes(std::int64_t rows, std::int64_t columns) const {
  return std::max(kernels_.packed_bytes(rows, columns),
                  prompt_kernels().packed_bytes(rows, columns));
}

void Compute::rmsnorm(const float* x, const float* w, std::int64_t rows, std::int64_t width,
                      float eps, float* y) const {
  pool_.split(rows, 16, [&](std::int64_t first, std::int64_t last, int) {
    for (std::int64_t r = first; r < last; ++r) {
      vector_.rmsnorm(x + r * width, w, width, eps, y + r * width);
    }
  });
}

void Compute::silu_mul(float* gate, const float* up, std::int64_t rows, std::int64_t width) const {
  pool_.split(rows, 8, [&](std::int64_t first, std::int64_t last, int) {
    vector_.silu_mul(gate + first * width, up + first * width, (last - first) * width);
  });
}

void Compute::add_bias(float* y, const std::vector<float>& bias, std::int64_t rows) const {
  const auto width = static_cast<std::int64_t>(bias.size());
  for (std::int64_t r = 0; r < rows; ++r) vector_.axpy(1.0f, bias.data(), y + r * width, width);
}

}  // namespace seine::engine
