#include "engine/model/model.h"

namespace seine::engine {

using base::Code;

base::Result<ForwardResult> Model::forward_mtp(const Batch&, std::int32_t, std::span<const float>,
                                               KvStorage&) {
  return base::fail(Code::kUnimplemented, "the model '{}' predicts one token at a time",
                    facts_.name);
}

base::Result<std::span<const float>> Model::embed(std::span<const TokenRun>,
                                                  const std::stop_token&) {
  return base::fail(Code::kUnimplemented, "the model '{}' is no encoder", facts_.name);
}

base::Result<std::span<const float>> Model::relevance(std::span<const TokenRun>,
                                                      std::span<const std::int32_t>,
                                                      const std::stop_token&) {
  return base::fail(Code::kUnimplemented, "the model '{}' does not rank passages", facts_.name);
}

}  // namespace seine::engine
