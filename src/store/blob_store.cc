#include "store/blob_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "store/detail/blob_store_impl.h"
#include "store/detail/files.h"
#include "store/detail/sha256.h"
#include "store/detail/temporary_file.h"
#include "store/maintenance.h"

namespace seine::store {

using base::Code;
using base::fail;
using base::Result;

namespace {

constexpr Migration kBlobMigrations[] = {
    {1, "records and pins of blobs",
     "CREATE TABLE blob("
     "id BLOB PRIMARY KEY CHECK(length(id) = 32), size INTEGER NOT NULL, used_ms INTEGER NOT NULL"
     ") STRICT, WITHOUT ROWID;"
     "CREATE INDEX blob_by_use ON blob(used_ms);"
     "CREATE TABLE blob_pin("
     "id BLOB NOT NULL REFERENCES blob(id), owner TEXT NOT NULL, PRIMARY KEY(id, owner)"
     ") STRICT, WITHOUT ROWID;"
     "CREATE INDEX blob_pin_by_owner ON blob_pin(owner);"},
};

constexpr std::uint64_t kFreeCheckEvery = 4 << 20;
constexpr int kEvictBatch = 64;
constexpr std::size_t kTouchedMax = 1024;
constexpr std::size_t kOwnerBytesMax = 256;

Result<void> check_owner(std::string_view owner) {
  if (!owner.empty() && owner.size() <= kOwnerBytesMax) return {};
  return fail(Code::kInvalidArgument, "a blob's owner has 1 to {} bytes, not {}", kOwnerBytesMax,
              owner.size());
}

}  // namespace

Result<void> BlobStore::Impl::check_room(std::uint64_t bytes) const {
  const std::uint64_t free = SEINE_TRY(free_space(root));
  if (free >= options.free_bytes_min + bytes) return {};
  return fail(Code::kResourceExhausted,
              "{}: {} are free, a blob of {} needs that and {} for the rest", root,
              base::format_size(free), base::format_size(bytes),
              base::format_size(options.free_bytes_min));
}

Result<std::optional<std::uint64_t>> BlobStore::Impl::recorded_size(const BlobId& id) {
  return database.read([&](Connection& connection) {
    return connection.value<std::uint64_t>("SELECT size FROM blob WHERE id=?1", Blob{id.bytes()});
  });
}

Result<void> BlobStore::Impl::record(const BlobId& id, std::uint64_t size, std::string_view owner) {
  const bool fresh = SEINE_TRY(database.write([&](Connection& connection) -> Result<bool> {
    SEINE_CHECK(connection.run("INSERT INTO blob VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING",
                               Blob{id.bytes()}, size, now_ms()));
    const bool inserted = connection.changes() == 1;
    if (!inserted) {
      SEINE_CHECK(
          connection.run("UPDATE blob SET used_ms=?2 WHERE id=?1", Blob{id.bytes()}, now_ms()));
    }
    if (!owner.empty()) SEINE_CHECK(pin(connection, id, owner));
    return inserted;
  }));
  if (fresh) total_bytes += static_cast<std::int64_t>(size);
  return {};
}

// True if the same bytes are here already: recorded and on disk. Then only the record is renewed.
Result<bool> BlobStore::Impl::already_kept(const BlobId& id, std::uint64_t size,
                                           std::string_view owner) {
  const std::shared_lock lock(publishing);
  const auto recorded = SEINE_TRY(recorded_size(id));
  struct stat info{};
  if (recorded != size || ::stat(file(id).c_str(), &info) != 0 ||
      static_cast<std::uint64_t>(info.st_size) != size) {
    return false;
  }
  SEINE_CHECK(record(id, size, owner));
  return true;
}

Result<void> BlobStore::Impl::publish(const std::string& temporary, const BlobId& id,
                                      std::uint64_t size, std::string_view owner) {
  const std::shared_lock lock(publishing);
  const std::string directory = shard(id);
  if (!detail::exists(directory)) {
    SEINE_CHECK(detail::make_directories(directory));
    SEINE_CHECK(detail::sync_directory(root + "/sha256"));
  }
  SEINE_CHECK(detail::rename_file(temporary, file(id)));
  SEINE_CHECK(detail::sync_directory(directory));
  return record(id, size, owner);
}

Result<void> BlobStore::Impl::after_put() {
  if (static_cast<std::uint64_t>(std::max<std::int64_t>(total_bytes, 0)) <=
      options.total_bytes_max) {
    return {};
  }
  // A little more than asked, so that a full store does not evict at every put.
  SEINE_CHECK(evict_to(options.total_bytes_max - options.total_bytes_max / 32));
  return {};
}

void BlobStore::Impl::touch(const BlobId& id) {
  bool full = false;
  {
    const std::lock_guard lock(touched_mutex);
    touched[id] = now_ms();
    full = touched.size() >= kTouchedMax;
  }
  if (full) (void)flush_touched();  // a lost time of use costs one early eviction
}

Result<void> BlobStore::Impl::flush_touched() {
  std::map<BlobId, std::int64_t> batch;
  {
    const std::lock_guard lock(touched_mutex);
    batch.swap(touched);
  }
  if (batch.empty()) return {};
  return database.write([&](Connection& connection) -> Result<void> {
    for (const auto& [id, used_ms] : batch) {
      SEINE_CHECK(connection.run("UPDATE blob SET used_ms=?2 WHERE id=?1 AND used_ms<?2",
                                 Blob{id.bytes()}, used_ms));
    }
    return {};
  });
}

Result<std::uint64_t> BlobStore::Impl::evict_to(std::uint64_t bytes) {
  SEINE_CHECK(flush_touched());
  const std::unique_lock lock(publishing);
  std::uint64_t freed = 0;
  while (static_cast<std::uint64_t>(std::max<std::int64_t>(total_bytes, 0)) > bytes) {
    struct Victim {
      BlobId id;
      std::uint64_t size;
    };
    // The records go first: a crash in between leaves files without records, which scrub finds.
    const auto victims =
        SEINE_TRY(database.write([&](Connection& connection) -> Result<std::vector<Victim>> {
          std::vector<Victim> chosen;
          auto over = static_cast<std::uint64_t>(total_bytes.load()) - bytes;
          {
            Cursor rows = SEINE_TRY(connection.query(
                "SELECT id, size FROM blob WHERE NOT EXISTS"
                " (SELECT 1 FROM blob_pin WHERE blob_pin.id = blob.id) ORDER BY used_ms LIMIT ?1",
                kEvictBatch));
            while (over > 0 && SEINE_TRY(rows.next())) {
              chosen.push_back({detail::blob_id_from(rows.blob(0)), rows.get<std::uint64_t>(1)});
              over -= std::min(over, chosen.back().size);
            }
          }
          for (const Victim& victim : chosen) {
            SEINE_CHECK(connection.run("DELETE FROM blob WHERE id=?1", Blob{victim.id.bytes()}));
          }
          return chosen;
        }));
    if (victims.empty()) break;  // all that is left is pinned
    for (const Victim& victim : victims) {
      ::unlink(file(victim.id).c_str());
      total_bytes -= static_cast<std::int64_t>(victim.size);
      freed += victim.size;
    }
  }
  return freed;
}

struct BlobWriter::State {
  BlobStore::Impl* store;
  std::string path;
  detail::Fd fd;
  detail::Sha256 hash;
  std::uint64_t size = 0;
  std::uint64_t checked = 0;  // bytes for which room was seen
  bool failed = false;

