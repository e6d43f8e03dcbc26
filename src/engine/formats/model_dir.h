// ModelDirectory: a Hugging Face checkpoint directory (config.json, tokenizer files, one or many
// safetensors shards) presented as a ModelFile. Experts stored one by one become one tensor with a
// part per expert; FP8 weights carry their scales. Use ModelFile::open.
#pragma once

#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/json_fwd.h"
#include "engine/formats/model_file.h"

namespace seine::engine {

class ModelDirectory {
 public:
  static base::Result<std::shared_ptr<const ModelFile>> open(const std::filesystem::path& path);

 private:
  static base::Result<> add_metadata(ModelFile& model, const base::Json& config);
  static base::Result<> add_tensors(ModelFile& model, const std::vector<std::string>& shards);
  static base::Result<> add_rope_factors(ModelFile& model);
};

}  // namespace seine::engine
