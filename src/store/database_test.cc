#include "store/database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <future>
#include <thread>
#include <vector>

#include "store/detail/temporary_directory.h"
#include "store/maintenance.h"
#include "store/worker_pool.h"

namespace seine::store {
namespace {

using base::Code;
using base::Result;
using detail::TemporaryDirectory;

constexpr Migration kFirst[] = {
    {1, "items", "CREATE TABLE item(n INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT"}};
constexpr Migration kSecond[] = {kFirst[0],
                                 {2, "colours", "ALTER TABLE item ADD COLUMN colour TEXT"}};
constexpr Migration kChanged[] = {{1, "items", "CREATE TABLE item(n INTEGER PRIMARY KEY) STRICT"}};

std::unique_ptr<Database> open_items(const std::string& path, DatabaseOptions options = {}) {
  auto database = Database::open(path, options);
  EXPECT_TRUE(database) << database.error().to_string();
  EXPECT_TRUE((*database)->migrate({"test", kFirst}));
  return std::move(*database);
}

Result<void> add(Connection& connection, std::string_view name) {
  return connection.run("INSERT INTO item(name) VALUES(?1)", name);
}

std::int64_t count(Database& database) {
  auto rows = database.read([](Connection& connection) {
    return connection.value<std::int64_t>("SELECT count(*) FROM item");
  });
  EXPECT_TRUE(rows) << rows.error().to_string();
  return rows->value_or(-1);
}

TEST(Database, WritesAreSeenByReadsAndByTheNextProcess) {
  const TemporaryDirectory dir;
  {
    auto database = open_items(dir / "a.db");
    ASSERT_TRUE(database->write([](Connection& c) { return add(c, "one"); }));
    EXPECT_EQ(count(*database), 1);
  }
  auto database = open_items(dir / "a.db");
  EXPECT_EQ(count(*database), 1);
  struct stat info{};
  ASSERT_EQ(::stat((dir / "a.db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST(Database, AFailedJobLeavesNothingBehind) {
  const TemporaryDirectory dir;
  auto database = open_items(dir / "a.db");
  const auto failed = database->write([](Connection& c) -> Result<void> {
    SEINE_CHECK(add(c, "one"));
    return add(c, "one");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::kAlreadyExists);
  EXPECT_NE(failed.error().message.find("a.db"), std::string::npos);
  EXPECT_EQ(count(*database), 0);
}

TEST(Database, TypesComeBackAsTheyWent) {
  const TemporaryDirectory dir;
  auto database = open_items(dir / "a.db");
  const auto row = database->read([](Connection& c) -> Result<std::string> {
    Cursor cursor = SEINE_TRY(c.query("SELECT ?1, ?2, ?3, ?4, ?5, ?6", 7, 2.5, "text", Blob{"\0b"},
                                      std::optional<int>(), true));
    EXPECT_TRUE(SEINE_TRY(cursor.next()));
    return fmt::format("{} {} {} {} {} {}", cursor.integer(0), cursor.real(1), cursor.text(2),
                       cursor.blob(3).size(), cursor.get<std::optional<int>>(4).has_value(),
                       cursor.get<bool>(5));
  });
  ASSERT_TRUE(row) << row.error().to_string();
  EXPECT_EQ(*row, "7 2.5 text 0 false true");
}

TEST(Database, ReadersCannotWriteAndSeeOneSnapshot) {
  const TemporaryDirectory dir;
  auto database = open_items(dir / "a.db");
  const auto seen = database->read([&](Connection& c) -> Result<std::int64_t> {
    const auto before = SEINE_TRY(c.value<std::int64_t>("SELECT count(*) FROM item"));
    SEINE_CHECK(database->write([](Connection& w) { return add(w, "later"); }));
    const auto after = SEINE_TRY(c.value<std::int64_t>("SELECT count(*) FROM item"));
    EXPECT_EQ(before, after);
    const auto refused = c.run("DELETE FROM item");
    EXPECT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kPermissionDenied);
    return *after;
  });
  ASSERT_TRUE(seen) << seen.error().to_string();
  EXPECT_EQ(count(*database), 1);
}

TEST(Database, WritesOfManyThreadsAreGroupedAndAllKept) {
  const TemporaryDirectory dir;
  auto database = open_items(dir / "a.db");
  constexpr int kThreads = 8;
  constexpr int kEach = 25;
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        // Every fifth breaks a constraint after a good insert: its neighbours must not notice.
        const bool bad = i % 5 == 4;
        const auto written = database->write([&](Connection& c) -> Result<void> {
          SEINE_CHECK(add(c, fmt::format("{}-{}", t, i)));
          return bad ? add(c, fmt::format("{}-{}", t, i)) : Result<void>();
        });
        if (written.has_value() == bad) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(count(*database), kThreads * kEach * 4 / 5);
  EXPECT_LE(database->statistics().commits, database->statistics().writes);
}

TEST(Database, SubmittedWritesCompleteOnceEach) {
  const TemporaryDirectory dir;
  auto database = open_items(dir / "a.db");
  std::promise<Result<std::int64_t>> done;
  ASSERT_TRUE(database->submit_write(
      [](Connection& c) -> Result<std::int64_t> {
        SEINE_CHECK(add(c, "x"));
        return c.last_insert_id();
      },
      [&](Result<std::int64_t> id) { done.set_value(std::move(id)); }));
  const auto id = done.get_future().get();
  ASSERT_TRUE(id);
  EXPECT_EQ(*id, 1);
}

TEST(Database, AnEndlessStatementStopsAtItsDeadlineAndAtAStopRequest) {
  const TemporaryDirectory dir;
  auto database = open_items(dir / "a.db");
  constexpr const char* kEndless =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
  const auto endless = [&](Connection& c) { return c.run(kEndless); };
  const base::SystemClock clock;
  const CallOptions soon{base::Deadline::after(clock, std::chrono::milliseconds(20)), {}};
  EXPECT_EQ(database->read(endless, soon).error().code, Code::kDeadlineExceeded);
  EXPECT_EQ(
      database->write(endless, {base::Deadline::after(clock, std::chrono::milliseconds(20)), {}})
          .error()
          .code,
      Code::kDeadlineExceeded);
  std::stop_source source;
  const auto stopped = database->write(
      [&](Connection& c) {
        source.request_stop();
        return c.run(kEndless);
      },
      {base::Deadline::never(), source.get_token()});
  EXPECT_EQ(stopped.error().code, Code::kCancelled);
  ASSERT_TRUE(database->write([](Connection& c) { return add(c, "after"); }));
  EXPECT_EQ(count(*database), 1);
}

// An interrupted write undoes the whole transaction inside SQLite; its neighbours run again.
TEST(Database, ANeighbourOfAnInterruptedWriteIsStillKept) {
  const TemporaryDirectory dir;
  auto database = open_items(dir / "a.db");
  std::promise<void> entered;
  std::promise<void> go;
  std::vector<std::promise<Result<void>>> done(3);
  std::stop_source source;
  const auto submit = [&](int i, auto job, std::stop_token stop = {}) {
    ASSERT_TRUE(database->submit_write(
        std::move(job),
        [&done, i](Result<void> r) { done[static_cast<std::size_t>(i)].set_value(std::move(r)); },
        {base::Deadline::never(), stop}));
  };
  // Holds the writer until the other two wait behind it and form a group.
  std::atomic<bool> first{true};
  submit(0, [&](Connection& c) {
    if (first.exchange(false)) {
      entered.set_value();
      go.get_future().wait();
    }
    return add(c, "zero");
  });
  entered.get_future().wait();
  submit(1, [](Connection& c) { return add(c, "one"); });
  submit(
      2,
      [&](Connection& c) -> Result<void> {
        source.request_stop();
        return c.run(
            "INSERT INTO item(name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
            " SELECT 'r' || i FROM n");
      },
      source.get_token());
  go.set_value();
  EXPECT_TRUE(done[0].get_future().get());
  EXPECT_TRUE(done[1].get_future().get());
  EXPECT_EQ(done[2].get_future().get().error().code, Code::kCancelled);
  EXPECT_EQ(count(*database), 2);
}

TEST(Database, AJobThatEndsItsTransactionIsAnError) {
  const TemporaryDirectory dir;
  auto database = open_items(dir / "a.db");
  const auto refused = database->write([](Connection& c) { return c.run("COMMIT"); });
  EXPECT_EQ(refused.error().code, Code::kInternal);
  EXPECT_TRUE(database->write([](Connection& c) { return add(c, "x"); }));
}

TEST(Database, NestedWorkCanFailAlone) {
  const TemporaryDirectory dir;
  auto database = open_items(dir / "a.db");
  ASSERT_TRUE(database->write([](Connection& c) -> Result<void> {
    SEINE_CHECK(add(c, "kept"));
    const auto inner = c.atomically([&]() -> Result<void> {
      SEINE_CHECK(add(c, "lost"));
      return add(c, "kept");
    });
    EXPECT_FALSE(inner);
    return {};
  }));
  EXPECT_EQ(count(*database), 1);
}

TEST(Migrations, AreAppliedOnceAndGuarded) {
  const TemporaryDirectory dir;
  {
    auto database = open_items(dir / "a.db");
    ASSERT_TRUE(database->migrate({"test", kSecond}));
    ASSERT_TRUE(database->migrate({"test", kSecond}));
  }
  auto database = *Database::open(dir / "a.db");
  const auto newer = database->migrate({"test", kFirst});
  EXPECT_EQ(newer.error().code, Code::kFailedPrecondition);
  EXPECT_NE(newer.error().message.find("newer Seine"), std::string::npos);
  const auto changed = database->migrate({"test", kChanged});
  EXPECT_EQ(changed.error().code, Code::kFailedPrecondition);
  EXPECT_TRUE(database->migrate({"other", {}}));
}

TEST(Migrations, ABrokenOneLeavesNoTrace) {
  const TemporaryDirectory dir;
  auto database = open_items(dir / "a.db");
  constexpr Migration kBroken[] = {
      {1, "half", "CREATE TABLE half(a INTEGER) STRICT; CREATE nonsense"}};
  EXPECT_FALSE(database->migrate({"broken", kBroken}));
  constexpr Migration kMended[] = {{1, "whole", "CREATE TABLE half(a INTEGER) STRICT"}};
  EXPECT_TRUE(database->migrate({"broken", kMended}));
}

TEST(Database, ForeignFilesAreRefused) {
  const TemporaryDirectory dir;
  std::ofstream(dir / "text.db") << std::string(5000, 'x');
  EXPECT_EQ(Database::open(dir / "text.db").error().code, Code::kDataLoss);
  {
    auto other = *Connection::open(dir / "other.db", Connection::Mode::kReadWrite);
    ASSERT_TRUE(other->script("CREATE TABLE theirs(a)"));
  }
  EXPECT_EQ(Database::open(dir / "other.db").error().code, Code::kFailedPrecondition);
  EXPECT_EQ(Database::open(dir / "absent/a.db").error().code, Code::kNotFound);
}

TEST(Maintenance, BackupWhileWritingIsOneWholeSnapshot) {
  const TemporaryDirectory dir;
  auto database = open_items(dir / "a.db");
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(database->write(
        [&](Connection& c) { return add(c, std::string(500, 'x') + std::to_string(i)); }));
  }
  BackupOptions options;
  options.pages_per_step = 4;
  int steps = 0;
  options.progress = [&](const BackupProgress&) {
    ++steps;
    ASSERT_TRUE(
        database->write([&](Connection& c) { return add(c, fmt::format("during {}", steps)); }));
  };
  const auto saved = backup_database(dir / "a.db", dir / "b.db", options);
  ASSERT_TRUE(saved) << saved.error().to_string();
  EXPECT_GT(steps, 5);
  EXPECT_EQ(backup_database(dir / "a.db", dir / "b.db").error().code, Code::kAlreadyExists);
  EXPECT_TRUE(check_database(dir / "b.db")->empty());
  const auto copy = open_items(dir / "b.db");
  EXPECT_EQ(count(*copy), 300);
}

TEST(Maintenance, RestoreKeepsWhatWasThere) {
  const TemporaryDirectory dir;
  {
    auto database = open_items(dir / "a.db");
    ASSERT_TRUE(database->write([](Connection& c) { return add(c, "old"); }));
    ASSERT_TRUE(backup_database(dir / "a.db", dir / "b.db"));
    ASSERT_TRUE(database->write([](Connection& c) { return add(c, "new"); }));
  }
  const auto kept = restore_database(dir / "b.db", dir / "a.db");
  ASSERT_TRUE(kept) << kept.error().to_string();
  EXPECT_EQ(count(*open_items(dir / "a.db")), 1);
  EXPECT_EQ(count(*open_items(*kept)), 2);
}

TEST(Maintenance, ADamagedBackupReplacesNothing) {
  const TemporaryDirectory dir;
  {
    auto database = open_items(dir / "a.db");
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(database->write(
          [&](Connection& c) { return add(c, std::string(300, 'y') + std::to_string(i)); }));
    }
    ASSERT_TRUE(backup_database(dir / "a.db", dir / "b.db"));
  }
  std::fstream file(dir / "b.db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(2 * 4096);
  file << std::string(4096, '\xff');
  file.close();
  EXPECT_FALSE(check_database(dir / "b.db")->empty());
  EXPECT_EQ(restore_database(dir / "b.db", dir / "a.db").error().code, Code::kDataLoss);
  EXPECT_EQ(count(*open_items(dir / "a.db")), 200);
}

TEST(WorkerPool, ClosesOnceAndTakesNothingMore) {
  WorkerPool pool(1, 4);
  pool.close();
  pool.close();
  const auto refused = pool.submit([]() -> Result<int> { return 1; }, [](Result<int>) {});
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
}

TEST(WorkerPool, CompletesJobsAndRefusesWhatItCannotHold) {
  std::promise<void> go;
  std::promise<void> entered;
  std::promise<Result<int>> first;
  std::promise<Result<int>> second;
  {
    WorkerPool pool(1, 1);
    ASSERT_TRUE(pool.submit(
        [&]() -> Result<int> {
          entered.set_value();
          go.get_future().wait();
          return 1;
        },
        [&](Result<int> r) { first.set_value(std::move(r)); }));
    entered.get_future().wait();
    std::stop_source source;
    ASSERT_TRUE(pool.submit([]() -> Result<int> { return 2; },
                            [&](Result<int> r) { second.set_value(std::move(r)); },
                            {base::Deadline::never(), source.get_token()}));
    const auto refused = pool.submit([]() -> Result<int> { return 3; }, [](Result<int>) {});
    EXPECT_EQ(refused.error().code, Code::kResourceExhausted);
    source.request_stop();
    go.set_value();
    EXPECT_EQ(*first.get_future().get(), 1);
    EXPECT_EQ(second.get_future().get().error().code, Code::kCancelled);
  }
}

}  // namespace
}  // namespace seine::store
