// What the settings say of engines. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/model/registry.h"

namespace seine::server {

struct EngineOptions {
  std::int32_t context = 0;  // tokens of a request; 0: what the model was made for
  engine::KvType kv_type = engine::KvType::kF16;
  std::uint64_t memory_max = 0;  // bytes of a model; 0: what the system has free
  engine::WeightLayout weights = engine::WeightLayout::kFastest;
  engine::ActivationBytes activations = engine::ActivationBytes::kOne;
  int threads = 0;              // 0: one for each core
  std::size_t queue_max = 256;  // requests that wait for a model; more are refused
};

}  // namespace seine::server
