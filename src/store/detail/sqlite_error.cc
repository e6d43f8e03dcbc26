#include "store/detail/sqlite_error.h"

#include <sqlite3.h>

#include <cerrno>
#include <string>

#include "base/text.h"
#include "store/maintenance.h"

namespace seine::store::detail {
namespace {

using base::Code;

Code constraint_code(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return Code::kAlreadyExists;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
    case SQLITE_CONSTRAINT_TRIGGER:
      return Code::kFailedPrecondition;
    default:
      return Code::kInvalidArgument;
  }
}

bool is_out_of_space(int error_number) {
  return error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
}

Code code_of(int extended, int system_errno) {
  switch (extended & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return Code::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::kDataLoss;
    case SQLITE_BUSY:
      return extended == SQLITE_BUSY_SNAPSHOT ? Code::kAborted : Code::kUnavailable;
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return Code::kUnavailable;
    case SQLITE_INTERRUPT:
      return Code::kCancelled;
    case SQLITE_CONSTRAINT:
      return constraint_code(extended);
    case SQLITE_TOOBIG:
      return Code::kInvalidArgument;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return Code::kPermissionDenied;
    case SQLITE_CANTOPEN:
      if (is_out_of_space(system_errno)) return Code::kResourceExhausted;
      if (system_errno == ENOENT) return Code::kNotFound;
      if (system_errno == EACCES || system_errno == EPERM) return Code::kPermissionDenied;
      return Code::kUnavailable;
    case SQLITE_IOERR:
      if (is_out_of_space(system_errno)) return Code::kResourceExhausted;
      // The library knows only ENOSPC as a full disk: a quota or a file size limit is a failed
      // write to it, and errno is often overwritten by the rollback. A fault of the disk says EIO.
      if (extended == SQLITE_IOERR_WRITE && system_errno != EIO) return Code::kResourceExhausted;
      if (extended == SQLITE_IOERR_SHORT_READ || extended == SQLITE_IOERR_CORRUPTFS) {
        return Code::kDataLoss;
      }
      return Code::kInternal;
    default:
      return Code::kInternal;
  }
}

}  // namespace

base::Error sqlite_error(int code, std::string_view message, int system_errno,
                         std::string_view path, std::string_view what) {
  const Code mapped = code_of(code, system_errno);
  std::string text = fmt::format("{}: {}: {}", path, what, message);
  if (mapped == Code::kResourceExhausted && (code & 0xff) != SQLITE_NOMEM) {
    const auto free = free_space(std::string(path));
    text = fmt::format("{}: {}: the disk is full or over a limit ({} free): {}", path, what,
                       free ? base::format_size(*free) : std::string("unknown"), message);
  } else if (mapped == Code::kDataLoss) {
    text += "; the file is damaged: restore a backup";
  }
  return base::Error{mapped, std::move(text)};
}

}  // namespace seine::store::detail
