#include "store/connection.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>

#include "store/detail/fts_extension.h"
#include "store/detail/sqlite_error.h"

namespace seine::store {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr std::size_t kCacheMax = 128;
// A value longer than this is refused by the library; rows of that size are a mistake of ours.
constexpr int kValueBytesMax = 256 << 20;

base::Error error_of(sqlite3* handle, int code, std::string_view path, std::string_view what) {
  return detail::sqlite_error(code, sqlite3_errmsg(handle), sqlite3_system_errno(handle), path,
                              what);
}

}  // namespace

Cursor::Cursor(Cursor&& other) noexcept
    : connection_(other.connection_), statement_(other.statement_), cached_(other.cached_) {
  other.statement_ = nullptr;
}

Cursor::~Cursor() {
  if (statement_ != nullptr) connection_->give_back(statement_, cached_);
}

Result<bool> Cursor::next() {
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return std::unexpected(connection_->last_error("statement"));
  }
}

bool Cursor::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::int64_t Cursor::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}
double Cursor::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string_view Cursor::text(int column) const {
  const unsigned char* bytes = sqlite3_column_text(statement_, column);
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Cursor::blob(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, Mode mode,
                                                     int busy_ms) {
  if (mode == Mode::kReadWrite) {
    // Made by us first, for its mode: the log files take theirs from it.
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return std::unexpected(base::errno_error("open " + path, errno));
    ::close(fd);
  }
  // No mutex: a connection is used by one thread at a time.
  const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (mode == Mode::kReadWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  if (handle == nullptr) return fail(Code::kResourceExhausted, "{}: out of memory", path);
  std::unique_ptr<Connection> connection(new Connection(handle, path));
  if (code != SQLITE_OK) return std::unexpected(error_of(handle, code, path, "open"));

  sqlite3_busy_timeout(handle, busy_ms);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, kValueBytesMax);
  sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0);
  // A damaged or hostile file must not run code of ours through its schema.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  SEINE_CHECK(detail::register_text_search(handle));
  SEINE_CHECK(connection->script(
      "PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY;"
      "PRAGMA cache_size=-8192;"));
  return connection;
}

Connection::~Connection() {
  for (const Cached& cached : cache_) sqlite3_finalize(cached.statement);
  sqlite3_close_v2(handle_);
}

Result<Cursor> Connection::prepare(std::string_view sql) {
  if (const auto found = by_sql_.find(sql); found != by_sql_.end()) {
    Cached& cached = *found->second;
    if (!cached.in_use) {
      cached.in_use = true;
      cache_.splice(cache_.begin(), cache_, found->second);
      return Cursor(*this, cached.statement, true);
    }
  }
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, &tail);
  if (code != SQLITE_OK) {
    return std::unexpected(
        error_of(handle_, code, path_, fmt::format("prepare \"{}\"", sql.substr(0, 200))));
  }
  SEINE_ASSERT(statement != nullptr, "a query holds a statement");
  // The same statement twice at once: the second is a guest that is not kept.
  if (by_sql_.contains(sql)) return Cursor(*this, statement, false);
  if (cache_.size() >= kCacheMax) {
    for (auto oldest = std::prev(cache_.end());; --oldest) {
      if (!oldest->in_use) {
        sqlite3_finalize(oldest->statement);
        by_sql_.erase(oldest->sql);
        cache_.erase(oldest);
        break;
      }
      if (oldest == cache_.begin()) break;
    }
  }
  cache_.push_front(Cached{std::string(sql), statement, true});
  by_sql_.emplace(cache_.front().sql, cache_.begin());
  return Cursor(*this, statement, true);
}

void Connection::give_back(sqlite3_stmt* statement, bool cached) {
  if (!cached) {
    sqlite3_finalize(statement);
    return;
  }
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  for (Cached& entry : cache_) {
    if (entry.statement == statement) {
      entry.in_use = false;
      return;
    }
  }
}

Result<void> Connection::drain(Cursor& cursor) {
  while (SEINE_TRY(cursor.next())) {
  }
  return {};
}

Result<void> Connection::script(std::string_view sql) {
  const std::string text(sql);
  const int code = sqlite3_exec(handle_, text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error_of(handle_, code, path_, "script"));
  return {};
}

Result<void> Connection::end_savepoint(bool keep) {
  // After an error that ended the whole transaction there is no savepoint left to end.
  if (!in_transaction()) {
    return fail(Code::kAborted, "{}: the transaction was rolled back", path_);
  }
  if (!keep) SEINE_CHECK(run("ROLLBACK TO seine_nested"));
  return run("RELEASE seine_nested");
}

std::int64_t Connection::changes() const {
  return sqlite3_changes64(handle_);
}
std::int64_t Connection::last_insert_id() const {
  return sqlite3_last_insert_rowid(handle_);
}
bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

base::Error Connection::last_error(std::string_view what) const {
  return error_of(handle_, sqlite3_extended_errcode(handle_), path_, what);
}

namespace {

Result<void> bound(sqlite3* handle, int code, std::string_view path, int index) {
  if (code == SQLITE_OK) return {};
  return std::unexpected(error_of(handle, code, path, fmt::format("parameter {}", index)));
}

}  // namespace

Result<void> Connection::bind_null(sqlite3_stmt* statement, int index) {
  return bound(handle_, sqlite3_bind_null(statement, index), path_, index);
}
Result<void> Connection::bind_integer(sqlite3_stmt* statement, int index, std::int64_t value) {
  return bound(handle_, sqlite3_bind_int64(statement, index, value), path_, index);
}
Result<void> Connection::bind_real(sqlite3_stmt* statement, int index, double value) {
  return bound(handle_, sqlite3_bind_double(statement, index, value), path_, index);
}
// Copied by the library: a cursor outlives the temporaries of the call that made it. A null pointer
// would bind NULL, so an empty view is bound as "".
Result<void> Connection::bind_text(sqlite3_stmt* statement, int index, std::string_view value) {
  const char* bytes = value.data() == nullptr ? "" : value.data();
  return bound(
      handle_,
      sqlite3_bind_text64(statement, index, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8),
      path_, index);
}
Result<void> Connection::bind_blob(sqlite3_stmt* statement, int index, std::string_view value) {
  const char* bytes = value.data() == nullptr ? "" : value.data();
  return bound(handle_,
               sqlite3_bind_blob64(statement, index, bytes, value.size(), SQLITE_TRANSIENT), path_,
               index);
}

}  // namespace seine::store
