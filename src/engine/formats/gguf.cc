#include "engine/formats/gguf.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/text.h"
#include "base/utf8.h"
#include "engine/formats/byte_cursor.h"

namespace seine::engine {
namespace {

using base::Code;

constexpr std::uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr std::size_t kKeyBytesMax = 65535;
constexpr std::size_t kNameBytesMax = 1024;
constexpr std::uint32_t kDimensionsMax = 4;

std::size_t width_of(ValueType type) {
  switch (type) {
    case ValueType::kU8:
    case ValueType::kI8:
    case ValueType::kBool:
      return 1;
    case ValueType::kU16:
    case ValueType::kI16:
      return 2;
    case ValueType::kU32:
    case ValueType::kI32:
    case ValueType::kF32:
      return 4;
    default:
      return 8;  // the 64-bit types, and the length of a string
  }
}

base::Result<ValueType> read_type(ByteCursor& in) {
  const std::uint32_t raw = SEINE_TRY(in.read<std::uint32_t>());
  if (raw > 12) return base::fail(Code::kInvalidArgument, "unknown value type {}", raw);
  return static_cast<ValueType>(raw);
}

template <typename Stored, typename Widened>
base::Result<> read_items(ByteCursor& in, MetadataValue& out, std::uint64_t count) {
  if (!out.is_array) {
    out.value = static_cast<Widened>(SEINE_TRY(in.read<Stored>()));
    return {};
  }
  std::vector<Widened> items;
  items.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    items.push_back(static_cast<Widened>(SEINE_TRY(in.read<Stored>())));
  }
  out.value = std::move(items);
  return {};
}

base::Result<> read_strings(ByteCursor& in, MetadataValue& out, std::uint64_t count) {
  if (!out.is_array) {
    out.value = std::string(SEINE_TRY(in.read_string(in.left())));
    return {};
  }
  std::vector<std::string> items;
  items.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    items.emplace_back(SEINE_TRY(in.read_string(in.left())));
  }
  out.value = std::move(items);
  return {};
}

base::Result<> read_bools(ByteCursor& in, MetadataValue& out, std::uint64_t count) {
  SEINE_CHECK((read_items<std::uint8_t, std::uint64_t>(in, out, count)));
  const auto is_bool = [](std::uint64_t value) { return value <= 1; };
  const bool good =
      out.is_array ? std::ranges::all_of(std::get<std::vector<std::uint64_t>>(out.value), is_bool)
                   : is_bool(std::get<std::uint64_t>(out.value));
  if (!good) return base::fail(Code::kInvalidArgument, "a boolean is neither 0 nor 1");
  return {};
}

base::Result<MetadataValue> read_value(ByteCursor& in) {
  MetadataValue out;
  std::uint64_t count = 1;
  out.type = SEINE_TRY(read_type(in));
  if (out.type == ValueType::kArray) {
    out.is_array = true;
    out.type = SEINE_TRY(read_type(in));
    if (out.type == ValueType::kArray) {
      return base::fail(Code::kUnimplemented, "arrays of arrays are not supported");
    }
    count = SEINE_TRY(in.read<std::uint64_t>());
    if (count > in.left() / width_of(out.type)) {
      return base::fail(Code::kInvalidArgument, "array of {} items, the file has {} bytes left",
                        base::format_count(count), base::format_count(in.left()));
    }
  }
  base::Result<> read = {};
  switch (out.type) {
    case ValueType::kU8:
      read = read_items<std::uint8_t, std::uint64_t>(in, out, count);
      break;
    case ValueType::kI8:
      read = read_items<std::int8_t, std::int64_t>(in, out, count);
      break;
    case ValueType::kU16:
      read = read_items<std::uint16_t, std::uint64_t>(in, out, count);
      break;
    case ValueType::kI16:
      read = read_items<std::int16_t, std::int64_t>(in, out, count);
      break;
    case ValueType::kU32:
      read = read_items<std::uint32_t, std::uint64_t>(in, out, count);
      break;
    case ValueType::kI32:
      read = read_items<std::int32_t, std::int64_t>(in, out, count);
      break;
    case ValueType::kU64:
      read = read_items<std::uint64_t, std::uint64_t>(in, out, count);
      break;
    case ValueType::kI64:
      read = read_items<std::int64_t, std::int64_t>(in, out, count);
      break;
    case ValueType::kF32:
      read = read_items<float, double>(in, out, count);
      break;
    case ValueType::kF64:
      read = read_items<double, double>(in, out, count);
      break;
    case ValueType::kBool:
      read = read_bools(in, out, count);
      break;
    default:
      read = read_strings(in, out, count);
      break;
  }
  if (!read) return std::unexpected(std::move(read).error());
  return out;
}

