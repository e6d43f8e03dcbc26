// A child process writes records, blobs and documents and reports each acknowledgement; it is
// killed at random moments. What it was told is safe must be there afterwards.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "base/random.h"
#include "store/blob_store.h"
#include "store/detail/temporary_directory.h"
#include "store/detail/test_records.h"
#include "store/maintenance.h"
#include "store/text_index.h"

namespace seine::store {
namespace {

constexpr std::size_t kBlobBytes = 20'000;

std::string blob_bytes(std::uint64_t n) {
  return fmt::format("{} ", n) + std::string(kBlobBytes, static_cast<char>('a' + n % 26));
}

// Writes for ever from `next`; each acknowledged number goes to the pipe, as one atomic write.
[[noreturn]] void write_until_killed(const std::string& dir, std::uint64_t next, int acks) {
  const base::SystemClock clock;
  auto database = Database::open(dir + "/a.db");
  if (!database) ::_exit(10);
  if (!(*database)->migrate({"test", kTestRecords})) ::_exit(11);
  auto blobs = BlobStore::open(dir + "/blobs", **database, clock, {.free_bytes_min = 0});
  if (!blobs) ::_exit(12);
  auto index = TextIndex::open(**database);
  if (!index) ::_exit(13);
  (void)(*index)->create_collection("c");
  for (;; ++next) {
    const auto recorded = (*database)->write([&](Connection& c) {
      return c.run("INSERT INTO record VALUES(?1, ?2)", next, std::string(300, 'r'));
    });
    if (!recorded) ::_exit(14);
    if (!(*blobs)->put(blob_bytes(next), "test")) ::_exit(15);
    const Document document{std::to_string(next), "", "", fmt::format("number w{}w", next), "{}"};
    if (!(*index)->apply("c", std::span(&document, 1))) ::_exit(16);
    if (::write(acks, &next, sizeof next) != sizeof next) ::_exit(17);
  }
}

TEST(Crash, NothingAcknowledgedIsLostToKillNine) {
  const detail::TemporaryDirectory dir;
  const base::SystemClock clock;
  base::SeededRandom random(11);
  constexpr int kRounds = 25;
  for (int round = 0; round < kRounds; ++round) {
    std::array<int, 2> pipe_fds{};
    ASSERT_EQ(::pipe(pipe_fds.data()), 0);
    // The child starts after what it may find already written but never acknowledged.
    const std::uint64_t next = 1 + static_cast<std::uint64_t>(round) * 1'000'000;
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(pipe_fds[0]);
      write_until_killed(dir.path(), next, pipe_fds[1]);
    }
    ::close(pipe_fds[1]);
    // Killed after a few acknowledgements and a random moment more, also while it opens.
    const std::uint64_t wanted = round % 5 == 4 ? 0 : 1 + random.below(12);
    std::vector<std::uint64_t> acknowledged;
    std::uint64_t n = 0;
    while (acknowledged.size() < wanted && ::read(pipe_fds[0], &n, sizeof n) == sizeof n) {
      acknowledged.push_back(n);
    }
    // The kill falls anywhere in the writes that follow: at the next acknowledgement or before it.
    pollfd next_ack{pipe_fds[0], POLLIN, 0};
    ::poll(&next_ack, 1, static_cast<int>(random.below(wanted == 0 ? 60 : 8)));
    ::kill(child, SIGKILL);
    while (::read(pipe_fds[0], &n, sizeof n) == sizeof n) acknowledged.push_back(n);
    ::close(pipe_fds[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child failed by itself: " << WEXITSTATUS(status);

    auto database = Database::open(dir / "a.db");
    ASSERT_TRUE(database) << database.error().to_string();
    ASSERT_TRUE((*database)->migrate({"test", kTestRecords}));
    auto blobs = BlobStore::open(dir / "blobs", **database, clock, {.free_bytes_min = 0});
    ASSERT_TRUE(blobs) << blobs.error().to_string();
    auto index = TextIndex::open(**database);
    ASSERT_TRUE(index) << index.error().to_string();
    for (const std::uint64_t number : acknowledged) {
      const auto row = (*database)->read([&](Connection& c) {
        return c.value<std::int64_t>("SELECT n FROM record WHERE n=?1", number);
      });
      ASSERT_TRUE(row && row->has_value()) << "record " << number << " in round " << round;
      auto blob = (*blobs)->open_blob(BlobId::of(blob_bytes(number)), Verify::kYes);
      ASSERT_TRUE(blob) << blob.error().to_string();
      const auto hits = (*index)->search("c", {.text = fmt::format("w{}w", number)});
      ASSERT_TRUE(hits && hits->size() == 1) << "document " << number;
    }
    if (round % 5 == 0 || round == kRounds - 1) {
      EXPECT_TRUE(check_database(dir / "a.db")->empty());
      EXPECT_TRUE((*index)->check()->empty());
      const auto report = (*blobs)->scrub(BlobStore::Repair::kDelete);
      ASSERT_TRUE(report);
      EXPECT_TRUE(report->damaged.empty() && report->missing.empty());
    }
  }
}

}  // namespace
}  // namespace seine::store
