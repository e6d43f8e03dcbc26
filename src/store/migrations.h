// Schema changes: numbered, forward only, one transaction each. What was applied is recorded per
// module with a checksum of its SQL in the table seine_migration, so that a changed past migration
// is noticed and a database newer than the program is refused. Plain data; applied by
// Database::migrate.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seine::store {

class Connection;

struct Migration {
  int version;            // 1, 2, 3, ... without gaps
  std::string_view name;  // what it does, in a few words
  std::string_view sql;   // never edited once released; tables are STRICT
};

struct MigrationSet {
  std::string_view module;  // the owner of the tables, for example "access"
  std::span<const Migration> migrations;
};

// Hex SHA-256 of a migration's name and SQL.
std::string migration_checksum(const Migration& migration);

// Checks the recorded history against `set` and returns how many of its migrations are applied.
// kFailedPrecondition when the database is newer or a past migration has changed.
base::Result<std::size_t> applied_migrations(Connection& connection, const MigrationSet& set);

// Applies one migration and records it. Runs inside the caller's transaction.
base::Result<void> apply_migration(Connection& connection, const MigrationSet& set,
                                   const Migration& migration);

}  // namespace seine::store
