// MappedFile: a whole file mapped read-only and shared, so that processes serving one model share
// its pages. Move-only; unmaps at the end. The bytes belong to whoever writes the file: a file
// truncated while mapped faults, which is why ModelFile::check_unchanged exists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/error.h"

namespace seine::engine {

class MappedFile {
 public:
  static base::Result<MappedFile> open(const std::filesystem::path& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  const std::filesystem::path& path() const { return path_; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  MappedFile() = default;
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// A small text file as a string; an error past `bytes_max`.
base::Result<std::string> read_text_file(const std::filesystem::path& path,
                                         std::uint64_t bytes_max);

}  // namespace seine::engine