base::Result<Metadata> read_metadata(ByteCursor& in, std::uint64_t count) {
  Metadata out;
  for (std::uint64_t i = 0; i < count; ++i) {
    const base::Result<std::string_view> key = in.read_string(kKeyBytesMax);
    if (!key) return base::fail(Code::kInvalidArgument, "key {}: {}", i, key.error().message);
    if (!base::is_valid_utf8(*key)) {
      return base::fail(Code::kInvalidArgument, "key {} is not UTF-8", i);
    }
    base::Result<MetadataValue> value = read_value(in);
    if (!value) return std::unexpected(std::move(value).error().within(*key));
    if (!out.insert(*key, *std::move(value))) {
      return base::fail_field(Code::kInvalidArgument, *key, "key '{}' occurs twice", *key);
    }
  }
  return out;
}

base::Result<GgufTensorInfo> read_tensor(ByteCursor& in) {
  GgufTensorInfo info;
  info.name = SEINE_TRY(in.read_string(kNameBytesMax));
  if (!base::is_valid_utf8(info.name)) {
    return base::fail(Code::kInvalidArgument, "a tensor's name is not UTF-8");
  }
  const auto wrong = [&info](std::string_view what) {
    return base::fail_field(Code::kInvalidArgument, info.name, "tensor '{}': {}", info.name, what);
  };
  const std::uint32_t dimensions = SEINE_TRY(in.read<std::uint32_t>());
  if (dimensions > kDimensionsMax) {
    return wrong(fmt::format("{} dimensions, the limit is {}", dimensions, kDimensionsMax));
  }
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    info.shape.push_back(SEINE_TRY(in.read<std::uint64_t>()));
  }
  std::ranges::reverse(info.shape);
  const std::uint32_t type = SEINE_TRY(in.read<std::uint32_t>());
  const std::optional<DType> dtype = dtype_of_gguf(type);
  if (!dtype) return wrong(fmt::format("element type {} is not supported", type));
  info.dtype = *dtype;
  info.offset = SEINE_TRY(in.read<std::uint64_t>());
  const std::optional<std::uint64_t> elements = element_count(info.shape);
  if (!elements || *elements == 0) return wrong("its dimensions multiply to zero or overflow");
  const std::uint64_t columns = info.shape.empty() ? 1 : info.shape.back();
  const std::optional<std::uint64_t> row = row_bytes(info.dtype, columns);
  if (!row) {
    return wrong(fmt::format("rows of {} do not divide into blocks of {} ({})", columns,
                             dtype_info(info.dtype).block, dtype_name(info.dtype)));
  }
  if (__builtin_mul_overflow(*elements / columns, *row, &info.bytes)) {
    return wrong("its size overflows");
  }
  return info;
}

base::Result<> check_layout(const GgufHeader& header, std::uint64_t alignment,
                            std::uint64_t file_bytes) {
  const std::uint64_t data_bytes = file_bytes - header.data_start;
  std::vector<const GgufTensorInfo*> order;
  for (const GgufTensorInfo& info : header.tensors) {
    if (info.offset % alignment != 0) {
      return base::fail_field(Code::kInvalidArgument, info.name,
                              "tensor '{}' starts at {}, which is not a multiple of {}", info.name,
                              info.offset, alignment);
    }
    if (info.offset > data_bytes || info.bytes > data_bytes - info.offset) {
      return base::fail_field(Code::kInvalidArgument, info.name,
                              "tensor '{}' ends past the end of the file ({})", info.name,
                              base::format_count(file_bytes));
    }
    order.push_back(&info);
  }
  std::ranges::sort(order, {}, &GgufTensorInfo::offset);
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (order[i - 1]->offset + order[i - 1]->bytes > order[i]->offset) {
      return base::fail_field(Code::kInvalidArgument, order[i]->name,
                              "tensors '{}' and '{}' overlap", order[i - 1]->name, order[i]->name);
    }
  }
  return {};
}

}  // namespace

