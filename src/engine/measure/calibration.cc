#include "engine/measure/calibration.h"

#include <algorithm>
#include <mutex>
#include <numeric>
#include <utility>

#include "engine/kernels/table.h"
#include "engine/model/registry.h"
#include "engine/ops/vector.h"
#include "engine/tokenizer/tokenizer.h"

namespace seine::engine {
namespace {

using base::Code;
using base::Result;

std::uint64_t matrices_of(const Tensor& tensor) {
  return tensor.shape.size() == 3 ? tensor.shape[0] : 1;
}

// Rows of fewer inputs than a block are not quantised.
bool is_measured(const Tensor& tensor) {
  return tensor.shape.size() > 1 && tensor.columns() % kLanes == 0;
}

// Sums by the place of a weight in the mapped file: views of rows and of experts find their tensor.
class Sums final : public ProductObserver {
 public:
  Sums(std::span<const Tensor* const> tensors, const VectorOps& vector, int threads)
      : vector_(vector), pool_(threads) {
    for (const Tensor* tensor : tensors) {
      for (std::uint64_t i = 0; i < matrices_of(*tensor) && is_measured(*tensor); ++i) {
        const std::span<const std::byte> bytes = tensor->matrix(i).bytes;
        places_.emplace(bytes.data(), Place{tensor, i, bytes.size(), nullptr});
      }
    }
  }

  void see(std::span<const MatrixView* const> weights, const float* x, std::int64_t stride,
           std::int64_t rows) override {
    const std::lock_guard lock(mutex_);
    for (const std::shared_ptr<Inputs>& inputs : inputs_of(weights)) {
      inputs->rows += static_cast<std::uint64_t>(rows);
      add(x, stride, rows, inputs->moments);
    }
  }

  // The means, tensor by tensor.
  std::map<const Tensor*, std::vector<std::shared_ptr<const InputMoments>>> finish() {
    std::map<const Tensor*, std::vector<std::shared_ptr<const InputMoments>>> out;
    for (auto& [data, place] : places_) {
      if (place.inputs == nullptr) continue;
      if (!place.inputs->is_finished) place.inputs->moments.finish(place.inputs->rows);
      place.inputs->is_finished = true;
      auto& of = out[place.tensor];
      of.resize(matrices_of(*place.tensor));
      of[place.matrix] = std::shared_ptr<const InputMoments>(place.inputs, &place.inputs->moments);
    }
    return out;
  }

 private:
  struct Inputs {
    InputMoments moments;  // sums of one triangle while text is read
    std::uint64_t rows = 0;
    bool is_finished = false;
  };
  struct Place {
    const Tensor* tensor;
    std::uint64_t matrix;
    std::size_t bytes;
    std::shared_ptr<Inputs> inputs;  // null: none was seen yet
  };

  // What is summed for these weights: one for all that are first seen together, as what a model
  // multiplies together it always does.
  std::vector<std::shared_ptr<Inputs>> inputs_of(std::span<const MatrixView* const> weights) {
    std::vector<std::shared_ptr<Inputs>> out;
    std::shared_ptr<Inputs> fresh;
    for (const MatrixView* const weight : weights) {
      auto at = places_.upper_bound(weight->data);
      if (at == places_.begin()) continue;
      Place& place = (--at)->second;
      const auto offset = static_cast<std::size_t>(weight->data - at->first);
      const auto columns = static_cast<std::size_t>(weight->columns);
      // Made from a tensor, and not a part of it.
      if (offset >= place.bytes || place.tensor->columns() != columns) continue;
      if (place.inputs == nullptr) {
        if (fresh == nullptr) {
          fresh = std::make_shared<Inputs>();
          fresh->moments = InputMoments(columns);
        }
        place.inputs = fresh;
      }
      if (std::ranges::find(out, place.inputs) == out.end()) out.push_back(place.inputs);
    }
    return out;
  }

  // In blocks of kTileKeys columns by those up to them, shared out to threads: weighted_sum() takes
  // the rows as values that their own columns weigh.
  void add(const float* x, std::int64_t stride, std::int64_t rows, InputMoments& moments) {
    struct Block {
      std::size_t stretch;
      std::size_t first;  // column
    };
    std::vector<Block> blocks;
    for (std::size_t s = 0; s < moments.stretches(); ++s) {
      for (std::size_t c = 0; c < moments.width(s); c += kTileKeys) blocks.push_back({s, c});
    }
    pool_.each(static_cast<std::int64_t>(blocks.size()), [&](std::int64_t index, int) {
      const auto [s, first] = blocks[static_cast<std::size_t>(index)];
      const std::size_t width = moments.width(s);
      const std::size_t count = std::min<std::size_t>(kTileKeys, width - first);
      std::vector<float> columns(count * kTileKeys);
      for (std::int64_t r = 0; r < rows; r += kTileKeys) {
        const std::int64_t some = std::min<std::int64_t>(kTileKeys, rows - r);
        const float* const from = x + r * stride + s * kStretch;
        for (std::int64_t k = 0; k < some; ++k) {
          for (std::size_t c = 0; c < count; ++c) {
            columns[c * kTileKeys + static_cast<std::size_t>(k)] =
                from[k * stride + static_cast<std::int64_t>(first + c)];
          }
        }
        vector_.weighted_sum(columns.data(), static_cast<std::int32_t>(count), from,
                             static_cast<std::int32_t>(stride), static_cast<std::int32_t>(some),
                             static_cast<std::int32_t>(first + count),
                             moments.products(s) + first * width, static_cast<std::int32_t>(width));
      }
    });
  }

