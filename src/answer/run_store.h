// Runs on disk: the answer as clients see it, the record to make it again, and the snapshots of its
// pages as pinned blobs. The oldest go past kRunsMax. Blocks on the store; safe on any thread; the
// database and the blobs outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "answer/record.h"
#include "answer/types.h"
#include "base/error.h"
#include "store/blob_store.h"
#include "store/database.h"

namespace seine::answer {

struct RunSummary {
  std::string run_id;
  std::string question;
  std::string state;
  std::string by;
  std::string model;
  base::WallTime created_at = {};
  std::int64_t total_ms = 0;
  std::int64_t source_count = 0;
};

struct RunPage {
  std::vector<RunSummary> runs;  // newest first
  std::string next_cursor;       // empty: no more
};

class RunStore {
 public:
  static constexpr std::size_t kListMax = 200;
  static constexpr std::int64_t kRunsMax = 5000;

  // Applies its migrations.
  static base::Result<std::unique_ptr<RunStore>> open(store::Database& database,
                                                      store::BlobStore& blobs);

  // Keeps a run with its pages; a run of the same id is replaced.
  base::Result<> put(const Answer& answer, const AskRequest& request, const RunRecord& record);
  // kInvalidArgument for a cursor that list did not give.
  base::Result<RunPage> list(std::size_t limit, const std::string& cursor);
  // The answer object as JSON text. kNotFound.
  base::Result<std::string> answer(const std::string& run_id);
  base::Result<StoredRun> record(const std::string& run_id);
  base::Result<> remove(const std::string& run_id);
  // A page by the hash of its Markdown. kNotFound.
  base::Result<Page> snapshot(const std::string& hash);

 private:
  RunStore(store::Database& database, store::BlobStore& blobs)
      : database_(database), blobs_(blobs) {}
  base::Result<std::string> markdown(const std::string& hash);

  store::Database& database_;
  store::BlobStore& blobs_;
};

}  // namespace seine::answer
