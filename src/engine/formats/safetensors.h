// Reader and writer of single safetensors files: a JSON header and the tensors' bytes without holes
// or overlaps. Foreign input: everything is checked before it is used. Pure functions; a directory
// of shards is read by model_dir.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/formats/dtype.h"
#include "engine/formats/tensor.h"

namespace seine::engine {

inline constexpr std::uint64_t kSafetensorsHeaderMax = 100'000'000;  // the format's own limit

struct SafetensorInfo {
  std::string name;
  DType dtype;
  std::vector<std::uint64_t> shape;  // outermost first, as stored
  std::uint64_t begin;               // from data_start
  std::uint64_t bytes;
};

struct SafetensorsHeader {
  std::map<std::string, std::string> metadata;  // "__metadata__"
  std::vector<SafetensorInfo> tensors;
  std::uint64_t data_start = 0;
};

base::Result<SafetensorsHeader> parse_safetensors(std::span<const std::byte> file);

struct NamedBytes {
  std::string name;
  DType dtype;
  std::vector<std::uint64_t> shape;
  std::span<const std::byte> bytes;
};
// Whole tensors, held by the caller: for fixtures and small models.
base::Result<> write_safetensors(const std::filesystem::path& path,
                                 std::span<const NamedBytes> tensors,
                                 const std::map<std::string, std::string>& metadata = {});

}  // namespace seine::engine
