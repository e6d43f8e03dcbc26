#include "engine/formats/synth_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <numbers>
#include <numeric>

#include "base/text.h"
#include "engine/formats/codec.h"
#include "engine/formats/gguf_writer.h"
#include "engine/formats/synth_shape.h"

namespace seine::engine {
namespace {

using base::Code;

constexpr std::size_t kPoolWeights = std::size_t{1} << 19;
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

// Encoded pieces of normally distributed weights of one type and size; rows are drawn from them.
struct Pool {
  std::vector<std::byte> bytes;
  std::size_t piece = 0;  // bytes
  std::size_t pieces = 0;
};

std::vector<float> normal_values(std::size_t count, double deviation, base::Random& random) {
  std::vector<float> out(count);
  for (std::size_t i = 0; i < count; ++i) {  // Box and Muller 1958
    const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
    out[i] =
        static_cast<float>(deviation * radius * std::cos(2 * std::numbers::pi * random.uniform()));
  }
  return out;
}

Pool make_pool(DType type, std::uint64_t columns, base::Random& random) {
  const std::size_t block = dtype_info(type).block;
  // Plain floats are drawn in runs, not one by one; runs must divide the row.
  const std::size_t unit = block > 1 ? block : std::gcd(columns, std::uint64_t{64});
  const std::size_t count = kPoolWeights / unit * unit;
  const double deviation = 1 / std::sqrt(static_cast<double>(columns));
  const std::vector<float> values = normal_values(count, deviation, random);
  Pool pool;
  pool.piece = row_bytes(type, unit).value();
  pool.pieces = count / unit;
  pool.bytes.resize(pool.piece * pool.pieces);
  quantize_row(type, values.data(), pool.bytes.data(), count);
  return pool;
}

class Synthesis {
 public:
  Synthesis(const SynthOptions& options, base::Random& random, GgufWriter& writer,
            std::uint64_t total)
      : options_(options), random_(random), writer_(writer), total_(total) {}

  base::Result<> write(const TensorDeclaration& tensor) {
    const std::uint64_t elements = element_count(tensor.shape).value();
    if (tensor.shape.size() == 1) {
      // Norms are ones, biases nearly nothing.
      const bool is_norm = tensor.name.ends_with("norm.weight");
      std::vector<float> values = normal_values(elements, is_norm ? 0 : 0.01, random_);
      if (is_norm) std::ranges::fill(values, 1.0f);
      SEINE_CHECK(writer_.write(std::as_bytes(std::span(values))));
      return advance(elements);
    }
    const std::uint64_t columns = tensor.shape.back();
    const auto [found, fresh] = pools_.try_emplace({tensor.dtype, columns});
    if (fresh) found->second = make_pool(tensor.dtype, columns, random_);
    const Pool& pool = found->second;
    const std::uint64_t bytes = elements / columns * row_bytes(tensor.dtype, columns).value();
    std::uint64_t left = bytes / pool.piece;
    const std::uint64_t weights_each = elements / left;
    std::vector<std::byte> chunk;
    while (left > 0) {
      const std::uint64_t now = std::min<std::uint64_t>(left, kPieceBytes / pool.piece);
      chunk.resize(now * pool.piece);
      for (std::uint64_t i = 0; i < now; ++i) {
        std::memcpy(chunk.data() + i * pool.piece,
                    pool.bytes.data() + random_.below(pool.pieces) * pool.piece, pool.piece);
      }
      SEINE_CHECK(writer_.write(chunk));
      SEINE_CHECK(advance(now * weights_each));
      left -= now;
    }
    return {};
  }

 private:
  base::Result<> advance(std::uint64_t weights) {
    done_ += weights;
    if (options_.progress && !options_.progress(done_, total_))
      return base::fail(Code::kCancelled, "cancelled");
    return {};
  }

  const SynthOptions& options_;
  base::Random& random_;
  GgufWriter& writer_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
  std::map<std::pair<DType, std::uint64_t>, Pool> pools_;
};

}  // namespace

base::Result<SynthReport> synth_model(std::string_view name, const std::filesystem::path& target,
                                      const SynthOptions& options, base::Random& random) {
  const SynthShape* shape = find_synth_shape(name);
  if (shape == nullptr) {
    const auto known = synth_shapes();
    return base::fail(Code::kInvalidArgument, "no shape '{}' (known: {})", name,
                      base::join(std::vector<std::string>(known.begin(), known.end()), ", "));
  }
  Metadata metadata = synth_metadata(*shape);
  metadata.set("general.file_type", MetadataValue::of_u32(file_type_of(options.mixture)));
  metadata.set("general.quantization_version", MetadataValue::of_u32(2));
  std::vector<TensorDeclaration> tensors;
  SynthReport report;
  for (Tensor& tensor : synth_tensors(*shape)) {
    DType type = choose_dtype(options.mixture, tensor, shape->layers, false);
    if (options.pure && tensor.name == "output.weight") {
      tensor.name = "token_embd.weight";  // asks for the type of the bulk
      type = choose_dtype(options.mixture, tensor, shape->layers, false);
      tensor.name = "output.weight";
    }
    const std::uint64_t weights = element_count(tensor.shape).value();
    report.weights += weights;
    report.bytes += weights / tensor.shape.back() * row_bytes(type, tensor.shape.back()).value();
    tensors.push_back({std::move(tensor.name), type, std::move(tensor.shape)});
  }
  const auto writer = SEINE_TRY(GgufWriter::create(target, metadata, tensors));
  Synthesis synthesis(options, random, *writer, report.weights);
  for (const TensorDeclaration& tensor : tensors) SEINE_CHECK(synthesis.write(tensor));
  SEINE_CHECK(writer->finish());
  return report;
}

}  // namespace seine::engine
