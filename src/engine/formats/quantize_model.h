// Rewrites a model as GGUF with quantised weights, a few rows at a time: memory stays at one chunk
// whatever the model's size, whose rows threads share out. What `seine model quantize` runs. The
// progress callback is called on the caller's thread and may cancel.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "engine/formats/dtype.h"
#include "engine/formats/input_moments.h"
#include "engine/formats/model_file.h"

namespace seine::engine {

// A mixture names a type for the bulk of the weights and keeps the sensitive ones wider.
enum class Mixture : std::uint8_t {
  kF32,
  kF16,
  kBF16,
  kQ8_0,
  kQ6_K,
  kQ5_K_M,
  kQ5_K_S,
  kQ5_1,
  kQ5_0,
  kQ4_K_M,
  kQ4_K_S,
  kQ4_1,
  kQ4_0,
  kIQ4_NL,
  kIQ4_XS,
  kS4
};
// As a command line spells them, in the order of the enum.
inline constexpr std::string_view kMixtureNames =
    "f32|f16|bf16|q8_0|q6_k|q5_k_m|q5_k_s|q5_1|q5_0|q4_k_m|q4_k_s|q4_1|q4_0|iq4_nl|iq4_xs|s4";

// By one of these names, ASCII case ignored.
std::optional<Mixture> mixture_of_name(std::string_view name);
// general.file_type, in llama.cpp's numbers.
std::uint32_t file_type_of(Mixture mixture);

// The type `tensor` gets: norms, biases and routers stay F32; Q4_K_M and Q5_K_M keep the output
// head, and attn_v and ffn_down of the outer quarter and every third layer between, at Q6_K; rows
// that are no multiple of 256 fall back (Q4_K -> Q5_0, Q5_K -> Q5_1, Q6_K -> Q8_0, IQ4_XS ->
// IQ4_NL). Of the others the head alone is wider than the bulk, at Q6_K below eight bits. S4,
// Seine's own, is IQ4_XS to the head: meant for calibration, with which it is as close to its
// source as Q4_0 is without (docs/decisions/067).
DType choose_dtype(Mixture mixture, const Tensor& tensor, std::uint64_t layers, bool tied_head);

struct QuantizeProgress {
  std::string_view tensor;
  std::uint64_t done;   // weights
  std::uint64_t total;  // weights
};

struct QuantizeOptions {
  Mixture mixture = Mixture::kQ4_K_M;
  MomentsSource* inputs = nullptr;                             // null: every weight counts alike
  std::function<bool(const QuantizeProgress&)> progress = {};  // false cancels
  int threads = 0;  // 0: one for each core; the outcome is the same
};

struct QuantizeReport {
  std::uint64_t bytes_before = 0;   // of all tensors, as stored
  std::uint64_t bytes_as_bf16 = 0;  // of all tensors at two bytes a weight
  std::uint64_t bytes_after = 0;
  double squared_error = 0;  // sum over all weights of (w - w')^2 ...
  double squared_sum = 0;    // ... and of w^2
  std::uint64_t weights = 0;
};

// `extra` is added to the metadata (the tokenizer of a Hugging Face source). Never overwrites its
// source.
base::Result<QuantizeReport> quantize_model(const ModelFile& source,
                                            const std::filesystem::path& target,
                                            const QuantizeOptions& options,
                                            const Metadata& extra = {});

}  // namespace seine::engine
