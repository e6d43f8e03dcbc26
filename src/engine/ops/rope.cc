#include "engine/ops/rope.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

namespace seine::engine {
namespace {

using base::Code;

// The dimension whose wave turns `rotations` times over the original context (YaRN, section 3.2).
double turning_dimension(double rotations, double dim, double theta, double context) {
  return dim * std::log(context / (rotations * 2 * std::numbers::pi)) / (2 * std::log(theta));
}

// In float steps, as the published implementations compute them: at far positions the rounding of a
// frequency is an angle that shows.
std::vector<float> plain_frequencies(std::int32_t dim, double theta) {
  std::vector<float> out;
  for (std::int32_t i = 0; i < dim; i += 2) {
    const float exponent = static_cast<float>(i) / static_cast<float>(dim);
    out.push_back(1.0f / static_cast<float>(std::pow(static_cast<float>(theta), exponent)));
  }
  return out;
}

void scale_yarn(std::vector<float>& frequencies, std::int32_t dim, double theta,
                const RopeScaling& scaling) {
  double low =
      std::floor(turning_dimension(scaling.beta_fast, dim, theta, scaling.original_context));
  double high =
      std::ceil(turning_dimension(scaling.beta_slow, dim, theta, scaling.original_context));
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(dim - 1));
  if (low == high) high += 0.001;
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    const auto keep = static_cast<float>(1 - ramp);
    const auto stretched = frequencies[i] / static_cast<float>(scaling.factor);
    frequencies[i] = stretched * (1 - keep) + frequencies[i] * keep;
  }
}

}  // namespace

Rope::Rope(std::int32_t dim, double theta, const RopeScaling& scaling,
           std::span<const float> divisors)
    : dim_(dim),
      magnitude_(static_cast<float>(scaling.magnitude)),
      frequencies_(plain_frequencies(dim, theta)) {
  if (scaling.kind == RopeScaling::Kind::kLinear) {
    for (float& f : frequencies_) f /= static_cast<float>(scaling.factor);
  }
  if (scaling.kind == RopeScaling::Kind::kYarn) scale_yarn(frequencies_, dim, theta, scaling);
  for (std::size_t i = 0; i < divisors.size() && i < frequencies_.size(); ++i) {
    frequencies_[i] /= divisors[i];
  }
}

void Rope::angles(std::int32_t position, float* cos_sin) const {
  const std::size_t half = frequencies_.size();
  for (std::size_t i = 0; i < half; ++i) {
    const double angle = static_cast<float>(position) * frequencies_[i];
    cos_sin[i] = static_cast<float>(std::cos(angle)) * magnitude_;
    cos_sin[half + i] = static_cast<float>(std::sin(angle)) * magnitude_;
  }
}

void rotate(float* x, const float* cos_sin, std::int32_t dim, RopePairs pairs) {
  const std::int32_t half = dim / 2;
  const float* sines = cos_sin + half;
  if (pairs == RopePairs::kInterleaved) {
    for (std::int32_t i = 0; i < half; ++i) {
      const float a = x[2 * i];
      const float b = x[2 * i + 1];
      x[2 * i] = a * cos_sin[i] - b * sines[i];
      x[2 * i + 1] = b * cos_sin[i] + a * sines[i];
    }
    return;
  }
  for (std::int32_t i = 0; i < half; ++i) {
    const float a = x[i];
    const float b = x[i + half];
    x[i] = a * cos_sin[i] - b * sines[i];
    x[i + half] = b * cos_sin[i] + a * sines[i];
  }
}

base::Result<RopeScaling> read_rope_scaling(const ModelFile& file) {
  const Metadata& meta = file.metadata();
  const std::string prefix =
      std::string(SEINE_TRY(meta.require<std::string_view>("general.architecture"))) +
      ".rope.scaling.";
  RopeScaling out;
  const std::string_view type = SEINE_TRY(meta.get_or<std::string_view>(prefix + "type", "none"));
  // llama3 scaling arrives as the tensor rope_freqs.
  if (type == "none" || type == "llama3") return out;
  if (type != "linear" && type != "yarn") {
    return base::fail_field(Code::kUnimplemented, prefix + "type",
                            "RoPE scaling '{}' is not supported (linear and yarn are)", type);
  }
  out.factor = SEINE_TRY(meta.get_or<double>(prefix + "factor", 1.0));
  if (!(out.factor >= 1 && out.factor <= 1e6)) {
    return base::fail_field(Code::kInvalidArgument, prefix + "factor",
                            "RoPE scaling factor {} is not within 1 to 1e6", out.factor);
  }
  if (type == "linear") {
    out.kind = RopeScaling::Kind::kLinear;
    return out;
  }
  out.kind = RopeScaling::Kind::kYarn;
  out.original_context = SEINE_TRY(meta.require<double>(prefix + "original_context_length"));
  out.beta_fast = SEINE_TRY(meta.get_or<double>(prefix + "yarn_beta_fast", 32.0));
  out.beta_slow = SEINE_TRY(meta.get_or<double>(prefix + "yarn_beta_slow", 1.0));
  if (!(out.original_context >= 1 && out.beta_fast > 0 && out.beta_slow > 0)) {
    return base::fail_field(Code::kInvalidArgument, prefix + "type",
                            "YaRN with original context {}, beta {} and {} means nothing",
                            out.original_context, out.beta_fast, out.beta_slow);
  }
  out.magnitude = 0.1 * std::log(out.factor) + 1;
  return out;
}

base::Result<Rope> read_rope(const ModelFile& file, std::int32_t dim, const RopeScaling& scaling) {
  const Metadata& meta = file.metadata();
  const std::string prefix =
      std::string(SEINE_TRY(meta.require<std::string_view>("general.architecture"))) + ".rope.";
  const double theta = SEINE_TRY(meta.get_or<double>(prefix + "freq_base", 10000.0));
  if (!(theta > 1 && theta <= 1e12)) {
    return base::fail_field(Code::kInvalidArgument, prefix + "freq_base",
                            "RoPE base {} is not within 1 to 1e12", theta);
  }
  if (dim <= 0 || dim % 2 != 0 || dim > 1 << 16) {
    return base::fail_field(Code::kInvalidArgument, prefix + "dimension_count",
                            "{} rotary dimensions: the number must be even", dim);
  }
  std::vector<float> divisors;
  if (const Tensor* factors = file.find("rope_freqs.weight")) {
    if (factors->elements() != static_cast<std::uint64_t>(dim / 2)) {
      return base::fail_field(Code::kInvalidArgument, factors->name,
                              "'{}' holds {} factors, {} rotary dimensions need {}", factors->name,
                              factors->elements(), dim, dim / 2);
    }
    divisors.resize(static_cast<std::size_t>(dim / 2));
    factors->read_f32(0, factors->rows(), divisors.data());
  }
  return Rope(dim, theta, scaling, divisors);
}

}  // namespace seine::engine
