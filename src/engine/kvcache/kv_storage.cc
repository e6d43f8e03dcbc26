#include "engine/kvcache/kv_storage.h"

#include <sys/mman.h>

#include <cstring>
#include <limits>

#include "base/assert.h"
#include "engine/formats/half.h"
#include "engine/ops/kv_rows.h"

namespace seine::engine {

using base::Code;

std::string_view kv_type_name(KvType type) {
  switch (type) {
    case KvType::kF32:
      return "f32";
    case KvType::kF16:
      return "f16";
    case KvType::kQ8:
      return "q8";
  }
  return "";
}

std::size_t kv_row_bytes(const KvStream& stream) {
  const auto width = static_cast<std::size_t>(stream.width);
  switch (stream.type) {
    case KvType::kF32:
      return width * 4;
    case KvType::kF16:
      return width * 2;
    case KvType::kQ8:
      return width / kKvGroup * sizeof(KvGroup);
  }
  return 0;
}

std::size_t KvLayout::block_bytes() const {
  std::size_t bytes = 0;
  for (const KvStream& stream : streams) bytes += kv_row_bytes(stream);
  return bytes * static_cast<std::size_t>(block_tokens) * static_cast<std::size_t>(layers);
}

bool KvLayout::operator==(const KvLayout& other) const {
  if (layers != other.layers || block_tokens != other.block_tokens ||
      streams.size() != other.streams.size()) {
    return false;
  }
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (streams[i].type != other.streams[i].type || streams[i].width != other.streams[i].width) {
      return false;
    }
  }
  return true;
}

base::Result<KvStorage> KvStorage::create(const KvLayout& layout, std::int64_t blocks) {
  SEINE_ASSERT(layout.layers >= 0 && layout.block_tokens > 0, "a KV layout has sizes");
  KvStorage out;
  out.layout_ = layout;
  out.blocks_ = blocks;
  out.block_bytes_ = layout.block_bytes();
  for (const KvStream& stream : layout.streams) {
    SEINE_ASSERT(stream.type != KvType::kQ8 || stream.width % kKvGroup == 0,
                 "q8 rows are whole groups");
    out.stream_offsets_.push_back(out.layer_bytes_);
    out.row_bytes_.push_back(kv_row_bytes(stream));
    out.layer_bytes_ += out.row_bytes_.back() * static_cast<std::size_t>(layout.block_tokens);
  }
  if (blocks < 0 || blocks > std::numeric_limits<KvBlockId>::max()) {
    return base::fail(Code::kInvalidArgument, "{} KV blocks: the limit is {}", blocks,
                      std::numeric_limits<KvBlockId>::max());
  }
  out.mapped_bytes_ = out.block_bytes_ * static_cast<std::size_t>(blocks);
  if (out.mapped_bytes_ == 0) return out;
  // Reserved, not committed: a cache sized for the worst case costs what is used of it.
  void* memory = mmap(nullptr, out.mapped_bytes_, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    return base::fail(Code::kResourceExhausted,
                      "the KV cache of {} blocks needs {} MiB, more than the system gives", blocks,
                      out.mapped_bytes_ >> 20);
  }
  (void)madvise(memory, out.mapped_bytes_, MADV_HUGEPAGE);
  out.data_ = static_cast<std::byte*>(memory);
  return out;
}

KvStorage::KvStorage(KvStorage&& other) noexcept {
  *this = std::move(other);
}

KvStorage& KvStorage::operator=(KvStorage&& other) noexcept {
  if (this == &other) return *this;
  if (data_ != nullptr) munmap(data_, mapped_bytes_);
  layout_ = std::move(other.layout_);
  blocks_ = std::exchange(other.blocks_, 0);
  block_bytes_ = other.block_bytes_;
  layer_bytes_ = other.layer_bytes_;
  stream_offsets_ = std::move(other.stream_offsets_);
  row_bytes_ = std::move(other.row_bytes_);
  data_ = std::exchange(other.data_, nullptr);
  mapped_bytes_ = std::exchange(other.mapped_bytes_, 0);
  return *this;
}

KvStorage::~KvStorage() {
  if (data_ != nullptr) munmap(data_, mapped_bytes_);
}

std::span<std::byte> KvStorage::block(KvBlockId id) {
  SEINE_ASSERT(id >= 0 && id < blocks_, "the storage has no such block");
  return {data_ + static_cast<std::size_t>(id) * block_bytes_, block_bytes_};
}

std::span<const std::byte> KvStorage::block(KvBlockId id) const {
  SEINE_ASSERT(id >= 0 && id < blocks_, "the storage has no such block");
  return {data_ + static_cast<std::size_t>(id) * block_bytes_, block_bytes_};
}

void KvStorage::copy_rows(KvBlockId from, KvBlockId to, std::int32_t tokens) {
  SEINE_ASSERT(from >= 0 && from < blocks_ && to >= 0 && to < blocks_ && from != to,
               "blocks to copy between");
  SEINE_ASSERT(tokens >= 0 && tokens <= layout_.block_tokens, "a block has no more rows");
  for (std::int32_t layer = 0; layer < layout_.layers; ++layer) {
    for (std::int32_t s = 0; s < static_cast<std::int32_t>(row_bytes_.size()); ++s) {
      std::memcpy(rows(to, layer, s), rows(from, layer, s),
                  row_bytes(s) * static_cast<std::size_t>(tokens));
    }
  }
}

void KvStorage::write_row(KvBlockId id, std::int32_t layer, std::int32_t stream, std::int32_t slot,
                          const float* values) {
  const KvStream& form = layout_.streams[static_cast<std::size_t>(stream)];
  std::byte* to = rows(id, layer, stream) + row_bytes(stream) * static_cast<std::size_t>(slot);
  kv_encode(form.type, values, form.width, to);
}

void KvStorage::read_row(KvBlockId id, std::int32_t layer, std::int32_t stream, std::int32_t slot,
                         std::int32_t first, std::int32_t count, float* out) const {
  const KvStream& form = layout_.streams[static_cast<std::size_t>(stream)];
  const std::byte* from =
      rows(id, layer, stream) + row_bytes(stream) * static_cast<std::size_t>(slot);
  kv_decode(form.type, from, first, count, out);
}

}  // namespace seine::engine
