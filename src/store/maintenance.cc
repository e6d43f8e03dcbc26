#include "store/maintenance.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "store/detail/files.h"
#include "store/detail/interrupt.h"

namespace seine::store {
namespace {

using base::Code;
using base::fail;
using base::Result;

// Problems listed by one check: a ruined file has thousands.
constexpr int kProblemsMax = 100;

Result<std::vector<std::string>> check_connection(Connection& connection,
                                                  const CallOptions& options) {
  const detail::InterruptGuard guard(connection, options);
  const auto examine = [&]() -> Result<std::vector<std::string>> {
    std::vector<std::string> problems;
    {
      Cursor rows =
          SEINE_TRY(connection.query(fmt::format("PRAGMA integrity_check({})", kProblemsMax)));
      while (SEINE_TRY(rows.next())) {
        if (rows.text(0) != "ok") problems.emplace_back(rows.text(0));
      }
    }
    Cursor rows = SEINE_TRY(connection.query("PRAGMA foreign_key_check"));
    while (static_cast<int>(problems.size()) < kProblemsMax && SEINE_TRY(rows.next())) {
      problems.push_back(fmt::format("row {} of table {} refers to a missing row of {}",
                                     rows.integer(1), rows.text(0), rows.text(2)));
    }
    return problems;
  };
  auto problems = examine();
  if (problems) return problems;
  if (problems.error().code == Code::kDataLoss) {
    return std::vector<std::string>{problems.error().message};
  }
  return std::unexpected(guard.translate(std::unexpected(problems.error())).error());
}

struct BackupHandle {
  sqlite3_backup* handle = nullptr;
  ~BackupHandle() {
    if (handle != nullptr) sqlite3_backup_finish(handle);
  }
};

void remove_with_logs(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) ::unlink((path + suffix).c_str());
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

// Copies `source`, page by page and within one snapshot, to the new file `path`, and makes it
// durable.
Result<void> copy_database(Connection& source, const std::string& path,
                           const BackupOptions& options) {
  {
    auto target = SEINE_TRY(Connection::open(path, Connection::Mode::kReadWrite));
    // The open snapshot keeps the copy from starting over when the writer commits meanwhile.
    SEINE_CHECK(source.run("BEGIN"));
    (void)SEINE_TRY(source.value<std::int64_t>("SELECT count(*) FROM sqlite_schema"));
    BackupHandle backup{sqlite3_backup_init(target->handle(), "main", source.handle(), "main")};
    if (backup.handle == nullptr) return std::unexpected(target->last_error("backup"));
    for (int code = SQLITE_OK; code != SQLITE_DONE;) {
      SEINE_CHECK(detail::check_call(options.call, source.path()));
      code = sqlite3_backup_step(backup.handle, options.pages_per_step);
      if (code != SQLITE_OK && code != SQLITE_DONE) {
        sqlite3_backup_finish(std::exchange(backup.handle, nullptr));
        return std::unexpected(target->last_error("backup"));
      }
      if (options.progress) {
        const auto total = static_cast<std::uint64_t>(sqlite3_backup_pagecount(backup.handle));
        options.progress(
            {total - static_cast<std::uint64_t>(sqlite3_backup_remaining(backup.handle)), total});
      }
    }
    sqlite3_backup_finish(std::exchange(backup.handle, nullptr));
    (void)source.run("COMMIT");
    // The copy carries the source's WAL mark; a backup is one plain file.
    SEINE_CHECK(target->script("PRAGMA journal_mode=DELETE"));
    const auto problems = SEINE_TRY(check_connection(*target, options.call));
    if (!problems.empty()) {
      return fail(Code::kDataLoss, "{}: the copy is damaged: {}", path, problems.front());
    }
  }
  const detail::Fd fd = SEINE_TRY(detail::open_file(path, O_RDWR));
  return detail::sync_file(fd.get(), path);
}

Result<void> verify_ours(Connection& connection) {
  const auto id = SEINE_TRY(connection.value<std::int64_t>("PRAGMA application_id"));
  if (id != kApplicationId) {
    return fail(Code::kFailedPrecondition, "{} is not a database of Seine", connection.path());
  }
  const auto problems = SEINE_TRY(check_connection(connection, {}));
  if (!problems.empty()) {
    return fail(Code::kDataLoss, "{} is damaged: {}", connection.path(), problems.front());
  }
  return {};
}

}  // namespace

Result<void> backup_database(const std::string& source, const std::string& destination,
                             const BackupOptions& options) {
  if (detail::exists(destination)) {
    return fail(Code::kAlreadyExists, "{} exists; a backup replaces nothing", destination);
  }
  const std::string partial = destination + ".partial";
  remove_with_logs(partial);
  auto from = SEINE_TRY(Connection::open(source, Connection::Mode::kReadOnly));
  if (auto copied = copy_database(*from, partial, options); !copied) {
    remove_with_logs(partial);
    return copied;
  }
  SEINE_CHECK(detail::rename_file(partial, destination));
  return detail::sync_directory(parent_of(destination));
}

Result<std::string> restore_database(const std::string& backup, const std::string& target) {
  const std::string partial = target + ".restoring";
  remove_with_logs(partial);
  {
    auto from = SEINE_TRY(Connection::open(backup, Connection::Mode::kReadOnly));
    SEINE_CHECK(verify_ours(*from));
    if (auto copied = copy_database(*from, partial, {}); !copied) {
      remove_with_logs(partial);
      return std::unexpected(std::move(copied).error());
    }
  }
  std::string kept;
  if (detail::exists(target)) {
    const auto stamp = std::chrono::floor<std::chrono::milliseconds>(base::SystemClock().wall())
                           .time_since_epoch()
                           .count();
    kept = fmt::format("{}.before-restore-{}", target, stamp);
    // Closing the old database folds its log into it; a damaged one may refuse.
    if (auto old = Connection::open(target, Connection::Mode::kReadWrite)) {
      (void)(*old)->value<std::int64_t>("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    // A log that stayed must go before the new file comes: it would be replayed into it.
    if (detail::exists(target + "-wal")) {
      SEINE_CHECK(detail::rename_file(target + "-wal", kept + "-wal"));
    }
    ::unlink((target + "-shm").c_str());
    if (::link(target.c_str(), kept.c_str()) != 0) {
      return std::unexpected(detail::file_error("keep the old database as", kept, errno));
    }
  }
  SEINE_CHECK(detail::rename_file(partial, target));
  SEINE_CHECK(detail::sync_directory(parent_of(target)));
  return kept;
}

Result<std::vector<std::string>> check_database(const std::string& path,
                                                const CallOptions& options) {
  auto connection = SEINE_TRY(Connection::open(path, Connection::Mode::kReadOnly));
  return check_connection(*connection, options);
}

Result<std::uint64_t> free_space(const std::string& path) {
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) {
    return std::unexpected(base::errno_error("statvfs " + path, errno));
  }
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace seine::store
