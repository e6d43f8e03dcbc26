#include "engine/measure/importance.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <vector>

#include "engine/model/registry.h"
#include "engine/tokenizer/tokenizer.h"

namespace seine::engine {
namespace {

using base::Code;
using base::Result;

// Sums by the place of a weight in the mapped file: views of rows and of experts find their tensor.
class Sums final : public ProductObserver {
 public:
  explicit Sums(const ModelFile& file) {
    for (const Tensor& tensor : file.tensors()) {
      const std::uint64_t matrices = tensor.shape.size() == 3 ? tensor.shape[0] : 1;
      for (std::uint64_t i = 0; i < matrices && tensor.shape.size() > 1; ++i) {
        const std::span<const std::byte> bytes = tensor.matrix(i).bytes;
        places_.emplace(bytes.data(), Place{&tensor, i, bytes.size()});
      }
    }
  }

  void see(const MatrixView& weight, const float* x, std::int64_t stride,
           std::int64_t rows) override {
    auto at = places_.upper_bound(weight.data);
    if (at == places_.begin()) return;
    --at;
    const auto offset = static_cast<std::size_t>(weight.data - at->first);
    const Place& place = at->second;
    const auto columns = static_cast<std::size_t>(weight.columns);
    // Made from a tensor, and not a part of it.
    if (offset >= place.bytes || place.tensor->columns() != columns) return;
    const std::lock_guard lock(mutex_);
    One& one = sums_[{place.tensor, place.matrix}];
    one.squares.resize(columns);
    one.rows += static_cast<std::uint64_t>(rows);
    for (std::int64_t r = 0; r < rows; ++r) {
      const float* row = x + r * stride;
      for (std::size_t i = 0; i < columns; ++i) one.squares[i] += double{row[i]} * row[i];
    }
  }

  ImportanceMatrix finish() const {
    ImportanceMatrix out;
    for (const auto& [key, one] : sums_) {
      const auto& [tensor, matrix] = key;
      const std::uint64_t matrices = tensor->shape.size() == 3 ? tensor->shape[0] : 1;
      std::vector<float>& values = out[tensor->name];
      values.resize(matrices * tensor->columns(), 1.0f);
      const double sum = std::accumulate(one.squares.begin(), one.squares.end(), 0.0);
      if (!(sum > 0)) continue;
      // An input that was never anything but 0 may be something elsewhere.
      const double least = 1e-6 * sum / static_cast<double>(one.squares.size());
      for (std::size_t i = 0; i < one.squares.size(); ++i) {
        values[matrix * tensor->columns() + i] =
            static_cast<float>(std::max(one.squares[i], least) / static_cast<double>(one.rows));
      }
    }
    return out;
  }

 private:
  struct Place {
    const Tensor* tensor;
    std::uint64_t matrix;
    std::size_t bytes;
  };
  struct One {
    std::vector<double> squares;
    std::uint64_t rows = 0;
  };

  std::map<const std::byte*, Place> places_;
  std::mutex mutex_;
  std::map<std::pair<const Tensor*, std::uint64_t>, One> sums_;
};

}  // namespace

Result<ImportanceMatrix> measure_importance(std::shared_ptr<const ModelFile> file,
                                            std::string_view text, ThreadPool& pool,
                                            const ImportanceOptions& options) {
  const auto tokenizer = SEINE_TRY(Tokenizer::of_model(*file));
  std::vector<TokenId> tokens = tokenizer->encode(text);
  if (tokens.size() > options.tokens_max) tokens.resize(options.tokens_max);
  if (tokens.empty())
    return base::fail_field(Code::kInvalidArgument, "--calibrate", "the text is empty");
  Sums sums(*file);
  const std::int32_t rows = std::max(1, options.window);
  const auto model = SEINE_TRY(load_model(file, pool,
                                          {.batch_rows = rows,
                                           .logit_rows = rows,
                                           .kv_tokens = rows,
                                           .memory_limit = options.memory_limit,
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
  for (std::size_t at = 0; at < tokens.size(); at += window) {
    const std::span<const TokenId> part =
        std::span(tokens).subspan(at, std::min(window, tokens.size() - at));
    const TokenRun run{
        .tokens = part, .first_position = 0, .blocks = blocks, .phase = Phase::kPrompt};
    if (is_encoder) {
      (void)SEINE_TRY(model->embed({&run, 1}, {}));
    } else {
      (void)SEINE_TRY(model->forward(
          {.runs = {&run, 1}, .logit_rows = std::span(wanted).first(part.size())}, *kv));
    }
    if (options.progress && !options.progress(at + part.size(), tokens.size()))
      return base::fail(Code::kCancelled, "calibration was cancelled");
  }
  return sums.finish();
}

}  // namespace seine::engine
