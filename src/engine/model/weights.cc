#include "engine/model/weights.h"

#include <initializer_list>
#include <utility>

#include "base/assert.h"
#include "engine/kernels/interleave.h"

namespace seine::engine {
namespace {

using base::Code;

constexpr std::int64_t kSizeMax = std::int64_t{1} << 24;

template <typename Shape>
std::string shape_text(const Shape& shape) {
  std::string out = "(";
  for (const auto& size : shape) out += (out.size() > 1 ? ", " : "") + std::to_string(size);
  return out + ")";
}

}  // namespace

std::string layer_tensor(std::int32_t layer, std::string_view rest) {
  return "blk." + std::to_string(layer) + "." + std::string(rest);
}

MatrixView rows_of(const MatrixView& whole, std::int64_t first, std::int64_t rows) {
  SEINE_ASSERT(first >= 0 && rows >= 0 && first + rows <= whole.rows, "rows lie in the matrix");
  MatrixView view = whole;
  view.data += first * whole.row_bytes;
  view.rows = rows;
  view.f8_first_row += first;
  if (view.interleaved != nullptr) {
    const bool is_whole = first % kInterleavedOutputs == 0;
    view.interleaved = is_whole ? view.interleaved + first * whole.row_bytes : nullptr;
  }
  return view;
}

base::Result<const Tensor*> WeightReader::shaped(std::string_view name,
                                                 std::initializer_list<std::int64_t> shape) const {
  const Tensor* tensor = SEINE_TRY(file_.require(name));
  bool is_equal = tensor->shape.size() == shape.size();
  std::size_t i = 0;
  for (const std::int64_t size : shape) {
    is_equal = is_equal && tensor->shape[i] == static_cast<std::uint64_t>(size);
    ++i;
  }
  if (!is_equal) {
    return base::fail_field(Code::kInvalidArgument, name, "tensor '{}' is {}, the model needs {}",
                            name, shape_text(tensor->shape), shape_text(shape));
  }
  if (!dtype_info(tensor->dtype).decodable) {
    return base::fail_field(Code::kUnimplemented, name,
                            "tensor '{}' has type {}, which nothing computes with", name,
                            dtype_name(tensor->dtype));
  }
  return tensor;
}

MatrixView WeightReader::view_of(const Tensor& tensor, const TensorPart& part, std::int64_t rows,
                                 std::int64_t columns) const {
  MatrixView view;
  view.type = tensor.dtype;
  view.data = part.bytes.data();
  view.rows = rows;
  view.columns = columns;
  view.row_bytes = static_cast<std::int64_t>(
      row_bytes(tensor.dtype, static_cast<std::uint64_t>(columns)).value());
  view.f8_scales = part.scales.empty() ? nullptr : part.scales.data();
  if (interleaved_ != nullptr) interleaved_->add(view);
  return view;
}

base::Result<MatrixView> WeightReader::matrix(std::string_view name, std::int64_t rows,
                                              std::int64_t columns) const {
  const Tensor* tensor = SEINE_TRY(shaped(name, {rows, columns}));
  return view_of(*tensor, tensor->parts.front(), rows, columns);
}

base::Result<std::vector<MatrixView>> WeightReader::stack(std::string_view name, std::int64_t count,
                                                          std::int64_t rows,
                                                          std::int64_t columns) const {
  const Tensor* tensor = SEINE_TRY(shaped(name, {count, rows, columns}));
  std::vector<MatrixView> out;
  out.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    out.push_back(view_of(*tensor, tensor->matrix(static_cast<std::uint64_t>(i)), rows, columns));
  }
  return out;
}

base::Result<std::vector<float>> WeightReader::vector(std::string_view name,
                                                      std::int64_t size) const {
  const Tensor* tensor = SEINE_TRY(shaped(name, {size}));
  std::vector<float> out(static_cast<std::size_t>(size));
  tensor->read_f32(0, 1, out.data());
  return out;
}

base::Result<std::vector<float>> WeightReader::optional_vector(std::string_view name,
                                                               std::int64_t size) const {
  if (!has(name)) return std::vector<float>();
  return vector(name, size);
}

base::Result<std::vector<float>> WeightReader::floats(std::string_view name, std::int64_t rows,
                                                      std::int64_t columns) const {
  const Tensor* tensor = SEINE_TRY(shaped(name, {rows, columns}));
  std::vector<float> out(static_cast<std::size_t>(rows * columns));
  tensor->read_f32(0, static_cast<std::uint64_t>(rows), out.data());
  return out;
}

base::Result<SizeReader> SizeReader::of(const ModelFile& file) {
  const std::string_view architecture =
      SEINE_TRY(file.metadata().require<std::string_view>("general.architecture"));
  return SizeReader(file.metadata(), std::string(architecture));
}

base::Error SizeReader::wrong(std::string_view key, std::string_view why) const {
  return {Code::kInvalidArgument, full(key) + " " + std::string(why), full(key)};
}

base::Result<std::int32_t> SizeReader::size(std::string_view key) const {
  const auto value = SEINE_TRY(metadata_.require<std::int64_t>(full(key)));
  if (value < 1 || value > kSizeMax) {
    return base::fail_field(Code::kInvalidArgument, full(key), "{} is {}, not within 1 to {}",
                            full(key), value, kSizeMax);
  }
  return static_cast<std::int32_t>(value);
}

base::Result<std::int32_t> SizeReader::size_or(std::string_view key, std::int32_t otherwise) const {
  const auto value = SEINE_TRY(metadata_.get_or<std::int64_t>(full(key), otherwise));
  if (value < 0 || value > kSizeMax) {
    return base::fail_field(Code::kInvalidArgument, full(key), "{} is {}, not within 0 to {}",
                            full(key), value, kSizeMax);
  }
  return static_cast<std::int32_t>(value);
}

base::Result<double> SizeReader::number_or(std::string_view key, double otherwise) const {
  return metadata_.get_or<double>(full(key), otherwise);
}

base::Result<bool> SizeReader::flag_or(std::string_view key, bool otherwise) const {
  return metadata_.get_or<bool>(full(key), otherwise);
}

}  // namespace seine::engine
