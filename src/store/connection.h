// A connection to an SQLite database with cached prepared statements and typed parameters and
// columns. Owned by Database, lent to one job at a time, so it takes no locks of its own; a job
// never keeps it. No SQLite type or code leaves the module: errors are base::Error, with the path
// of the database in the message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace seine::store {

class Connection;

// Bytes as a parameter (STRICT tables tell TEXT and BLOB apart).
struct Blob {
  std::string_view bytes;
};

// A running statement: next() steps to a row, the getters read it. A string_view from a getter
// lives until the next call of next(). Goes back to the connection's cache when destroyed.
class Cursor {
 public:
  Cursor(Cursor&& other) noexcept;
  Cursor& operator=(Cursor&&) = delete;
  ~Cursor();

  base::Result<bool> next();

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string_view text(int column) const;  // "" for NULL
  std::string_view blob(int column) const;  // "" for NULL

  // T: bool, an integer, double, std::string, or std::optional of one (NULL -> nothing).
  template <typename T>
  T get(int column) const;

 private:
  friend class Connection;
  Cursor(Connection& connection, sqlite3_stmt* statement, bool cached)
      : connection_(&connection), statement_(statement), cached_(cached) {}

  Connection* connection_;
  sqlite3_stmt* statement_;  // null when moved from
  bool cached_;
};

class Connection {
 public:
  enum class Mode : std::uint8_t { kReadWrite, kReadOnly };

  // Creates the file if it is absent (kReadWrite). `busy_ms`: how long a statement waits for
  // another process's lock. Sets no journal mode: see Database.
  static base::Result<std::unique_ptr<Connection>> open(const std::string& path, Mode mode,
                                                        int busy_ms = 5000);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // One statement with positional parameters (?1, ?2, ...); rows are dropped.
  template <typename... Args>
  base::Result<void> run(std::string_view sql, const Args&... args) {
    Cursor cursor = SEINE_TRY(query(sql, args...));
    return drain(cursor);
  }

  // The rows of one statement.
  template <typename... Args>
  base::Result<Cursor> query(std::string_view sql, const Args&... args) {
    Cursor cursor = SEINE_TRY(prepare(sql));
    int index = 0;
    base::Result<void> bound;
    (void)((bound = bind(cursor.statement_, ++index, args), bound.has_value()) && ...);
    if (!bound) return std::unexpected(std::move(bound).error());
    return cursor;
  }

  // First column of the first row; nothing when there is no row.
  template <typename T, typename... Args>
  base::Result<std::optional<T>> value(std::string_view sql, const Args&... args) {
    Cursor cursor = SEINE_TRY(query(sql, args...));
    if (!SEINE_TRY(cursor.next())) return std::nullopt;
    return cursor.get<T>(0);
  }

  // Several statements separated by semicolons, without parameters; for schemas.
  base::Result<void> script(std::string_view sql);

  // `body` (returning Result<T>) inside a savepoint: its writes stay if it succeeds and are undone
  // if it fails. Nests.
  template <typename Body>
  auto atomically(Body&& body) -> std::invoke_result_t<Body> {
    using R = std::invoke_result_t<Body>;
    if (auto begun = run("SAVEPOINT seine_nested"); !begun) {
      return R(std::unexpected(std::move(begun).error()));
    }
    R result = body();
    if (auto ended = end_savepoint(result.has_value()); !ended && result) {
      return R(std::unexpected(std::move(ended).error()));
    }
    return result;
  }

  std::int64_t changes() const;         // rows changed by the last statement
  std::int64_t last_insert_id() const;  // rowid of the last insert
  bool in_transaction() const;
  const std::string& path() const { return path_; }

  // For code of this module that speaks to the library itself.
  sqlite3* handle() const { return handle_; }
  // The library's last error as ours, with the path and `what`.
  base::Error last_error(std::string_view what) const;

 private:
  friend class Cursor;
  struct Cached {
    std::string sql;
    sqlite3_stmt* statement;
    bool in_use;
  };
  using CacheList = std::list<Cached>;  // most recently used first

  Connection(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}

  base::Result<Cursor> prepare(std::string_view sql);
  void give_back(sqlite3_stmt* statement, bool cached);
  static base::Result<void> drain(Cursor& cursor);
  base::Result<void> end_savepoint(bool keep);

  template <typename T>
  base::Result<void> bind(sqlite3_stmt* statement, int index, const T& value) {
    if constexpr (std::is_same_v<T, std::nullopt_t> || std::is_same_v<T, std::nullptr_t>) {
      return bind_null(statement, index);
    } else if constexpr (std::is_same_v<T, Blob>) {
      return bind_blob(statement, index, value.bytes);
    } else if constexpr (std::is_enum_v<T>) {
      return bind_integer(statement, index, static_cast<std::int64_t>(value));
    } else if constexpr (std::is_integral_v<T>) {
      return bind_integer(statement, index, static_cast<std::int64_t>(value));
    } else if constexpr (std::is_floating_point_v<T>) {
      return bind_real(statement, index, static_cast<double>(value));
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      return bind_text(statement, index, value);
    } else {  // std::optional
      return value ? bind(statement, index, *value) : bind_null(statement, index);
    }
  }
  base::Result<void> bind_null(sqlite3_stmt* statement, int index);
  base::Result<void> bind_integer(sqlite3_stmt* statement, int index, std::int64_t value);
  base::Result<void> bind_real(sqlite3_stmt* statement, int index, double value);
  base::Result<void> bind_text(sqlite3_stmt* statement, int index, std::string_view value);
  base::Result<void> bind_blob(sqlite3_stmt* statement, int index, std::string_view value);

  sqlite3* handle_;
  std::string path_;
  CacheList cache_;
  std::unordered_map<std::string_view, CacheList::iterator> by_sql_;
};

template <typename T>
T Cursor::get(int column) const {
  if constexpr (std::is_same_v<T, bool>) {
    return integer(column) != 0;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(integer(column));
  } else if constexpr (std::is_same_v<T, double>) {
    return real(column);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return std::string(blob(column));
  } else {
    if (is_null(column)) return std::nullopt;
    return get<typename T::value_type>(column);
  }
}

}  // namespace seine::store
