// Content-addressed files: SHA-256 of the bytes is the name, equal bytes are kept once. A blob is
// written to tmp, fsynced and renamed, so that a blob that is visible is whole; then recorded in
// the database. Blobs that some owner pins stay; the others are a cache, evicted oldest use first
// when the total passes the bound. Blocks; safe on any thread; never follows a name from outside: a
// BlobId is 32 bytes, not a path.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "store/database.h"

namespace seine::store {

struct BlobId {
  std::array<std::uint8_t, 32> sha256{};

  // 64 lower-case hex digits.
  static std::optional<BlobId> parse(std::string_view hex);
  static BlobId of(std::string_view bytes);
  std::string hex() const;
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(sha256.data()), sha256.size()};
  }
  auto operator<=>(const BlobId&) const = default;
};

struct BlobOptions {
  std::uint64_t total_bytes_max = std::uint64_t{10} << 30;
  std::uint64_t blob_bytes_max = std::uint64_t{256} << 20;
  // Room left on the file system for the rest of the house: a write that would pass it fails first.
  std::uint64_t free_bytes_min = std::uint64_t{64} << 20;
};

// kYes reads and hashes the whole blob before it is handed out; a mismatch is kDataLoss.
enum class Verify : std::uint8_t { kNo, kYes };

// An open blob. Stays readable when the blob is evicted meanwhile.
class BlobReader {
 public:
  BlobReader(BlobReader&& other) noexcept;
  BlobReader& operator=(BlobReader&&) = delete;
  ~BlobReader();

  std::uint64_t size() const { return size_; }
  // Up to out.size() bytes from `offset`; fewer only at the end. kOutOfRange past the end.
  base::Result<std::size_t> read_at(std::uint64_t offset, std::span<char> out) const;
  // The range [offset, offset + length) clipped to the blob.
  base::Result<std::string> read(std::uint64_t offset, std::uint64_t length) const;
  base::Result<std::string> read_all() const { return read(0, size_); }
  // The bytes mapped into memory; live as long as the reader.
  base::Result<std::string_view> map();

 private:
  friend class BlobStore;
  BlobReader(int fd, std::uint64_t size) : fd_(fd), size_(size) {}
  int fd_;
  std::uint64_t size_;
  void* mapped_ = nullptr;
};

class BlobStore;

// A blob being written. Destroyed before finish(): nothing remains. Belongs to one thread at a
// time.
class BlobWriter {
 public:
  BlobWriter(BlobWriter&& other) noexcept;
  BlobWriter& operator=(BlobWriter&&) = delete;
  ~BlobWriter();

  // kResourceExhausted past blob_bytes_max, or when the disk is full; the writer is then done for.
  base::Result<void> append(std::string_view bytes);
  std::uint64_t size() const;
  // Makes the blob durable and visible. `owner` other than "" pins it.
  base::Result<BlobId> finish(std::string_view owner = "");

 private:
  friend class BlobStore;
  struct State;
  explicit BlobWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

class BlobStore {
 public:
  // `directory` gets the sub-folders sha256/ab/ and tmp/; what a crash left in tmp/ is removed, and
  // what another store writes there at the moment stays. The database holds the records and
  // outlives the store, as does the clock.
  static base::Result<std::unique_ptr<BlobStore>> open(const std::string& directory,
                                                       Database& database, const base::Clock& clock,
                                                       BlobOptions options = {});
  ~BlobStore();

  base::Result<BlobWriter> writer();
  base::Result<BlobId> put(std::string_view bytes, std::string_view owner = "");
  // kNotFound when there is no such blob (never put, or evicted).
  base::Result<BlobReader> open_blob(const BlobId& id, Verify verify = Verify::kNo);
  base::Result<bool> contains(const BlobId& id);

  // An owner is a short text such as "run:0190…". A blob stays while it has one. kNotFound when the
  // blob is not there. The forms that take a connection join the caller's own transaction.
  base::Result<void> pin(const BlobId& id, std::string_view owner);
  base::Result<void> unpin(const BlobId& id, std::string_view owner);
  static base::Result<void> pin(Connection& connection, const BlobId& id, std::string_view owner);
  static base::Result<void> unpin(Connection& connection, const BlobId& id, std::string_view owner);
  static base::Result<void> unpin_all(Connection& connection, std::string_view owner);

  // Evicts unpinned blobs until at most `bytes` are kept; returns the bytes freed. put does this by
  // itself at total_bytes_max.
  base::Result<std::uint64_t> evict_to(std::uint64_t bytes);
  // kFailedPrecondition while pinned.
  base::Result<void> remove(const BlobId& id);

  struct Usage {
    std::uint64_t blobs = 0;
    std::uint64_t bytes = 0;
    std::uint64_t pinned_bytes = 0;
  };
  base::Result<Usage> usage();

  struct ScrubReport {
    std::uint64_t blobs = 0;
    std::uint64_t bytes = 0;
    std::vector<BlobId> damaged;       // bytes do not hash to the name
    std::vector<BlobId> missing;       // recorded, no file
    std::vector<std::string> orphans;  // files without a record
  };
  // Hashes every blob. With kDelete, orphan files go, damaged ones are moved to damaged/, and the
  // records of both missing and damaged ones go unless they are pinned.
  enum class Repair : std::uint8_t { kReport, kDelete };
  base::Result<ScrubReport> scrub(Repair repair, const CallOptions& options = {});

 private:
  friend class BlobWriter;
  struct Impl;
  explicit BlobStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::store
