// An SQLite database in WAL mode: one writer thread, a small pool of reading connections. Every
// write goes through the writer's bounded queue; writes that wait together are committed together
// (each in its own savepoint), so one fsync acknowledges many. A write is acknowledged, by return
// or by completion, only after that commit. Reads run on the caller's thread against a snapshot and
// never wait for writes. All members are safe on any thread; those without `submit` in their name
// block and do not belong on a network thread: see WorkerPool.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "store/connection.h"
#include "store/migrations.h"

namespace seine::store {

// "SEIN": marks our files, so that another program's database is not migrated by mistake.
inline constexpr std::int64_t kApplicationId = 0x5345494e;

// How long a call may wait and run (the real steady clock), and the caller's change of mind. Both
// also interrupt a statement that is running.
struct CallOptions {
  base::Deadline deadline = base::Deadline::never();
  std::stop_token stop = {};
};

// kFull: fsync at every commit, so an acknowledged record survives a power cut. kRelaxed: survives
// the death of the process, but a power cut may lose the last commits; for caches.
enum class Durability : std::uint8_t { kFull, kRelaxed };

struct DatabaseOptions {
  Durability durability = Durability::kFull;
  std::size_t readers = 4;               // connections for reading at once
  std::size_t write_queue = 1024;        // writes that may wait; more answer kResourceExhausted
  std::size_t group_max = 64;            // writes committed together at most
  std::chrono::milliseconds busy{5000};  // wait for another process's lock (backup tools)
};

class Database {
 public:
  // Creates the file (mode 0600) if absent. Refuses a file that is not a database (kDataLoss), or
  // one made by another program (kFailedPrecondition).
  static base::Result<std::unique_ptr<Database>> open(const std::string& path,
                                                      DatabaseOptions options = {});
  // Finishes the running group, fails what still waits with kUnavailable, checkpoints and closes.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // `job(Connection&)` returns Result<T>; it runs in a transaction that commits if it succeeds and
  // is undone if it fails. It may run more than once (when a neighbour in its group breaks the
  // transaction), so its only effects are through the connection and its result. It must not call
  // back into this database's write().
  template <typename Job>
  auto write(Job job, CallOptions options = {}) -> std::invoke_result_t<Job&, Connection&> {
    using R = std::invoke_result_t<Job&, Connection&>;
    std::optional<R> result;
    auto committed = write_erased(
        [&job, &result](Connection& connection) -> base::Result<void> {
          result.emplace(job(connection));
          if (!*result) return std::unexpected(result->error());
          return {};
        },
        std::move(options));
    if (!committed) return R(std::unexpected(std::move(committed).error()));
    return std::move(*result);
  }

  // The same without blocking: an error at once when the queue is full; otherwise `done(Result<T>)`
  // is called exactly once on the writer's thread, after the commit. It must be quick (post to an
  // executor) and must not throw.
  template <typename Job, typename Done>
  base::Result<void> submit_write(Job job, Done done, CallOptions options = {}) {
    using R = std::invoke_result_t<Job&, Connection&>;
    auto result = std::make_shared<std::optional<R>>();
    return submit_erased(
        [job = std::move(job), result](Connection& connection) mutable -> base::Result<void> {
          result->emplace(job(connection));
          if (!**result) return std::unexpected((*result)->error());
          return {};
        },
        [done = std::move(done), result](base::Result<void> committed) mutable {
          if (!committed) {
            done(R(std::unexpected(std::move(committed).error())));
          } else {
            done(std::move(**result));
          }
        },
        std::move(options));
  }

  // `job(Connection&)` returns Result<T>; it sees one snapshot and cannot write.
  template <typename Job>
  auto read(Job job, CallOptions options = {}) -> std::invoke_result_t<Job&, Connection&> {
    using R = std::invoke_result_t<Job&, Connection&>;
    std::optional<R> result;
    auto ran = read_erased(
        [&job, &result](Connection& connection) -> base::Result<void> {
          result.emplace(job(connection));
          if (!*result) return std::unexpected(result->error());
          return {};
        },
        options);
    if (!ran) return R(std::unexpected(std::move(ran).error()));
    return std::move(*result);
  }

  // Brings the module's tables up to date; call once per module at start. See migrations.h.
  base::Result<void> migrate(const MigrationSet& set);

  // Moves the write-ahead log into the database file and truncates it.
  base::Result<void> checkpoint();

  struct Statistics {
    std::uint64_t writes = 0;   // jobs acknowledged
    std::uint64_t commits = 0;  // groups committed
    std::size_t queued = 0;     // jobs waiting now
  };
  Statistics statistics() const;
  const std::string& path() const;

 private:
  using ErasedJob = std::move_only_function<base::Result<void>(Connection&)>;
  using ErasedDone = std::move_only_function<void(base::Result<void>)>;
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);

  base::Result<void> write_erased(ErasedJob job, CallOptions options);
  base::Result<void> submit_erased(ErasedJob job, ErasedDone done, CallOptions options);
  base::Result<void> read_erased(ErasedJob job, const CallOptions& options);

  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::store
