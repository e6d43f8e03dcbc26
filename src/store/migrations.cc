#include "store/migrations.h"

#include "store/connection.h"
#include "store/detail/sha256.h"

namespace seine::store {

using base::Code;
using base::fail;
using base::Result;

std::string migration_checksum(const Migration& migration) {
  detail::Sha256 hash;
  hash.update(migration.name);
  hash.update(std::string_view("\0", 1));
  hash.update(migration.sql);
  return hash.finish_hex();
}

Result<std::size_t> applied_migrations(Connection& connection, const MigrationSet& set) {
  for (std::size_t i = 0; i < set.migrations.size(); ++i) {
    SEINE_ASSERT(set.migrations[i].version == static_cast<int>(i) + 1,
                 "migrations are numbered 1, 2, 3, ... in order");
  }
  const auto table = SEINE_TRY(connection.value<std::int64_t>(
      "SELECT 1 FROM sqlite_schema WHERE type='table' AND name='seine_migration'"));
  if (!table) return 0;
  Cursor rows = SEINE_TRY(connection.query(
      "SELECT version, checksum, name FROM seine_migration WHERE module=?1 ORDER BY version",
      set.module));
  std::size_t applied = 0;
  while (SEINE_TRY(rows.next())) {
    const std::int64_t version = rows.integer(0);
    if (version > static_cast<std::int64_t>(set.migrations.size())) {
      return fail(Code::kFailedPrecondition,
                  "{} was written by a newer Seine: '{}' is at version {} (\"{}\"), this program "
                  "knows up to {}; run the newer program or restore an older backup",
                  connection.path(), set.module, version, rows.text(2), set.migrations.size());
    }
    if (version != static_cast<std::int64_t>(applied) + 1) {
      return fail(Code::kDataLoss, "{}: migration {} of '{}' is not on record but later ones are",
                  connection.path(), applied + 1, set.module);
    }
    if (rows.text(1) != migration_checksum(set.migrations[applied])) {
      return fail(Code::kFailedPrecondition,
                  "{}: migration {} of '{}' was applied as \"{}\" with another text; a released "
                  "migration never changes",
                  connection.path(), version, set.module, rows.text(2));
    }
    ++applied;
  }
  return applied;
}

Result<void> apply_migration(Connection& connection, const MigrationSet& set,
                             const Migration& migration) {
  SEINE_CHECK(
      connection.script("CREATE TABLE IF NOT EXISTS seine_migration("
                        "module TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL,"
                        "checksum TEXT NOT NULL, applied_ms INTEGER NOT NULL,"
                        "PRIMARY KEY(module, version)) STRICT, WITHOUT ROWID"));
  if (auto applied = connection.script(migration.sql); !applied) {
    return std::unexpected(std::move(applied.error())
                               .within(fmt::format("migration {} of '{}' (\"{}\")",
                                                   migration.version, set.module, migration.name)));
  }
  return connection.run(
      "INSERT INTO seine_migration VALUES(?1, ?2, ?3, ?4,"
      "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))",
      set.module, migration.version, migration.name, migration_checksum(migration));
}

}  // namespace seine::store
