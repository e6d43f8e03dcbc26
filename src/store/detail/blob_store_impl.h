// What the files of BlobStore share: its state, and the ways from a file to a name.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/blob_store.h"
#include "store/detail/file_gate.h"

namespace seine::store {

namespace detail {

// From the 32 bytes of a record.
BlobId blob_id_from(std::string_view bytes);
// Reads all of it.
base::Result<BlobId> hash_of(const BlobReader& reader);

}  // namespace detail

struct BlobStore::Impl {
  Impl(std::string root_in, Database& database_in, const base::Clock& clock_in,
       BlobOptions options_in, detail::Fd gate)
      : root(std::move(root_in)),
        database(database_in),
        clock(clock_in),
        options(options_in),
        publishing(std::move(gate)) {}

  std::string root;
  Database& database;
  const base::Clock& clock;
  BlobOptions options;
  std::atomic<std::uint64_t> next_temporary{0};
  std::atomic<std::int64_t> total_bytes{0};
  // Shared from rename to record, exclusive from losing a record to unlink: otherwise an eviction
  // could delete the file that a put of the same bytes has just named, in this process or another.
  detail::FileGate publishing;
  std::mutex touched_mutex;
  std::map<BlobId, std::int64_t> touched;  // last use, written to the records in batches

  std::string shard(const BlobId& id) const { return root + "/sha256/" + id.hex().substr(0, 2); }
  std::string file(const BlobId& id) const { return shard(id) + "/" + id.hex().substr(2); }
  std::int64_t now_ms() const {
    return std::chrono::floor<std::chrono::milliseconds>(clock.wall()).time_since_epoch().count();
  }

  base::Result<void> check_room(std::uint64_t bytes) const;
  base::Result<std::optional<std::uint64_t>> recorded_size(const BlobId& id);
  base::Result<void> record(const BlobId& id, std::uint64_t size, std::string_view owner);
  base::Result<bool> already_kept(const BlobId& id, std::uint64_t size, std::string_view owner);
  base::Result<void> publish(const std::string& temporary, const BlobId& id, std::uint64_t size,
                             std::string_view owner);
  base::Result<void> after_put();
  void touch(const BlobId& id);
  base::Result<void> flush_touched();
  base::Result<std::uint64_t> evict_to(std::uint64_t bytes);
  base::Result<std::vector<std::string>> files();
};

}  // namespace seine::store
