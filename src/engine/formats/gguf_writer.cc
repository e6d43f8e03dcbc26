#include "engine/formats/gguf_writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

#include "base/assert.h"
#include "engine/formats/gguf.h"

namespace seine::engine {
namespace {

using base::Code;

struct Bytes {
  std::string out;
  template <typename T>
  void put(T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put_string(std::string_view text) {
    put<std::uint64_t>(text.size());
    out.append(text);
  }
};

template <typename Widened>
void put_item(Bytes& bytes, ValueType type, const Widened& value) {
  if constexpr (std::is_same_v<Widened, std::string>) {
    bytes.put_string(value);
  } else {
    switch (type) {
      case ValueType::kU8:
      case ValueType::kI8:
      case ValueType::kBool:
        return bytes.put(static_cast<std::uint8_t>(value));
      case ValueType::kU16:
      case ValueType::kI16:
        return bytes.put(static_cast<std::uint16_t>(value));
      case ValueType::kU32:
        return bytes.put(static_cast<std::uint32_t>(value));
      case ValueType::kI32:
        return bytes.put(static_cast<std::int32_t>(value));
      case ValueType::kF32:
        return bytes.put(static_cast<float>(value));
      case ValueType::kF64:
        return bytes.put(static_cast<double>(value));
      case ValueType::kU64:
        return bytes.put(static_cast<std::uint64_t>(value));
      case ValueType::kI64:
        return bytes.put(static_cast<std::int64_t>(value));
      default:
        SEINE_ASSERT(false, "a number has a number's type");
    }
  }
}

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};

void put_value(Bytes& bytes, const MetadataValue& value) {
  if (value.is_array) bytes.put(static_cast<std::uint32_t>(ValueType::kArray));
  bytes.put(static_cast<std::uint32_t>(value.type));
  std::visit(
      [&](const auto& stored) {
        if constexpr (IsVector<std::decay_t<decltype(stored)>>::value) {
          SEINE_ASSERT(value.is_array, "a vector is an array");
          bytes.put<std::uint64_t>(stored.size());
          for (const auto& item : stored) put_item(bytes, value.type, item);
        } else {
          SEINE_ASSERT(!value.is_array, "an array is a vector");
          put_item(bytes, value.type, stored);
        }
      },
      value.value);
}

std::uint64_t align(std::uint64_t position, std::uint64_t alignment) {
  return (position + alignment - 1) / alignment * alignment;
}

}  // namespace

base::Result<std::unique_ptr<GgufWriter>> GgufWriter::create(
    const std::filesystem::path& path, const Metadata& metadata,
    std::vector<TensorDeclaration> tensors) {
  std::unique_ptr<GgufWriter> writer(new GgufWriter);
  writer->alignment_ =
      SEINE_TRY(metadata.get_or<std::uint64_t>("general.alignment", kGgufAlignment));
  if (writer->alignment_ < 8 || !std::has_single_bit(writer->alignment_)) {
    return base::fail(Code::kInvalidArgument, "alignment {} is not a power of two from 8 up",
                      writer->alignment_);
  }
  Bytes header;
  header.out = "GGUF";
  header.put(kGgufVersion);
  header.put<std::uint64_t>(tensors.size());
  header.put<std::uint64_t>(metadata.entries().size());
  for (const auto& [key, value] : metadata.entries()) {
    header.put_string(key);
    put_value(header, value);
  }
  std::uint64_t offset = 0;
  for (const TensorDeclaration& tensor : tensors) {
    const std::int32_t id = dtype_info(tensor.dtype).gguf_id;
    const std::optional<std::uint64_t> elements = element_count(tensor.shape);
    const std::uint64_t columns = tensor.shape.empty() ? 1 : tensor.shape.back();
    const std::optional<std::uint64_t> row = row_bytes(tensor.dtype, columns);
    if (id < 0 || !elements || columns == 0 || !row || tensor.shape.size() > 4) {
      return base::fail_field(Code::kInvalidArgument, tensor.name,
                              "tensor '{}' of type {} cannot be stored in GGUF", tensor.name,
                              dtype_name(tensor.dtype));
    }
    header.put_string(tensor.name);
    header.put(static_cast<std::uint32_t>(tensor.shape.size()));
    for (auto dimension = tensor.shape.rbegin(); dimension != tensor.shape.rend(); ++dimension) {
      header.put(*dimension);
    }
    header.put(static_cast<std::uint32_t>(id));
    header.put(offset);
    writer->sizes_.push_back(*elements / columns * *row);
    offset = align(offset + writer->sizes_.back(), writer->alignment_);
  }
  header.out.resize(align(header.out.size(), writer->alignment_));
  writer->path_ = path;
  writer->partial_ = path;
  writer->partial_ += ".partial";
  writer->tensors_ = std::move(tensors);
  writer->out_.open(writer->partial_, std::ios::binary | std::ios::trunc);
  SEINE_CHECK(writer->put(std::as_bytes(std::span(header.out))));
  return writer;
}

GgufWriter::~GgufWriter() {
  if (finished_ || partial_.empty()) return;
  out_.close();
  std::error_code ignored;
  std::filesystem::remove(partial_, ignored);
}

base::Result<> GgufWriter::put(std::span<const std::byte> bytes) {
  out_.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  if (!out_) return base::fail(Code::kUnavailable, "writing {} failed", partial_.string());
  total_ += bytes.size();
  return {};
}

base::Result<> GgufWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    if (current_ == tensors_.size()) {
      return base::fail(Code::kInternal, "more bytes than the declared tensors hold");
    }
    const std::uint64_t room = sizes_[current_] - written_;
    const std::size_t take = std::min<std::uint64_t>(room, bytes.size());
    SEINE_CHECK(put(bytes.first(take)));
    bytes = bytes.subspan(take);
    written_ += take;
    if (written_ < sizes_[current_]) break;
    const std::array<std::byte, 64> zeros{};
    for (std::uint64_t pad = align(total_, alignment_) - total_; pad > 0;) {
      const std::size_t piece = std::min<std::uint64_t>(pad, zeros.size());
      SEINE_CHECK(put(std::span(zeros).first(piece)));
      pad -= piece;
    }
    ++current_;
    written_ = 0;
  }
  return {};
}

base::Result<> GgufWriter::finish() {
  if (current_ != tensors_.size()) {
    return base::fail(Code::kInternal, "tensor '{}' is incomplete", tensors_[current_].name);
  }
  out_.close();
  if (!out_) return base::fail(Code::kUnavailable, "writing {} failed", partial_.string());
  std::error_code code;
  std::filesystem::rename(partial_, path_, code);
  if (code) return std::unexpected(base::errno_error("rename " + path_.string(), code.value()));
  finished_ = true;
  return {};
}

}  // namespace seine::engine
