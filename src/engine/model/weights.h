// Reading weights by name with the shape that the architecture expects: views for the kernels,
// floats for what is small. Errors name the tensor, its shape and the one expected. Used at load
// only; what it hands out lives as long as the ModelFile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/formats/model_file.h"
#include "engine/kernels/matrix.h"
#include "engine/model/interleaved_weights.h"

namespace seine::engine {

// "blk.7.attn_q.weight"
std::string layer_tensor(std::int32_t layer, std::string_view rest);

// Rows [first, first + rows) of a matrix.
MatrixView rows_of(const MatrixView& whole, std::int64_t first, std::int64_t rows);

class WeightReader {
 public:
  // interleaved: gets a copy of every matrix that is read; null: matrices are the file's alone.
  explicit WeightReader(const ModelFile& file, InterleavedWeights* interleaved = nullptr)
      : file_(file), interleaved_(interleaved) {}

  const ModelFile& file() const { return file_; }
  bool has(std::string_view name) const { return file_.find(name) != nullptr; }

  base::Result<MatrixView> matrix(std::string_view name, std::int64_t rows,
                                  std::int64_t columns) const;
  // Stacked matrices (count, rows, columns).
  base::Result<std::vector<MatrixView>> stack(std::string_view name, std::int64_t count,
                                              std::int64_t rows, std::int64_t columns) const;
  base::Result<std::vector<float>> vector(std::string_view name, std::int64_t size) const;
  // Empty where the model has no such tensor.
  base::Result<std::vector<float>> optional_vector(std::string_view name, std::int64_t size) const;
  // A small matrix as floats, (rows, columns).
  base::Result<std::vector<float>> floats(std::string_view name, std::int64_t rows,
                                          std::int64_t columns) const;

 private:
  base::Result<const Tensor*> shaped(std::string_view name,
                                     std::initializer_list<std::int64_t> shape) const;

  MatrixView view_of(const Tensor& tensor, const TensorPart& part, std::int64_t rows,
                     std::int64_t columns) const;

  const ModelFile& file_;
  InterleavedWeights* interleaved_;
};

// Sizes from the metadata under "A." with A the architecture: bounded, so that products of a few
// never overflow.
class SizeReader {
 public:
  static base::Result<SizeReader> of(const ModelFile& file);

  const std::string& architecture() const { return architecture_; }
  // 1 to 2^24.
  base::Result<std::int32_t> size(std::string_view key) const;
  // 0 to 2^24.
  base::Result<std::int32_t> size_or(std::string_view key, std::int32_t otherwise) const;
  base::Result<double> number_or(std::string_view key, double otherwise) const;
  base::Result<bool> flag_or(std::string_view key, bool otherwise) const;
  // The name under which `key` is stored, for messages.
  std::string full(std::string_view key) const { return architecture_ + "." + std::string(key); }
  base::Error wrong(std::string_view key, std::string_view why) const;

 private:
  SizeReader(const Metadata& metadata, std::string architecture)
      : metadata_(metadata), architecture_(std::move(architecture)) {}

  const Metadata& metadata_;
  std::string architecture_;
};

}  // namespace seine::engine
