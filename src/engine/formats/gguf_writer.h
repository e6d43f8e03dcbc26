// GgufWriter: writes one GGUF version 3 file front to back. The tensors are declared first, their
// bytes follow in that order in pieces of any size, so memory stays at one piece. The file appears
// under its name only when finish() has succeeded. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/formats/metadata.h"
#include "engine/formats/tensor.h"

namespace seine::engine {

struct TensorDeclaration {
  std::string name;
  DType dtype;
  std::vector<std::uint64_t> shape;  // outermost first
};

class GgufWriter {
 public:
  // Writes the header. The alignment is kGgufAlignment or what general.alignment in `metadata`
  // says.
  static base::Result<std::unique_ptr<GgufWriter>> create(const std::filesystem::path& path,
                                                          const Metadata& metadata,
                                                          std::vector<TensorDeclaration> tensors);
  // Removes the unfinished file.
  ~GgufWriter();

  // The next bytes of the tensor being written; a full one moves on to the next.
  base::Result<> write(std::span<const std::byte> bytes);
  // An error when bytes of a tensor are still missing.
  base::Result<> finish();

  std::uint64_t bytes_total() const { return total_; }

 private:
  GgufWriter() = default;
  base::Result<> put(std::span<const std::byte> bytes);

  std::filesystem::path path_;
  std::filesystem::path partial_;
  std::ofstream out_;
  std::vector<TensorDeclaration> tensors_;
  std::vector<std::uint64_t> sizes_;
  std::uint64_t alignment_ = 0;
  std::uint64_t total_ = 0;
  std::size_t current_ = 0;
  std::uint64_t written_ = 0;  // of the current tensor
  bool finished_ = false;
};

}  // namespace seine::engine
