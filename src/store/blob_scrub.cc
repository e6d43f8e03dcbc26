// BlobStore: every file against its record and its name.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/text.h"
#include "store/detail/blob_store_impl.h"
#include "store/detail/files.h"
#include "store/detail/interrupt.h"

namespace seine::store {

using base::Result;

// Paths below sha256/ as "ab/cdef…".
Result<std::vector<std::string>> BlobStore::Impl::files() {
  std::vector<std::string> all;
  for (const std::string& shard_name : SEINE_TRY(detail::list_directory(root + "/sha256"))) {
    for (const std::string& name :
         SEINE_TRY(detail::list_directory(root + "/sha256/" + shard_name))) {
      all.push_back(shard_name + "/" + name);
    }
  }
  std::ranges::sort(all);
  return all;
}

Result<BlobStore::ScrubReport> BlobStore::scrub(Repair repair, const CallOptions& options) {
  ScrubReport report;
  for (BlobId after{}; true;) {
    const auto batch =
        SEINE_TRY(impl_->database.read([&](Connection& connection) -> Result<std::vector<BlobId>> {
          std::vector<BlobId> ids;
          Cursor rows = SEINE_TRY(connection.query(
              "SELECT id FROM blob WHERE id > ?1 ORDER BY id LIMIT 256", Blob{after.bytes()}));
          while (SEINE_TRY(rows.next())) ids.push_back(detail::blob_id_from(rows.blob(0)));
          return ids;
        }));
    if (batch.empty()) break;
    after = batch.back();
    for (const BlobId& id : batch) {
      SEINE_CHECK(detail::check_call(options, impl_->root));
      auto fd = detail::open_file(impl_->file(id), O_RDONLY | O_NOFOLLOW);
      struct stat info{};
      if (!fd || ::fstat(fd->get(), &info) != 0) {
        // Evicted since the batch was read, or gone.
        if (SEINE_TRY(impl_->recorded_size(id))) report.missing.push_back(id);
        continue;
      }
      const BlobReader reader(fd->release(), static_cast<std::uint64_t>(info.st_size));
      ++report.blobs;
      report.bytes += reader.size();
      if (SEINE_TRY(detail::hash_of(reader)) != id) report.damaged.push_back(id);
    }
  }

  for (const std::string& name : SEINE_TRY(impl_->files())) {
    SEINE_CHECK(detail::check_call(options, impl_->root));
    std::string hex = name;
    std::erase(hex, '/');
    const auto id = BlobId::parse(hex);
    if (id && SEINE_TRY(impl_->recorded_size(*id))) continue;
    // Not while a put stands between its rename and its record.
    const std::unique_lock lock(impl_->publishing);
    if (id && SEINE_TRY(impl_->recorded_size(*id))) continue;
    report.orphans.push_back(name);
    if (repair == Repair::kDelete) ::unlink((impl_->root + "/sha256/" + name).c_str());
  }
  if (repair == Repair::kReport) return report;

  const std::unique_lock lock(impl_->publishing);
  for (const BlobId& id : report.damaged) {
    SEINE_CHECK(detail::rename_file(impl_->file(id), impl_->root + "/damaged/" + id.hex()));
  }
  for (const auto* list : {&report.damaged, &report.missing}) {
    for (const BlobId& id : *list) {
      SEINE_CHECK(impl_->database.write([&](Connection& connection) {
        return connection.run(
            "DELETE FROM blob WHERE id=?1 AND NOT EXISTS"
            " (SELECT 1 FROM blob_pin WHERE blob_pin.id = blob.id)",
            Blob{id.bytes()});
      }));
    }
  }
  impl_->total_bytes = static_cast<std::int64_t>(SEINE_TRY(usage()).bytes);
  return report;
}

}  // namespace seine::store
