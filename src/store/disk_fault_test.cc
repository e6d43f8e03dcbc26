// A disk that fails at any one write, or from that write on: whatever had been acknowledged is
// there after the next start, and nothing is damaged. The test's program stands in for the C
// library's writing calls, SQLite's included, so that every call of the workload is tried in turn.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <set>

#include "store/blob_store.h"
#include "store/detail/temporary_directory.h"
#include "store/detail/test_records.h"
#include "store/maintenance.h"
#include "store/text_index.h"

namespace seine::store {
namespace {

enum class Fault : std::uint8_t { kOnce, kFromThenOn };

// Which call fails. Process-wide because the calls it stands in for are.
struct Disk {
  std::atomic<bool> armed{false};
  std::atomic<long> calls{0};
  std::atomic<long> fails_at{0};  // 0: never
  std::atomic<Fault> fault{Fault::kOnce};

  bool fails(int fd) {
    if (!armed) return false;
    struct stat info{};
    if (fd >= 0 && (::fstat(fd, &info) != 0 || S_ISCHR(info.st_mode))) return false;
    const long call = ++calls;
    const long at = fails_at;
    if (at == 0 || call < at || (call > at && fault == Fault::kOnce)) return false;
    errno = EIO;
    return true;
  }
};
Disk disk;

constexpr int kRounds = 3;

std::string blob_text(int n) {
  return "blob " + std::to_string(n) + std::string(5000, 'b');
}
Document document(int n) {
  return {"d" + std::to_string(n), "title", "", "word number" + std::to_string(n), "{}"};
}

struct Acknowledged {
  std::set<int> records, blobs, documents;
  bool collection = false;
};

struct Store {
  std::unique_ptr<Database> database;
  std::unique_ptr<BlobStore> blobs;
  std::unique_ptr<TextIndex> index;
};

base::Result<Store> open_store(const detail::TemporaryDirectory& dir, const base::Clock& clock) {
  Store store;
  store.database = SEINE_TRY(Database::open(dir / "a.db"));
  SEINE_CHECK(store.database->migrate({"test", kTestRecords}));
  store.blobs =
      SEINE_TRY(BlobStore::open(dir / "blobs", *store.database, clock, {.free_bytes_min = 0}));
  store.index = SEINE_TRY(TextIndex::open(*store.database));
  return store;
}

Acknowledged work(const detail::TemporaryDirectory& dir, const base::Clock& clock) {
  Acknowledged done;
  auto opened = open_store(dir, clock);
  if (!opened) return done;
  Store& store = *opened;
  done.collection = store.index->create_collection("c").has_value();
  for (int n = 0; n < kRounds; ++n) {
    const auto written = store.database->write([n](Connection& connection) {
      return connection.run("INSERT INTO record VALUES(?1, 'text')", n);
    });
    if (written) done.records.insert(n);
    if (store.blobs->put(blob_text(n))) done.blobs.insert(n);
    const Document one = document(n);
    if (store.index->apply("c", std::span(&one, 1))) done.documents.insert(n);
  }
  return done;
}

void verify(const detail::TemporaryDirectory& dir, const base::Clock& clock,
            const Acknowledged& done) {
  auto opened = open_store(dir, clock);
  ASSERT_TRUE(opened) << opened.error().to_string();
  Store& store = *opened;
  const auto problems = check_database(dir / "a.db");
  ASSERT_TRUE(problems && problems->empty());
  for (const int n : done.records) {
    const auto row = store.database->read([n](Connection& connection) {
      return connection.value<std::string>("SELECT text FROM record WHERE n=?1", n);
    });
    EXPECT_TRUE(row && *row == "text") << "record " << n;
  }
  for (const int n : done.blobs) {
    const auto blob = store.blobs->open_blob(BlobId::of(blob_text(n)), Verify::kYes);
    EXPECT_TRUE(blob) << "blob " << n;
  }
  const auto scrubbed = store.blobs->scrub(BlobStore::Repair::kReport);
  ASSERT_TRUE(scrubbed);
  EXPECT_TRUE(scrubbed->damaged.empty() && scrubbed->missing.empty());
  if (done.collection) {
    const auto differs = store.index->check();
    EXPECT_TRUE(differs && differs->empty());
  }
  for (const int n : done.documents) {
    const auto hits = store.index->search("c", {.text = "number" + std::to_string(n)});
    EXPECT_TRUE(hits && hits->size() == 1 && hits->front().id == document(n).id) << "text " << n;
  }
}

// The number of calls that the work made.
long run(long fails_at, Fault fault) {
  const base::SystemClock clock;
  const detail::TemporaryDirectory dir;
  disk.calls = 0;
  disk.fails_at = fails_at;
  disk.fault = fault;
  disk.armed = true;
  const Acknowledged done = work(dir, clock);
  disk.armed = false;
  if (fails_at == 0) {
    EXPECT_EQ(done.records.size(), std::size_t{kRounds});
    EXPECT_EQ(done.blobs.size(), std::size_t{kRounds});
    EXPECT_EQ(done.documents.size(), std::size_t{kRounds});
  }
  verify(dir, clock, done);
  return disk.calls;
}

TEST(DiskFault, NoWriteThatFailsLosesWhatWasAcknowledged) {
  const long calls = run(0, Fault::kOnce);
  ASSERT_GT(calls, 20);  // the stand-ins are in the way
  for (const Fault fault : {Fault::kOnce, Fault::kFromThenOn}) {
    for (long at = 1; at <= calls && !::testing::Test::HasFailure(); ++at) {
      SCOPED_TRACE(testing::Message()
                   << "call " << at << " of " << calls << ", mode " << static_cast<int>(fault));
      run(at, fault);
    }
  }
}

}  // namespace

// The stand-ins. The dynamic linker gives them to SQLite, too.
extern "C" {
ssize_t write(int fd, const void* data, size_t size) {
  if (disk.fails(fd)) return -1;
  return ::syscall(SYS_write, fd, data, size);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  if (disk.fails(fd)) return -1;
  return ::syscall(SYS_pwrite64, fd, data, size, offset);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off_t offset) {
  if (disk.fails(fd)) return -1;
  return ::syscall(SYS_pwrite64, fd, data, size, offset);
}
int fsync(int fd) {
  if (disk.fails(fd)) return -1;
  return static_cast<int>(::syscall(SYS_fsync, fd));
}
int fdatasync(int fd) {
  if (disk.fails(fd)) return -1;
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}
int ftruncate(int fd, off_t size) noexcept {
  if (disk.fails(fd)) return -1;
  return static_cast<int>(::syscall(SYS_ftruncate, fd, size));
}
int ftruncate64(int fd, off_t size) noexcept {
  if (disk.fails(fd)) return -1;
  return static_cast<int>(::syscall(SYS_ftruncate, fd, size));
}
int rename(const char* from, const char* to) noexcept {
  if (disk.fails(-1)) return -1;
  return static_cast<int>(::syscall(SYS_rename, from, to));
}
}

}  // namespace seine::store
