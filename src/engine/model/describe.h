// What a model file says of itself, from its headers: for people and for lists. Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/formats/model_file.h"

namespace seine::engine {

struct WeightType {
  std::string_view name;  // "Q4_K"
  std::uint64_t tensors = 0;
  std::uint64_t weights = 0;
  std::uint64_t bytes = 0;
};

struct ModelDescription {
  std::string architecture;
  std::string name;  // may be empty
  std::uint64_t parameters = 0;
  std::uint64_t vocabulary = 0;
  std::int32_t layers = 0;  // multi-token prediction modules included
  std::int32_t mtp_modules = 0;
  std::int32_t width = 0;
  std::int32_t context = 0;
  std::int32_t experts = 0;
  std::int32_t experts_used = 0;
  std::vector<WeightType> types;  // most bytes first
};

base::Result<ModelDescription> describe_model(const ModelFile& file);

}  // namespace seine::engine
