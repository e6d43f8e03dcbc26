#include "answer/run_store.h"

#include <algorithm>
#include <array>

#include "answer/json.h"
#include "base/json.h"
#include "base/text.h"

namespace seine::answer {
namespace {

using base::Result;
using store::Connection;

constexpr std::array kMigrations = {
    store::Migration{1, "runs and snapshots", R"sql(
CREATE TABLE answer_run (
  id TEXT PRIMARY KEY,
  question TEXT NOT NULL,
  state TEXT NOT NULL,
  speaker TEXT NOT NULL,
  model TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  total_ms INTEGER NOT NULL,
  source_count INTEGER NOT NULL,
  answer TEXT NOT NULL,
  record TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_run_by_time ON answer_run (created_at, id);
CREATE TABLE answer_snapshot (
  hash TEXT NOT NULL,
  run TEXT NOT NULL,
  page TEXT NOT NULL,
  PRIMARY KEY (hash, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_snapshot_by_run ON answer_snapshot (run);
)sql"},
};

constexpr store::MigrationSet kSet{"answer", kMigrations};

std::string owner_of(const std::string& run_id) {
  return "run:" + run_id;
}

// The pages that a run rests on, each hash once.
std::vector<std::pair<std::string, const Page*>> pages_of(const AskRequest& request,
                                                          const RunRecord& record) {
  std::vector<std::pair<std::string, const Page*>> out;
  const auto add = [&out](const Page& page) {
    std::string hash = snapshot_of(page);
    const auto same = [&hash](const auto& known) { return known.first == hash; };
    if (std::ranges::none_of(out, same)) out.emplace_back(std::move(hash), &page);
  };
  for (const Page& page : request.files) add(page);
  for (const auto* reads : {&record.reads, &record.site_reads}) {
    for (const auto& [asked, read] : *reads) {
      if (read.page) add(*read.page);
    }
  }
  return out;
}

Result<> forget(Connection& connection, const std::string& run_id) {
  SEINE_CHECK(store::BlobStore::unpin_all(connection, owner_of(run_id)));
  SEINE_CHECK(connection.run("DELETE FROM answer_snapshot WHERE run = ?1", run_id));
  return connection.run("DELETE FROM answer_run WHERE id = ?1", run_id);
}

Result<> drop_oldest(Connection& connection) {
  const auto count =
      SEINE_TRY(connection.value<std::int64_t>("SELECT count(*) FROM answer_run")).value_or(0);
  std::vector<std::string> old;
  if (count > RunStore::kRunsMax) {
    store::Cursor cursor = SEINE_TRY(connection.query(
        "SELECT id FROM answer_run ORDER BY created_at, id LIMIT ?1", count - RunStore::kRunsMax));
    while (SEINE_TRY(cursor.next())) old.push_back(cursor.get<std::string>(0));
  }
  for (const std::string& run_id : old) SEINE_CHECK(forget(connection, run_id));
  return {};
}

}  // namespace

Result<std::unique_ptr<RunStore>> RunStore::open(store::Database& database,
                                                 store::BlobStore& blobs) {
  SEINE_CHECK(database.migrate(kSet));
  return std::unique_ptr<RunStore>(new RunStore(database, blobs));
}

Result<> RunStore::put(const Answer& answer, const AskRequest& request, const RunRecord& record) {
  const std::string owner = owner_of(answer.run_id);
  struct Kept {
    store::BlobId blob;
    std::string hash;
    std::string page;
  };
  std::vector<Kept> kept;
  // Blobs first: a blob without a run is a cache entry, a run without its blob would be a loss.
  for (const auto& [hash, page] : pages_of(request, record)) {
    kept.push_back({SEINE_TRY(blobs_.put(page->markdown, owner)), hash, page_to_text(*page)});
  }
  const std::string answer_text = base::to_text(to_json(answer));
  const std::string record_text = record_to_text(request, record);
  return database_.write([&](Connection& connection) -> Result<> {
    SEINE_CHECK(connection.run("DELETE FROM answer_snapshot WHERE run = ?1", answer.run_id));
    SEINE_CHECK(connection.run(
        "INSERT OR REPLACE INTO answer_run VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        answer.run_id, answer.question, name_of(answer.state), name_of(answer.by), answer.model,
        base::to_us(answer.created_at), answer.total_ms,
        static_cast<std::int64_t>(answer.sources.size()), answer_text, record_text));
    for (const Kept& snapshot : kept) {
      SEINE_CHECK(store::BlobStore::pin(connection, snapshot.blob, owner));
      SEINE_CHECK(connection.run("INSERT OR REPLACE INTO answer_snapshot VALUES (?1, ?2, ?3)",
                                 snapshot.hash, answer.run_id, snapshot.page));
    }
    return drop_oldest(connection);
  });
}

Result<RunPage> RunStore::list(std::size_t limit, const std::string& cursor) {
  std::int64_t before = INT64_MAX;
  std::string before_id;
  if (!cursor.empty()) {
    const std::size_t dot = cursor.find('.');
    const auto time = base::parse_i64(std::string_view(cursor).substr(0, dot));
    if (!time || dot == std::string::npos) {
      return base::fail_field(base::Code::kInvalidArgument, "cursor",
                              "'{}' is not a cursor of this list", cursor);
    }
    before = *time;
    before_id = cursor.substr(dot + 1);
  }
  limit = std::clamp<std::size_t>(limit, 1, kListMax);
  return database_.read([&](Connection& connection) -> Result<RunPage> {
    RunPage out;
    store::Cursor rows = SEINE_TRY(connection.query(
        "SELECT id, question, state, speaker, model, created_at, total_ms, source_count "
        "FROM answer_run WHERE (created_at, id) < (?1, ?2) ORDER BY created_at DESC, id DESC LIMIT "
        "?3",
        before, before_id, static_cast<std::int64_t>(limit + 1)));
    while (SEINE_TRY(rows.next())) {
      if (out.runs.size() == limit) {
        const RunSummary& last = out.runs.back();
        out.next_cursor = std::to_string(base::to_us(last.created_at)) + "." + last.run_id;
        break;
      }
      out.runs.push_back({.run_id = rows.get<std::string>(0),
                          .question = rows.get<std::string>(1),
                          .state = rows.get<std::string>(2),
                          .by = rows.get<std::string>(3),
                          .model = rows.get<std::string>(4),
                          .created_at = base::from_us(rows.integer(5)),
                          .total_ms = rows.integer(6),
                          .source_count = rows.integer(7)});
    }
    return out;
  });
}

Result<std::string> RunStore::answer(const std::string& run_id) {
  return database_.read([&](Connection& connection) -> Result<std::string> {
    auto found = SEINE_TRY(
        connection.value<std::string>("SELECT answer FROM answer_run WHERE id = ?1", run_id));
    if (!found) return base::fail(base::Code::kNotFound, "no run {}", run_id);
    return std::move(*found);
  });
}

Result<std::string> RunStore::markdown(const std::string& hash) {
  const auto id = store::BlobId::parse(hash);
  if (!id) return base::fail(base::Code::kInvalidArgument, "'{}' is not a snapshot's hash", hash);
  const store::BlobReader reader = SEINE_TRY(blobs_.open_blob(*id, store::Verify::kYes));
  return reader.read_all();
}

Result<StoredRun> RunStore::record(const std::string& run_id) {
  const std::string text =
      SEINE_TRY(database_.read([&](Connection& connection) -> Result<std::string> {
        auto found = SEINE_TRY(
            connection.value<std::string>("SELECT record FROM answer_run WHERE id = ?1", run_id));
        if (!found) return base::fail(base::Code::kNotFound, "no run {}", run_id);
        return std::move(*found);
      }));
  return record_from_text(text, [this](const std::string& hash) { return markdown(hash); });
}

Result<> RunStore::remove(const std::string& run_id) {
  return database_.write([&](Connection& connection) -> Result<> {
    const auto found =
        SEINE_TRY(connection.value<std::int64_t>("SELECT 1 FROM answer_run WHERE id = ?1", run_id));
    if (!found) return base::fail(base::Code::kNotFound, "no run {}", run_id);
    return forget(connection, run_id);
  });
}

Result<Page> RunStore::snapshot(const std::string& hash) {
  const std::string page =
      SEINE_TRY(database_.read([&](Connection& connection) -> Result<std::string> {
        auto found = SEINE_TRY(connection.value<std::string>(
            "SELECT page FROM answer_snapshot WHERE hash = ?1 ORDER BY run DESC LIMIT 1", hash));
        if (!found) return base::fail(base::Code::kNotFound, "no snapshot {}", hash);
        return std::move(*found);
      }));
  return page_from_text(page, SEINE_TRY(markdown(hash)));
}

}  // namespace seine::answer