base::Result<GgufHeader> parse_gguf(std::span<const std::byte> file) {
  ByteCursor in(file);
  GgufHeader header;
  const base::Result<std::uint32_t> magic = in.read<std::uint32_t>();
  if (!magic || *magic != kMagic) return base::fail(Code::kInvalidArgument, "not a GGUF file");
  header.version = SEINE_TRY(in.read<std::uint32_t>());
  if (header.version != 2 && header.version != kGgufVersion) {
    if (std::byteswap(header.version) <= kGgufVersion) {
      return base::fail(Code::kUnimplemented, "big-endian GGUF is not supported");
    }
    return base::fail(Code::kUnimplemented, "GGUF version {} is not supported (2 and 3 are)",
                      header.version);
  }
  const std::uint64_t tensor_count = SEINE_TRY(in.read<std::uint64_t>());
  const std::uint64_t key_count = SEINE_TRY(in.read<std::uint64_t>());
  // The least a key or a tensor takes: length, type, one byte; length, dims, type, offset.
  if (key_count > in.left() / 13 || tensor_count > in.left() / 24) {
    return base::fail(Code::kInvalidArgument, "{} keys and {} tensors do not fit in {} bytes",
                      base::format_count(key_count), base::format_count(tensor_count),
                      base::format_count(file.size()));
  }
  header.metadata = SEINE_TRY(read_metadata(in, key_count));
  std::unordered_map<std::string_view, bool> seen;
  header.tensors.reserve(tensor_count);
  for (std::uint64_t i = 0; i < tensor_count; ++i) {
    header.tensors.push_back(SEINE_TRY(read_tensor(in)));
    const std::string& name = header.tensors.back().name;
    if (!seen.emplace(name, true).second) {
      return base::fail_field(Code::kInvalidArgument, name, "tensor '{}' occurs twice", name);
    }
  }
  const std::uint64_t alignment =
      SEINE_TRY(header.metadata.get_or<std::uint64_t>("general.alignment", kGgufAlignment));
  if (alignment < 8 || alignment > (1u << 20) || !std::has_single_bit(alignment)) {
    return base::fail_field(Code::kInvalidArgument, "general.alignment",
                            "alignment {} is not a power of two from 8 to 1 MiB", alignment);
  }
  header.data_start = (in.position() + alignment - 1) / alignment * alignment;
  // A file of metadata alone may end before the padding does.
  if (header.data_start > file.size()) {
    if (tensor_count > 0) return base::fail(Code::kInvalidArgument, "the tensor data is missing");
    header.data_start = file.size();
  }
  SEINE_CHECK(check_layout(header, alignment, file.size()));
  return header;
}

base::Result<> GgufReader::append(ModelFile& model, const std::filesystem::path& path, bool first) {
  MappedFile file = SEINE_TRY(MappedFile::open(path));
  base::Result<GgufHeader> header = parse_gguf(file.bytes());
  if (!header) return std::unexpected(std::move(header).error().within(path.string()));
  for (GgufTensorInfo& info : header->tensors) {
    Tensor tensor;
    tensor.name = info.name;
    tensor.stored_name = std::move(info.name);
    tensor.dtype = info.dtype;
    tensor.shape = std::move(info.shape);
    tensor.parts.push_back(
        {file.bytes().subspan(header->data_start + info.offset, info.bytes), {}});
    SEINE_CHECK(model.add_tensor(std::move(tensor)));
  }
  if (first) model.metadata_ = std::move(header->metadata);
  model.sources_.push_back({std::move(file), header->data_start, 0});
  return {};
}

base::Result<std::shared_ptr<const ModelFile>> GgufReader::open(const std::filesystem::path& path) {
  std::shared_ptr<ModelFile> model(new ModelFile);
  model->format_ = ModelFile::Format::kGguf;
  model->path_ = path;
  SEINE_CHECK(append(*model, path, true));
  const std::uint32_t files = SEINE_TRY(model->metadata_.get_or<std::uint32_t>("split.count", 1));
  const std::uint32_t number = SEINE_TRY(model->metadata_.get_or<std::uint32_t>("split.no", 0));
  if (files > 1) {
    constexpr std::uint32_t kFilesMax = 99999;  // five digits
    if (number != 0 || files > kFilesMax) {
      return base::fail(Code::kInvalidArgument, "{} is part {} of {}: open the first part",
                        path.string(), number + 1, files);
    }
    const std::string first_suffix = fmt::format("-00001-of-{:05}.gguf", files);
    const std::string name = path.filename().string();
    if (!name.ends_with(first_suffix)) {
      return base::fail(Code::kInvalidArgument, "{} is split in {} but not named *{}",
                        path.string(), files, first_suffix);
    }
    const std::string stem = name.substr(0, name.size() - first_suffix.size());
    for (std::uint32_t i = 2; i <= files; ++i) {
      SEINE_CHECK(append(*model,
                         path.parent_path() / fmt::format("{}-{:05}-of-{:05}.gguf", stem, i, files),
                         false));
    }
    const std::uint64_t declared = SEINE_TRY(
        model->metadata_.get_or<std::uint64_t>("split.tensors.count", model->tensors_.size()));
    if (declared != model->tensors_.size()) {
      return base::fail(Code::kDataLoss, "{} declares {} tensors, its parts hold {}", path.string(),
                        declared, model->tensors_.size());
    }
  }
  model->seal();
  return model;
}

}  // namespace seine::engine
