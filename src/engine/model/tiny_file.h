// For tests: tiny GGUF models of each kind, as bytes in which any stored number can be changed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/formats/gguf_writer.h"
#include "engine/formats/synth_shape.h"
#include "engine/formats/tensor.h"

namespace seine::engine::tiny {

inline constexpr SynthShape kQwen{.name = "tiny",
                                  .architecture = "qwen2",
                                  .width = 64,
                                  .layers = 2,
                                  .heads = 4,
                                  .kv_heads = 2,
                                  .head_width = 16,
                                  .hidden = 96,
                                  .vocabulary = 320,
                                  .context = 256,
                                  .eps = 1e-6};
inline constexpr SynthShape kDeepSeek{.name = "tiny",
                                      .architecture = "deepseek2",
                                      .width = 64,
                                      .layers = 2,
                                      .heads = 2,
                                      .kv_heads = 1,
                                      .head_width = 24,
                                      .hidden = 96,
                                      .vocabulary = 320,
                                      .context = 256,
                                      .eps = 1e-6,
                                      .latent = 32,
                                      .nope = 16,
                                      .rope = 8,
                                      .value = 16,
                                      .experts = 4,
                                      .experts_used = 2,
                                      .shared_experts = 1,
                                      .expert_hidden = 32};

// Weights of small whole steps around 0, norms of 1.
inline void write_gguf(const SynthShape& shape, const std::filesystem::path& path,
                       const Metadata& metadata) {
  std::vector<TensorDeclaration> declared;
  for (const Tensor& tensor : synth_tensors(shape))
    declared.push_back({tensor.name, DType::kF32, tensor.shape});
  auto writer = GgufWriter::create(path, metadata, declared).value();
  for (const TensorDeclaration& tensor : declared) {
    std::uint64_t count = 1;
    for (const std::uint64_t size : tensor.shape) count *= size;
    std::vector<float> values(count);
    const bool is_norm = tensor.name.ends_with("norm.weight");
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto step = static_cast<float>((i * 2654435761U >> 7) % 17);
      values[i] = is_norm ? 1.0f : (step - 8) / 32;
    }
    (void)writer->write(std::as_bytes(std::span(values))).value();
  }
  (void)writer->finish().value();
}

class File {
 public:
  File(const SynthShape& shape, const std::filesystem::path& directory)
      : path_(directory / "tiny.gguf") {
    write_gguf(shape, path_, synth_metadata(shape));
    std::ifstream in(path_, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(in), {});
    shape_ = shape;
  }

  std::string& bytes() { return bytes_; }
  const std::filesystem::path& path() const { return path_; }
  // Where the value of `key` begins, behind its type.
  std::size_t value_of(std::string_view key) const { return bytes_.find(key) + key.size() + 4; }
  // Where the tensor's count of dimensions lies; the dimensions follow, innermost first.
  std::size_t tensor_of(std::string_view name) const { return bytes_.find(name) + name.size(); }

  template <typename T>
  void put(std::size_t at, T value) {
    if (at + sizeof value <= bytes_.size()) std::memcpy(bytes_.data() + at, &value, sizeof value);
  }
  // Everything that has a name: keys that hold a number, and tensors.
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [key, value] : synth_metadata(shape_).entries())
      if (!value.is_array && value.type != ValueType::kString) out.push_back(key);
    for (const Tensor& tensor : synth_tensors(shape_)) out.push_back(tensor.name);
    return out;
  }
  void write() const {
    std::ofstream out(path_, std::ios::binary | std::ios::trunc);
    out.write(bytes_.data(), static_cast<std::streamsize>(bytes_.size()));
  }

 private:
  std::filesystem::path path_;
  std::string bytes_;
  SynthShape shape_ = kQwen;
};

}  // namespace seine::engine::tiny
