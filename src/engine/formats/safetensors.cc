#include "engine/formats/safetensors.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/json.h"
#include "base/text.h"

namespace seine::engine {
namespace {

using base::Code;

base::Result<SafetensorInfo> read_info(const std::string& name, const base::Json& entry) {
  const auto wrong = [&name](std::string_view what) {
    return base::fail_field(Code::kInvalidArgument, name, "tensor '{}': {}", name, what);
  };
  if (!entry.is_object()) return wrong("its entry is not an object");
  SafetensorInfo info;
  info.name = name;
  const std::string type = SEINE_TRY(base::require<std::string>(entry, "dtype"));
  const std::optional<DType> dtype = dtype_of_safetensors(type);
  if (!dtype) return wrong(fmt::format("element type {} is not supported", type));
  info.dtype = *dtype;
  const auto numbers = [&entry](std::string_view key) -> std::optional<std::vector<std::uint64_t>> {
    const base::Json* list = base::find(entry, key);
    if (list == nullptr || !list->is_array() || list->size() > 16) return std::nullopt;
    std::vector<std::uint64_t> out;
    for (const base::Json& item : *list) {
      if (!item.is_number_unsigned()) return std::nullopt;
      out.push_back(item.get<std::uint64_t>());
    }
    return out;
  };
  const auto shape = numbers("shape");
  const auto offsets = numbers("data_offsets");
  if (!shape || !offsets || offsets->size() != 2) {
    return wrong("shape and data_offsets must be lists of whole numbers");
  }
  info.shape = *shape;
  const std::optional<std::uint64_t> elements = element_count(info.shape);
  if (!elements) return wrong("its dimensions overflow");
  if (__builtin_mul_overflow(*elements, std::uint64_t{dtype_info(info.dtype).block_bytes},
                             &info.bytes)) {
    return wrong("its size overflows");
  }
  info.begin = (*offsets)[0];
  if ((*offsets)[1] < info.begin || (*offsets)[1] - info.begin != info.bytes) {
    return wrong(fmt::format("data_offsets span {} to {}, the shape needs {} bytes", info.begin,
                             (*offsets)[1], info.bytes));
  }
  return info;
}

// The format wants the bytes covered exactly once.
base::Result<> check_cover(const SafetensorsHeader& header, std::uint64_t data_bytes) {
  std::vector<const SafetensorInfo*> order;
  for (const SafetensorInfo& info : header.tensors) order.push_back(&info);
  std::ranges::sort(order, [](const SafetensorInfo* a, const SafetensorInfo* b) {
    return std::pair(a->begin, a->bytes) < std::pair(b->begin, b->bytes);
  });
  std::uint64_t position = 0;
  for (const SafetensorInfo* info : order) {
    if (info->begin != position) {
      return base::fail_field(Code::kInvalidArgument, info->name,
                              "tensor '{}' starts at {}, {} was expected ({})", info->name,
                              info->begin, position, info->begin < position ? "overlap" : "hole");
    }
    if (info->bytes > data_bytes - position) {
      return base::fail_field(Code::kDataLoss, info->name,
                              "tensor '{}' ends past the end of the file", info->name);
    }
    position += info->bytes;
  }
  if (position != data_bytes) {
    return base::fail(Code::kInvalidArgument, "the tensors cover {} of {} data bytes",
                      base::format_count(position), base::format_count(data_bytes));
  }
  return {};
}

}  // namespace

base::Result<SafetensorsHeader> parse_safetensors(std::span<const std::byte> file) {
  std::uint64_t length = 0;
  if (file.size() < sizeof length) {
    return base::fail(Code::kDataLoss, "not a safetensors file: {} bytes", file.size());
  }
  std::memcpy(&length, file.data(), sizeof length);
  if (length > kSafetensorsHeaderMax || length > file.size() - sizeof length) {
    return base::fail(Code::kInvalidArgument, "header of {} bytes in a file of {}, the limit is {}",
                      base::format_count(length), base::format_count(file.size()),
                      base::format_count(kSafetensorsHeaderMax));
  }
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + sizeof length, length);
  const base::Json json =
      SEINE_TRY(base::parse_json(text, {.depth_max = 8, .bytes_max = kSafetensorsHeaderMax}));
  if (!json.is_object()) return base::fail(Code::kInvalidArgument, "the header is not an object");
  SafetensorsHeader header;
  header.data_start = sizeof length + length;
  for (const auto& [name, entry] : json.items()) {
    if (name != "__metadata__") {
      header.tensors.push_back(SEINE_TRY(read_info(name, entry)));
      continue;
    }
    if (!entry.is_object()) return base::fail(Code::kInvalidArgument, "__metadata__ is no object");
    for (const auto& [key, value] : entry.items()) {
      if (value.is_string()) header.metadata[key] = value.get_ref<const std::string&>();
    }
  }
  SEINE_CHECK(check_cover(header, file.size() - header.data_start));
  return header;
}

base::Result<> write_safetensors(const std::filesystem::path& path,
                                 std::span<const NamedBytes> tensors,
                                 const std::map<std::string, std::string>& metadata) {
  base::Json header = base::Json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const NamedBytes& tensor : tensors) {
    const DTypeInfo& info = dtype_info(tensor.dtype);
    if (info.safetensors.empty()) {
      return base::fail_field(Code::kInvalidArgument, tensor.name,
                              "tensor '{}': safetensors has no type {}", tensor.name, info.name);
    }
    header[tensor.name] = {{"dtype", std::string(info.safetensors)},
                           {"shape", tensor.shape},
                           {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string text = base::to_text(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  const std::uint64_t length = text.size();
  out.write(reinterpret_cast<const char*>(&length), sizeof length);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  for (const NamedBytes& tensor : tensors) {
    out.write(reinterpret_cast<const char*>(tensor.bytes.data()),
              static_cast<std::streamsize>(tensor.bytes.size()));
  }
  out.close();
  if (!out) return base::fail(Code::kUnavailable, "writing {} failed", path.string());
  return {};
}

}  // namespace seine::engine
