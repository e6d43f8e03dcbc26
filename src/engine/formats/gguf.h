// Reader of GGUF files, versions 2 and 3, little endian, also split over several files. The file is
// foreign: every count, offset and product is checked before it is used, memory is bounded by the
// size of the file, and each error names the key or tensor at fault. Use ModelFile::open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/formats/metadata.h"
#include "engine/formats/model_file.h"

namespace seine::engine {

inline constexpr std::uint32_t kGgufVersion = 3;
inline constexpr std::uint64_t kGgufAlignment = 32;  // general.alignment when absent

struct GgufTensorInfo {
  std::string name;
  DType dtype;
  std::vector<std::uint64_t> shape;  // outermost first
  std::uint64_t offset;              // from data_start
  std::uint64_t bytes;
};

struct GgufHeader {
  std::uint32_t version = 0;
  Metadata metadata;
  std::vector<GgufTensorInfo> tensors;
  std::uint64_t data_start = 0;  // in the file, aligned
};

// The header of one file whose bytes are all of `file`; each tensor's bytes lie inside it and
// overlap no other's.
base::Result<GgufHeader> parse_gguf(std::span<const std::byte> file);

class GgufReader {
 public:
  static base::Result<std::shared_ptr<const ModelFile>> open(const std::filesystem::path& path);

 private:
  static base::Result<> append(ModelFile& model, const std::filesystem::path& path, bool first);
};

}  // namespace seine::engine
