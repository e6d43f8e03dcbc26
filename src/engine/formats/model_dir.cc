#include "engine/formats/model_dir.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/json.h"
#include "engine/formats/hf_names.h"
#include "engine/formats/safetensors.h"

namespace seine::engine {
namespace {

using base::Code;
using base::Json;

constexpr std::uint64_t kConfigBytesMax = std::uint64_t{4} << 20;
constexpr std::uint64_t kTokenizerBytesMax = std::uint64_t{64} << 20;
constexpr std::uint64_t kIndexBytesMax = std::uint64_t{64} << 20;
constexpr std::size_t kShardsMax = 4096;

base::Result<std::string> read_optional(const std::filesystem::path& path, std::uint64_t limit) {
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return std::string();
  return read_text_file(path, limit);
}

base::Result<Json> parse_named(const std::string& text, std::string_view name) {
  base::Result<Json> json = base::parse_json(text);
  if (!json) return std::unexpected(std::move(json).error().within(name));
  return json;
}

base::Result<std::vector<std::string>> list_shards(const std::filesystem::path& directory) {
  const std::string text =
      SEINE_TRY(read_optional(directory / "model.safetensors.index.json", kIndexBytesMax));
  if (text.empty()) return std::vector<std::string>{"model.safetensors"};
  const Json index = SEINE_TRY(parse_named(text, "model.safetensors.index.json"));
  const Json* map = base::find(index, "weight_map");
  if (map == nullptr || !map->is_object()) {
    return base::fail_field(Code::kInvalidArgument, "weight_map", "the index has no weight_map");
  }
  std::set<std::string> files;
  for (const auto& [tensor, file] : map->items()) {
    const std::string name = file.is_string() ? file.get<std::string>() : "";
    // A path in the map would read a file outside the directory.
    if (name.empty() || name.front() == '.' || name.find_first_of("/\\") != std::string::npos) {
      return base::fail_field(Code::kInvalidArgument, "weight_map",
                              "'{}' of tensor '{}' is not a plain file name", name, tensor);
    }
    files.insert(name);
    if (files.size() > kShardsMax) {
      return base::fail(Code::kResourceExhausted, "more than {} shards", kShardsMax);
    }
  }
  return std::vector<std::string>(files.begin(), files.end());
}

// Tensors being assembled from stored pieces.
struct Pending {
  Tensor tensor;
  bool has_weight = false;
  bool is_stack = false;
  std::map<std::int64_t, TensorPart> parts;  // by expert; -1 for a whole tensor
};

base::Result<> check_scales(const SafetensorInfo& info) {
  if (info.dtype != DType::kF32 || info.shape.size() != 2) {
    return base::fail_field(Code::kInvalidArgument, info.name,
                            "scales '{}' must be an F32 matrix, got {} with {} dimensions",
                            info.name, dtype_name(info.dtype), info.shape.size());
  }
  return {};
}

base::Result<> add_piece(std::map<std::string, Pending>& all, std::vector<std::string>& order,
                         SafetensorInfo info, std::span<const std::byte> bytes) {
  const std::optional<CanonicalName> known = canonical_tensor_name(info.name);
  const CanonicalName name = known.value_or(CanonicalName{info.name});
  const auto [place, is_new] = all.try_emplace(name.name);
  Pending& pending = place->second;
  if (is_new) order.push_back(name.name);
  TensorPart& part = pending.parts[name.expert];
  if (name.is_f8_scale) {
    SEINE_CHECK(check_scales(info));
    if (!part.scales.empty()) {
      return base::fail_field(Code::kInvalidArgument, info.name, "'{}' occurs twice", info.name);
    }
    part.scales = bytes;
    return {};
  }
  if (part.bytes.data() != nullptr) {
    return base::fail_field(Code::kInvalidArgument, info.name, "tensor '{}' occurs twice",
                            info.name);
  }
  part.bytes = bytes;
  if (!pending.has_weight) {
    pending.has_weight = true;
    pending.is_stack = name.expert >= 0;
    pending.tensor.name = name.name;
    pending.tensor.stored_name = info.name;
    pending.tensor.dtype = info.dtype;
    pending.tensor.shape = info.shape;
  } else if (!pending.is_stack || pending.tensor.dtype != info.dtype ||
             pending.tensor.shape != info.shape || name.expert < 0) {
    return base::fail_field(Code::kInvalidArgument, info.name,
                            "tensor '{}' differs in type or shape from '{}'", info.name,
                            pending.tensor.stored_name);
  }
  return {};
}

base::Result<Tensor> assemble(const std::string& name, Pending pending) {
  const auto wrong = [&name](std::string_view what) {
    return base::fail_field(Code::kInvalidArgument, name, "tensor '{}': {}", name, what);
  };
  Tensor& tensor = pending.tensor;
  if (!pending.has_weight) return wrong("scales without weights");
  if (element_count(tensor.shape).value_or(0) == 0) return wrong("it has no elements");
  std::uint64_t scale_bytes = 0;
  if (tensor.dtype == DType::kF8E4M3) {
    if (tensor.shape.size() != 2) return wrong("FP8 weights must be matrices");
    const auto blocks = [](std::uint64_t n) { return (n - 1) / kF8Block + 1; };
    scale_bytes = blocks(tensor.shape[0]) * blocks(tensor.shape[1]) * sizeof(float);
  }
  std::int64_t expected = pending.is_stack ? 0 : -1;
  for (const auto& [expert, part] : pending.parts) {
    if (expert != expected++) {
      return wrong(fmt::format("expert {} is missing", expected - 1));
    }
    if (part.bytes.data() == nullptr) return wrong(fmt::format("expert {} is missing", expert));
    if (part.scales.size() != scale_bytes) {
      return wrong(
          fmt::format("{} bytes of FP8 scales, {} are needed", part.scales.size(), scale_bytes));
    }
    tensor.parts.push_back(part);
  }
  if (pending.is_stack) tensor.shape.insert(tensor.shape.begin(), tensor.parts.size());
  if (!element_count(tensor.shape)) return wrong("its dimensions overflow");
  return std::move(tensor);
}

}  // namespace

base::Result<> ModelDirectory::add_tensors(ModelFile& model,
                                           const std::vector<std::string>& shards) {
  std::map<std::string, Pending> all;
  std::vector<std::string> order;
  for (const std::string& shard : shards) {
    MappedFile file = SEINE_TRY(MappedFile::open(model.path_ / shard));
    base::Result<SafetensorsHeader> header = parse_safetensors(file.bytes());
    if (!header) return std::unexpected(std::move(header).error().within(file.path().string()));
    for (SafetensorInfo& info : header->tensors) {
      const auto bytes = file.bytes().subspan(header->data_start + info.begin, info.bytes);
      SEINE_CHECK(add_piece(all, order, std::move(info), bytes));
    }
    model.sources_.push_back({std::move(file), header->data_start, 0});
  }
  for (const std::string& name : order) {
    SEINE_CHECK(model.add_tensor(SEINE_TRY(assemble(name, std::move(all[name])))));
  }
  return {};
}

base::Result<> ModelDirectory::add_metadata(ModelFile& model, const Json& config) {
  model.metadata_ = SEINE_TRY(metadata_from_config(config));
  const auto note_id = [&model](const Json& source, std::string_view key,
                                std::string_view to) -> base::Result<> {
    const Json* value = base::find(source, key);
    if (value == nullptr) return {};
    const auto valid = [](const Json& id) {
      return id.is_number_unsigned() && id.get<std::uint64_t>() <= 0x7FFFFFFF;
    };
    std::vector<std::int64_t> ids;
    const auto take = [&](const Json& id) {
      if (valid(id)) ids.push_back(id.get<std::int64_t>());
      return valid(id);
    };
    const bool good =
        value->is_array() ? !value->empty() && std::ranges::all_of(*value, take) : take(*value);
    if (!good) {
      return base::fail_field(Code::kInvalidArgument, key, "'{}' is not a token id", key);
    }
    model.metadata_.set(to, MetadataValue::of_u32(static_cast<std::uint32_t>(ids.front())));
    if (ids.size() > 1) {
      model.metadata_.set("seine." + std::string(key) + "s", MetadataValue::of_i32s(ids));
    }
    return {};
  };
  Json generation = Json::object();
  if (!model.generation_config_json_.empty()) {
    generation = SEINE_TRY(parse_named(model.generation_config_json_, "generation_config.json"));
  }
  for (const Json* source : {&config, static_cast<const Json*>(&generation)}) {
    SEINE_CHECK(note_id(*source, "bos_token_id", "tokenizer.ggml.bos_token_id"));
    SEINE_CHECK(note_id(*source, "eos_token_id", "tokenizer.ggml.eos_token_id"));
    SEINE_CHECK(note_id(*source, "pad_token_id", "tokenizer.ggml.padding_token_id"));
  }
  std::string jinja =
      SEINE_TRY(read_optional(model.path_ / "chat_template.jinja", kConfigBytesMax));
  if (!model.tokenizer_config_json_.empty()) {
    const Json tokenizer =
        SEINE_TRY(parse_named(model.tokenizer_config_json_, "tokenizer_config.json"));
    const Json* chat = base::find(tokenizer, "chat_template");
    if (jinja.empty() && chat != nullptr && chat->is_string()) jinja = chat->get<std::string>();
    for (std::size_t i = 0; chat != nullptr && chat->is_array() && i < chat->size(); ++i) {
      const std::string name = SEINE_TRY(base::require<std::string>((*chat)[i], "name"));
      const std::string text = SEINE_TRY(base::require<std::string>((*chat)[i], "template"));
      if (name == "default") jinja = text;
      model.metadata_.set("tokenizer.chat_template." + name, MetadataValue::of_string(text));
    }
  }
  if (!jinja.empty()) {
    model.metadata_.set("tokenizer.chat_template", MetadataValue::of_string(jinja));
  }
  return {};
}

// The factors that a converter would have stored for llama3 scaling (engine notes, section 2.1).
base::Result<> ModelDirectory::add_rope_factors(ModelFile& model) {
  const Metadata& meta = model.metadata_;
  const auto type = SEINE_TRY(meta.get_or<std::string_view>("llama.rope.scaling.type", ""));
  if (type != "llama3") return {};
  const double factor = SEINE_TRY(meta.require<double>("llama.rope.scaling.factor"));
  const double low = SEINE_TRY(meta.require<double>("llama.rope.scaling.low_freq_factor"));
  const double high = SEINE_TRY(meta.require<double>("llama.rope.scaling.high_freq_factor"));
  const double original =
      SEINE_TRY(meta.require<double>("llama.rope.scaling.original_context_length"));
  const double theta = SEINE_TRY(meta.require<double>("llama.rope.freq_base"));
  const auto width = SEINE_TRY(meta.require<std::uint32_t>("llama.rope.dimension_count"));
  if (!(factor > 0) || !(high > low) || !(low > 0) || width % 2 != 0 || width > 65536 ||
      width == 0) {
    return base::fail_field(Code::kInvalidArgument, "rope_scaling", "llama3 RoPE factors are off");
  }
  std::vector<float>& factors = model.derived_.emplace_back(width / 2);
  for (std::uint32_t i = 0; i < width / 2; ++i) {
    const double wavelength = 2 * M_PI * std::pow(theta, 2.0 * i / width);
    const double smooth = (original / wavelength - low) / (high - low);
    if (wavelength < original / high) {
      factors[i] = 1.0f;
    } else if (wavelength > original / low) {
      factors[i] = static_cast<float>(factor);
    } else {
      factors[i] = static_cast<float>(1.0 / ((1.0 - smooth) / factor + smooth));
    }
  }
  Tensor tensor;
  tensor.name = tensor.stored_name = "rope_freqs.weight";
  tensor.shape = {width / 2};
  tensor.parts.push_back({std::as_bytes(std::span(factors)), {}});
  return model.add_tensor(std::move(tensor));
}

base::Result<std::shared_ptr<const ModelFile>> ModelDirectory::open(
    const std::filesystem::path& path) {
  std::shared_ptr<ModelFile> model(new ModelFile);
  model->format_ = ModelFile::Format::kSafetensors;
  model->path_ = path;
  model->config_json_ = SEINE_TRY(read_text_file(path / "config.json", kConfigBytesMax));
  model->tokenizer_json_ = SEINE_TRY(read_optional(path / "tokenizer.json", kTokenizerBytesMax));
  model->tokenizer_config_json_ =
      SEINE_TRY(read_optional(path / "tokenizer_config.json", kTokenizerBytesMax));
  model->generation_config_json_ =
      SEINE_TRY(read_optional(path / "generation_config.json", kConfigBytesMax));
  const Json config = SEINE_TRY(parse_named(model->config_json_, "config.json"));
  SEINE_CHECK(add_metadata(*model, config));
  SEINE_CHECK(add_tensors(*model, SEINE_TRY(list_shards(path))));
  SEINE_CHECK(add_rope_factors(*model));
  model->seal();
  return model;
}

}  // namespace seine::engine
