// ModelFile: what a checkpoint is to the engine, whichever format holds it: metadata by key and
// tensors by name, both in GGUF's vocabulary, over read-only mappings whose pages all processes
// share. Owned by the engine for as long as weights are in use; read-only after open, so safe on
// any thread. Never copies a tensor, never starts a thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "engine/formats/mapped_file.h"
#include "engine/formats/metadata.h"
#include "engine/formats/tensor.h"

namespace seine::engine {

// Called with bytes read so far and in all; false stops the load with kCancelled.
using LoadProgress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

class ModelFile {
 public:
  enum class Format : std::uint8_t { kGguf, kSafetensors };

  // A .gguf file (the first of a split set finds the others), a .safetensors file beside its
  // config.json, or a directory of either kind. Reads headers only.
  static base::Result<std::shared_ptr<const ModelFile>> open(const std::filesystem::path& path);

  ModelFile(const ModelFile&) = delete;
  ModelFile& operator=(const ModelFile&) = delete;

  Format format() const { return format_; }
  const std::filesystem::path& path() const { return path_; }
  const Metadata& metadata() const { return metadata_; }
  std::span<const Tensor> tensors() const { return tensors_; }
  const Tensor* find(std::string_view name) const;
  // The same where absence is an error that names the tensor.
  base::Result<const Tensor*> require(std::string_view name) const;

  std::uint64_t file_bytes() const;
  std::uint64_t tensor_bytes() const;

  // Texts that a Hugging Face directory carries, as stored; empty for GGUF and where absent.
  const std::string& config_json() const { return config_json_; }
  const std::string& tokenizer_json() const { return tokenizer_json_; }
  const std::string& tokenizer_config_json() const { return tokenizer_config_json_; }
  const std::string& generation_config_json() const { return generation_config_json_; }

  // Hash over sizes and header bytes of all files, taken at open.
  std::uint64_t fingerprint() const { return fingerprint_; }
  // Reads the headers on disk again: an error naming the file that was replaced since open.
  base::Result<> check_unchanged() const;

  // Gives back the pages that reading this tensor brought into the process; the next read brings
  // them again.
  void release(const Tensor& tensor) const;

  // Brings every page into memory, in file order.
  base::Result<> load(const LoadProgress& progress) const;

 private:
  friend class GgufReader;
  friend class ModelDirectory;
  struct Source {
    MappedFile file;
    std::uint64_t header_bytes = 0;
    std::uint64_t header_hash = 0;
  };

  ModelFile() = default;
  base::Result<> add_tensor(Tensor tensor);
  void seal();

  Format format_ = Format::kGguf;
  std::filesystem::path path_;
  std::vector<Source> sources_;
  Metadata metadata_;
  std::vector<Tensor> tensors_;
  std::vector<std::vector<float>> derived_;  // what no file stores: RoPE factors
  std::unordered_map<std::string, std::size_t> index_;
  std::string config_json_;
  std::string tokenizer_json_;
  std::string tokenizer_config_json_;
  std::string generation_config_json_;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace seine::engine
