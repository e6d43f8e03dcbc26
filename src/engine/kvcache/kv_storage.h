// KvStorage: the memory of the paged KV cache, cut into blocks of block_tokens positions. One block
// holds all layers of its positions in one contiguous piece, so that copying, spilling and
// restoring a prefix are single moves. Plain memory without a policy: who uses which block is the
// block pool's business (reference counts, prefix cache). Pages are committed when first written.
// Owned by an engine; not synchronised: the thread that runs the model writes, others keep to
// blocks that no running batch may write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace seine::engine {

using KvBlockId = std::int32_t;

enum class KvType : std::uint8_t {
  kF32,  // exact, for comparisons
  kF16,
  kQ8,  // one f16 scale for 32 int8 values
};
std::string_view kv_type_name(KvType type);

// What is stored of each position and layer: keys, values; or latent, rotary key; or index key.
struct KvStream {
  KvType type = KvType::kF16;
  std::int32_t width = 0;  // values
};

struct KvLayout {
  std::int32_t layers = 0;
  std::int32_t block_tokens = 16;  // 64 for MLA
  std::vector<KvStream> streams;   // the same for every layer

  std::size_t block_bytes() const;
  // Bytes of one position over all layers.
  std::size_t token_bytes() const { return block_bytes() / static_cast<std::size_t>(block_tokens); }
  std::int64_t blocks_for(std::int64_t tokens) const {
    return (tokens + block_tokens - 1) / block_tokens;
  }
  bool operator==(const KvLayout& other) const;
};

std::size_t kv_row_bytes(const KvStream& stream);

class KvStorage {
 public:
  // Fails with kResourceExhausted and the numbers when the address space is not to be had.
  static base::Result<KvStorage> create(const KvLayout& layout, std::int64_t blocks);
  KvStorage(KvStorage&& other) noexcept;
  KvStorage& operator=(KvStorage&& other) noexcept;
  KvStorage(const KvStorage&) = delete;
  KvStorage& operator=(const KvStorage&) = delete;
  ~KvStorage();

  const KvLayout& layout() const { return layout_; }
  std::int64_t blocks() const { return blocks_; }

  // All bytes of a block, (layers, streams, block_tokens, row).
  std::span<std::byte> block(KvBlockId id);
  std::span<const std::byte> block(KvBlockId id) const;
  // For copy-on-write: the rows of the first `tokens` positions, all layers.
  void copy_rows(KvBlockId from, KvBlockId to, std::int32_t tokens);

  // Row 0 of a stream of a layer of a block; rows are row_bytes(stream) apart.
  std::byte* rows(KvBlockId id, std::int32_t layer, std::int32_t stream) {
    return data_ + static_cast<std::size_t>(id) * block_bytes_ + offset(layer, stream);
  }
  const std::byte* rows(KvBlockId id, std::int32_t layer, std::int32_t stream) const {
    return data_ + static_cast<std::size_t>(id) * block_bytes_ + offset(layer, stream);
  }
  std::size_t row_bytes(std::int32_t stream) const {
    return row_bytes_[static_cast<std::size_t>(stream)];
  }

  // Encodes one row of a stream: `values` holds its width.
  void write_row(KvBlockId id, std::int32_t layer, std::int32_t stream, std::int32_t slot,
                 const float* values);
  // Decodes values [first, first + count) of a row; for kQ8 both are multiples of 32.
  void read_row(KvBlockId id, std::int32_t layer, std::int32_t stream, std::int32_t slot,
                std::int32_t first, std::int32_t count, float* out) const;

 private:
  KvStorage() = default;
  std::size_t offset(std::int32_t layer, std::int32_t stream) const {
    return static_cast<std::size_t>(layer) * layer_bytes_ +
           stream_offsets_[static_cast<std::size_t>(stream)];
  }

  KvLayout layout_;
  std::int64_t blocks_ = 0;
  std::size_t block_bytes_ = 0;
  std::size_t layer_bytes_ = 0;
  std::vector<std::size_t> stream_offsets_;
  std::vector<std::size_t> row_bytes_;
  std::byte* data_ = nullptr;
  std::size_t mapped_bytes_ = 0;
};

}  // namespace seine::engine