  const VectorOps& vector_;
  ThreadPool pool_;  // the model's own may be the caller
  std::mutex mutex_;
  std::map<const std::byte*, Place> places_;
};

}  // namespace

Result<std::unique_ptr<Calibration>> Calibration::create(std::shared_ptr<const ModelFile> file,
                                                         std::string_view text, ThreadPool& pool,
                                                         CalibrationOptions options) {
  const auto tokenizer = SEINE_TRY(Tokenizer::of_model(*file));
  std::vector<TokenId> tokens = tokenizer->encode(text);
  if (tokens.size() > options.tokens_max) tokens.resize(options.tokens_max);
  if (tokens.empty())
    return base::fail_field(Code::kInvalidArgument, "--calibrate", "the text is empty");
  return std::unique_ptr<Calibration>(
      new Calibration(std::move(file), std::move(tokens), pool, std::move(options)));
}

Calibration::Calibration(std::shared_ptr<const ModelFile> file, std::vector<TokenId> tokens,
                         ThreadPool& pool, CalibrationOptions options)
    : file_(std::move(file)),
      tokens_(std::move(tokens)),
      pool_(pool),
      options_(std::move(options)) {}

Result<std::span<const InputMoments* const>> Calibration::of(const Tensor& tensor) {
  if (!measured_.contains(&tensor)) SEINE_CHECK(measure(tensor));
  given_.clear();
  for (const auto& moments : measured_[&tensor]) given_.push_back(moments.get());
  return given_;
}

Result<> Calibration::measure(const Tensor& first) {
  std::vector<const Tensor*> tensors;
  std::uint64_t bytes = 0;
  for (const Tensor& tensor : file_->tensors()) {
    if (tensors.empty() && &tensor != &first) continue;
    if (is_measured(tensor)) bytes += matrices_of(tensor) * InputMoments::bytes(tensor.columns());
    if (!tensors.empty() && bytes > options_.moments_bytes_max) break;
    tensors.push_back(&tensor);
  }
  measured_.clear();
  Sums sums(tensors, vector_ops_for(kernels().isa), pool_.threads());
  const std::int32_t rows = std::max(1, options_.window);
  const auto model = SEINE_TRY(load_model(file_, pool_,
                                          {.batch_rows = rows,
                                           .logit_rows = rows,
                                           .kv_tokens = rows,
                                           .memory_limit = options_.memory_limit,
                                           .observer = &sums}));
  const auto window = static_cast<std::size_t>(std::min(rows, model->facts().context));
  const KvLayout layout = SEINE_TRY(model->kv_layout(KvType::kF16));
  const bool is_encoder = model->facts().is_encoder;
  const std::int64_t count = is_encoder ? 0 : layout.blocks_for(static_cast<std::int64_t>(window));
  std::optional<KvStorage> kv;
  if (!is_encoder) kv.emplace(SEINE_TRY(KvStorage::create(layout, count)));
  std::vector<KvBlockId> blocks(static_cast<std::size_t>(count));
  std::iota(blocks.begin(), blocks.end(), 0);
  std::vector<std::int32_t> wanted(window);
  std::iota(wanted.begin(), wanted.end(), 0);
  for (std::size_t at = 0; at < tokens_.size(); at += window) {
    const std::span<const TokenId> part =
        std::span(tokens_).subspan(at, std::min(window, tokens_.size() - at));
    const TokenRun run{
        .tokens = part, .first_position = 0, .blocks = blocks, .phase = Phase::kPrompt};
    if (is_encoder) {
      (void)SEINE_TRY(model->embed({&run, 1}, {}));
    } else {
      (void)SEINE_TRY(model->forward(
          {.runs = {&run, 1}, .logit_rows = std::span(wanted).first(part.size())}, *kv));
    }
    if (options_.progress && !options_.progress(at + part.size(), tokens_.size()))
      return base::fail(Code::kCancelled, "calibration was cancelled");
  }
  measured_ = sums.finish();
  for (const Tensor* const tensor : tensors) measured_[tensor];  // none of those that met nothing
  return {};
}

}  // namespace seine::engine
