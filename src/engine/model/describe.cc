#include "engine/model/describe.h"

#include <algorithm>
#include <map>

#include "engine/model/weights.h"

namespace seine::engine {

base::Result<ModelDescription> describe_model(const ModelFile& file) {
  const SizeReader sizes = SEINE_TRY(SizeReader::of(file));
  ModelDescription out;
  out.architecture = sizes.architecture();
  out.name = SEINE_TRY(file.metadata().get_or<std::string_view>("general.name", ""));
  out.layers = SEINE_TRY(sizes.size("block_count"));
  out.mtp_modules = SEINE_TRY(sizes.size_or("nextn_predict_layers", 0));
  out.width = SEINE_TRY(sizes.size("embedding_length"));
  out.context = SEINE_TRY(sizes.size("context_length"));
  out.experts = SEINE_TRY(sizes.size_or("expert_count", 0));
  out.experts_used = SEINE_TRY(sizes.size_or("expert_used_count", 0));
  out.vocabulary = SEINE_TRY(file.require("token_embd.weight"))->rows();
  std::map<std::string_view, WeightType> types;
  for (const Tensor& tensor : file.tensors()) {
    WeightType& type = types[dtype_name(tensor.dtype)];
    type.name = dtype_name(tensor.dtype);
    ++type.tensors;
    type.weights += tensor.elements();
    type.bytes += tensor.bytes();
    out.parameters += tensor.elements();
  }
  for (const auto& [name, type] : types) out.types.push_back(type);
  std::ranges::sort(out.types, std::ranges::greater{}, &WeightType::bytes);
  return out;
}

}  // namespace seine::engine