  ~State() {
    if (!path.empty()) ::unlink(path.c_str());
  }
};

BlobWriter::BlobWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
BlobWriter::BlobWriter(BlobWriter&&) noexcept = default;
BlobWriter::~BlobWriter() = default;

std::uint64_t BlobWriter::size() const {
  return state_->size;
}

Result<void> BlobWriter::append(std::string_view bytes) {
  State& state = *state_;
  if (state.failed) return fail(Code::kFailedPrecondition, "the blob has failed already");
  const auto write = [&]() -> Result<void> {
    const std::uint64_t most = state.store->options.blob_bytes_max;
    if (bytes.size() > most - state.size) {
      return fail(Code::kResourceExhausted, "a blob grows past the limit of {}",
                  base::format_size(most));
    }
    if (state.size + bytes.size() > state.checked) {
      SEINE_CHECK(state.store->check_room(std::max<std::uint64_t>(bytes.size(), kFreeCheckEvery)));
      state.checked = state.size + std::max<std::uint64_t>(bytes.size(), kFreeCheckEvery);
    }
    return detail::write_all(state.fd.get(), state.path, bytes);
  };
  if (auto written = write(); !written) {
    state.failed = true;
    state.fd.reset();
    ::unlink(state.path.c_str());  // a full disk gets its room back at once
    return written;
  }
  state.hash.update(bytes);
  state.size += bytes.size();
  return {};
}

Result<BlobId> BlobWriter::finish(std::string_view owner) {
  State& state = *state_;
  if (state.failed) return fail(Code::kFailedPrecondition, "the blob has failed already");
  state.failed = true;  // one finish, whatever comes of it
  if (!owner.empty()) SEINE_CHECK(check_owner(owner));
  BlobId id;
  id.sha256 = state.hash.finish();
  if (SEINE_TRY(state.store->already_kept(id, state.size, owner))) return id;
  SEINE_CHECK(detail::sync_file(state.fd.get(), state.path));
  SEINE_CHECK(state.store->publish(state.path, id, state.size, owner));
  state.path.clear();
  SEINE_CHECK(state.store->after_put());
  return id;
}

BlobStore::BlobStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlobStore::~BlobStore() {
  (void)impl_->flush_touched();
}

Result<std::unique_ptr<BlobStore>> BlobStore::open(const std::string& directory, Database& database,
                                                   const base::Clock& clock, BlobOptions options) {
  SEINE_CHECK(database.migrate({"blob", kBlobMigrations}));
  SEINE_CHECK(detail::make_directories(directory + "/sha256"));
  SEINE_CHECK(detail::make_directories(directory + "/tmp"));
  SEINE_CHECK(detail::make_directories(directory + "/damaged"));
  SEINE_CHECK(detail::sweep_temporaries(directory + "/tmp"));
  detail::Fd gate = SEINE_TRY(detail::open_file(directory + "/gate", O_RDWR | O_CREAT));
  auto impl = std::make_unique<Impl>(directory, database, clock, options, std::move(gate));
  impl->total_bytes =
      SEINE_TRY(database.read([](Connection& connection) {
        return connection.value<std::int64_t>("SELECT coalesce(sum(size), 0) FROM blob");
      })).value_or(0);
  return std::unique_ptr<BlobStore>(new BlobStore(std::move(impl)));
}

Result<BlobWriter> BlobStore::writer() {
  auto state = std::make_unique<BlobWriter::State>();
  state->store = impl_.get();
  detail::TemporaryFile file =
      SEINE_TRY(detail::create_temporary(impl_->root + "/tmp", impl_->next_temporary));
  state->fd = std::move(file.fd);
  state->path = std::move(file.path);
  return BlobWriter(std::move(state));
}

Result<BlobId> BlobStore::put(std::string_view bytes, std::string_view owner) {
  if (!owner.empty()) SEINE_CHECK(check_owner(owner));
  const BlobId id = BlobId::of(bytes);
  if (SEINE_TRY(impl_->already_kept(id, bytes.size(), owner))) return id;
  BlobWriter blob = SEINE_TRY(writer());
  SEINE_CHECK(blob.append(bytes));
  return blob.finish(owner);
}

Result<BlobReader> BlobStore::open_blob(const BlobId& id, Verify verify) {
  const std::string path = impl_->file(id);
  auto fd = detail::open_file(path, O_RDONLY | O_NOFOLLOW);
  if (!fd) {
    if (fd.error().code == Code::kNotFound) return fail(Code::kNotFound, "no blob {}", id.hex());
    return std::unexpected(std::move(fd).error());
  }
  struct stat info{};
  if (::fstat(fd->get(), &info) != 0) {
    return std::unexpected(detail::file_error("stat", path, errno));
  }
  BlobReader reader(fd->release(), static_cast<std::uint64_t>(info.st_size));
  if (verify == Verify::kYes && SEINE_TRY(detail::hash_of(reader)) != id) {
    return fail(Code::kDataLoss, "blob {} is damaged: its bytes do not hash to its name", id.hex());
  }
  impl_->touch(id);
  return reader;
}

Result<bool> BlobStore::contains(const BlobId& id) {
  return SEINE_TRY(impl_->recorded_size(id)).has_value();
}

Result<void> BlobStore::pin(Connection& connection, const BlobId& id, std::string_view owner) {
  SEINE_CHECK(check_owner(owner));
  const auto known =
      SEINE_TRY(connection.value<std::int64_t>("SELECT 1 FROM blob WHERE id=?1", Blob{id.bytes()}));
  if (!known) return fail(Code::kNotFound, "no blob {}", id.hex());
  return connection.run("INSERT INTO blob_pin VALUES(?1, ?2) ON CONFLICT DO NOTHING",
                        Blob{id.bytes()}, owner);
}

Result<void> BlobStore::unpin(Connection& connection, const BlobId& id, std::string_view owner) {
  return connection.run("DELETE FROM blob_pin WHERE id=?1 AND owner=?2", Blob{id.bytes()}, owner);
}

Result<void> BlobStore::unpin_all(Connection& connection, std::string_view owner) {
  return connection.run("DELETE FROM blob_pin WHERE owner=?1", owner);
}

Result<void> BlobStore::pin(const BlobId& id, std::string_view owner) {
  return impl_->database.write([&](Connection& connection) { return pin(connection, id, owner); });
}

Result<void> BlobStore::unpin(const BlobId& id, std::string_view owner) {
  return impl_->database.write(
      [&](Connection& connection) { return unpin(connection, id, owner); });
}

Result<std::uint64_t> BlobStore::evict_to(std::uint64_t bytes) {
  return impl_->evict_to(bytes);
}

Result<void> BlobStore::remove(const BlobId& id) {
  const std::unique_lock lock(impl_->publishing);
  const auto size = SEINE_TRY(impl_->recorded_size(id));
  if (!size) return fail(Code::kNotFound, "no blob {}", id.hex());
  auto removed = impl_->database.write([&](Connection& connection) {
    return connection.run("DELETE FROM blob WHERE id=?1", Blob{id.bytes()});
  });
  if (!removed && removed.error().code == Code::kFailedPrecondition) {
    return fail(Code::kFailedPrecondition, "blob {} is pinned", id.hex());
  }
  SEINE_CHECK(removed);
  impl_->total_bytes -= static_cast<std::int64_t>(*size);
  ::unlink(impl_->file(id).c_str());
  return {};
}

Result<BlobStore::Usage> BlobStore::usage() {
  return impl_->database.read([](Connection& connection) -> Result<Usage> {
    Cursor row = SEINE_TRY(connection.query(
        "SELECT count(*), coalesce(sum(size), 0), coalesce(sum(iif(EXISTS(SELECT 1 FROM blob_pin"
        " WHERE blob_pin.id = blob.id), size, 0)), 0) FROM blob"));
    if (!SEINE_TRY(row.next())) return Usage{};
    return Usage{row.get<std::uint64_t>(0), row.get<std::uint64_t>(1), row.get<std::uint64_t>(2)};
  });
}

}  // namespace seine::store
