// A disk that fills up at any write: an error that says so, and everything acknowledged before and
// after is whole. A child's file size limit (RLIMIT_FSIZE, which any user may set) stands for the
// disk; where mounting is permitted, a real small tmpfs does.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "store/blob_store.h"
#include "store/detail/temporary_directory.h"
#include "store/detail/test_records.h"
#include "store/maintenance.h"
#include "store/text_index.h"

namespace seine::store {
namespace {

using base::Code;

// Runs `body` in a child; its value is the exit status, 0 for success.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

// Fills until refused, then checks that all acknowledged is there. Exit status = line of failure.
#define NEED(condition) \
  if (!(condition)) return (__LINE__ % 250) + 1

int fill(const std::string& dir) {
  const base::SystemClock clock;
  auto database = Database::open(dir + "/a.db");
  NEED(database);
  NEED((*database)->migrate({"test", kTestRecords}));
  auto blobs = BlobStore::open(dir + "/blobs", **database, clock, {.free_bytes_min = 0});
  NEED(blobs);
  auto index = TextIndex::open(**database);
  NEED(index);
  NEED((*index)->create_collection("c"));
  int acknowledged = 0;
  for (;; ++acknowledged) {
    const auto written = (*database)->write([&](Connection& c) {
      return c.run("INSERT INTO record VALUES(?1, ?2)", acknowledged, std::string(20'000, 'r'));
    });
    if (written) {
      NEED(acknowledged < 10'000);
      continue;
    }
    NEED(written.error().code == Code::kResourceExhausted);
    NEED(written.error().message.find("a.db") != std::string::npos);
    break;
  }
  NEED(acknowledged > 0);
  const auto blob = (*blobs)->put(std::string(8 << 20, 'b'));
  NEED(!blob);
  NEED(blob.error().code == Code::kResourceExhausted);
  NEED(std::filesystem::is_empty(dir + "/blobs/tmp"));
  const Document document{"a", "", "", std::string(3 << 20, 'x') + " word", "{}"};
  const auto indexed = (*index)->apply("c", std::span(&document, 1));
  NEED(!indexed && indexed.error().code == Code::kResourceExhausted);
  const auto rows = (*database)->read(
      [](Connection& c) { return c.value<std::int64_t>("SELECT count(*) FROM record"); });
  NEED(rows && *rows == acknowledged);
  return 0;
}

int verify(const std::string& dir) {
  const auto problems = check_database(dir + "/a.db");
  NEED(problems && problems->empty());
  auto database = Database::open(dir + "/a.db");
  NEED(database);
  auto index = TextIndex::open(**database);
  NEED(index);
  const auto differences = (*index)->check();
  NEED(differences && differences->empty());
  NEED((*database)->write([](Connection& c) { return c.run("DELETE FROM record"); }));
  return 0;
}

TEST(FullDisk, AFileSizeLimitGivesAnErrorAndNoDamage) {
  const detail::TemporaryDirectory dir;
  EXPECT_EQ(in_child([&] {
              ::signal(SIGXFSZ, SIG_IGN);
              const rlimit limit{2 << 20, 2 << 20};
              NEED(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
              return fill(dir.path());
            }),
            0);
  EXPECT_EQ(in_child([&] { return verify(dir.path()); }), 0);
}

TEST(FullDisk, ASmallFileSystemGivesAnErrorAndNoDamage) {
  constexpr int kNotPermitted = 255;
  const detail::TemporaryDirectory dir;
  const int status = in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", dir.path().c_str(), "tmpfs", 0, "size=4m") != 0) {
      return kNotPermitted;
    }
    if (const int failed = in_child([&] { return fill(dir.path()); }); failed != 0) return failed;
    // Room again, by the operator's hand: the same directory goes on.
    NEED(::mount("none", dir.path().c_str(), "tmpfs", MS_REMOUNT, "size=64m") == 0);
    return in_child([&] { return verify(dir.path()); });
  });
  if (status == kNotPermitted) GTEST_SKIP() << "mounting is not permitted here";
  EXPECT_EQ(status, 0);
}

#undef NEED

}  // namespace
}  // namespace seine::store
