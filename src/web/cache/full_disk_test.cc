// A disk that fills up while pages are kept: every page is read all the same, what was kept before
// is whole, and keeping goes on when there is room again. A child's file size limit (RLIMIT_FSIZE)
// stands for the disk, as in the store's own test.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "net/runtime.h"
#include "store/maintenance.h"
#include "web/cache/caching_transport.h"
#include "web/cache/disk_store.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

constexpr std::size_t kBodyBytes = 400'000;

int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

// Exit status = line of failure.
#define NEED(condition) \
  if (!(condition)) return (__LINE__ % 250) + 1

// Answers each path with a body of its own that may be kept for a day.
class Pages final : public Transport {
 public:
  asio::awaitable<base::Result<HopResponse>> send(HopRequest request) override {
    ++asked;
    HopResponse response;
    response.status = 200;
    response.headers.add("Cache-Control", "max-age=86400");
    response.body = std::string(request.url.path()) + std::string(kBodyBytes, 'x');
    co_return response;
  }
  std::size_t asked = 0;
};

struct Cache {
  explicit Cache(const std::string& directory)
      : runtime(1, clock),
        database(*store::Database::open(directory + "/a.db")),
        blobs(
            *store::BlobStore::open(directory + "/blobs", *database, clock, {.free_bytes_min = 0})),
        pool(1, 64),
        kept(*DiskStore::open(*database, *blobs, pool, clock)),
        transport(pages, *kept, clock) {}
  ~Cache() { runtime.stop(); }
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  static asio::awaitable<void> keep(Transport& from, HopRequest request,
                                    std::optional<base::Result<HopResponse>>& out) {
    out.emplace(co_await from.send(std::move(request)));
  }
  base::Result<HopResponse> get(int page, bool offline = false) {
    HopRequest request{.url = *Url::parse("https://a.example/" + std::to_string(page))};
    request.cache.offline = offline;
    std::optional<base::Result<HopResponse>> out;
    runtime.run(0, [&] { return keep(transport, request, out); });
    return *std::move(out);
  }

  base::SystemClock clock;
  net::Runtime runtime;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<store::BlobStore> blobs;
  store::WorkerPool pool;
  std::unique_ptr<DiskStore> kept;
  Pages pages;
  CachingTransport transport;
};

std::string path_of(int page) {
  return "/" + std::to_string(page);
}

// One page, then the disk is full for bodies of that size, and for the database soon after.
int fill(const std::string& directory) {
  Cache cache(directory);
  NEED(cache.get(0));
  NEED(cache.get(0, true));
  ::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{100'000, 100'000'000};
  NEED(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  for (int page = 1; page < 20; ++page) {
    const auto read = cache.get(page);
    NEED(read && read->from == PageSource::kNetwork);
    NEED(read->body.size() == kBodyBytes + path_of(page).size());
    const auto again = cache.get(page, true);
    NEED(!again && verdict_of(again.error()) == Verdict::kOffline);
  }
  NEED(cache.get(0, true));
  const rlimit room{100'000'000, 100'000'000};
  NEED(::setrlimit(RLIMIT_FSIZE, &room) == 0);
  NEED(cache.get(30));
  NEED(cache.get(30, true));
  return 0;
}

int verify(const std::string& directory) {
  const auto problems = store::check_database(directory + "/a.db");
  NEED(problems && problems->empty());
  Cache cache(directory);
  for (const int page : {0, 30}) {
    const auto kept = cache.get(page, true);
    NEED(kept && kept->from == PageSource::kCache);
    NEED(kept->body.starts_with(path_of(page)) && kept->body.size() > kBodyBytes);
  }
  NEED(cache.pages.asked == 0);
  const auto report = cache.blobs->scrub(store::BlobStore::Repair::kReport);
  NEED(report && report->damaged.empty() && report->missing.empty());
  NEED(std::filesystem::is_empty(directory + "/blobs/tmp"));
  return 0;
}

#undef NEED

TEST(FullDisk, CostsTheCopyNotThePage) {
  const std::string directory = testing::TempDir() + "web_full." + std::to_string(getpid());
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  EXPECT_EQ(in_child([&] { return fill(directory); }), 0);
  EXPECT_EQ(in_child([&] { return verify(directory); }), 0);
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace seine::web
