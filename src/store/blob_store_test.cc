#include "store/blob_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/random.h"
#include "store/data_dir.h"
#include "store/detail/temporary_directory.h"

namespace seine::store {
namespace {

using base::Code;

struct BlobStoreTest : testing::Test {
  detail::TemporaryDirectory dir;
  base::ManualClock clock;
  std::unique_ptr<Database> database = *Database::open(dir / "a.db");

  std::unique_ptr<BlobStore> open(BlobOptions options = {}) {
    options.free_bytes_min = 0;
    auto store = BlobStore::open(dir / "blobs", *database, clock, options);
    EXPECT_TRUE(store) << store.error().to_string();
    return std::move(*store);
  }
  std::string file(const BlobId& id) {
    return dir / ("blobs/sha256/" + id.hex().substr(0, 2) + "/" + id.hex().substr(2));
  }
};

TEST(BlobId, ParsesOneSpellingOnly) {
  // FIPS 180-4: the hash of the empty message.
  const std::string empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  EXPECT_EQ(BlobId::of("").hex(), empty);
  EXPECT_EQ(BlobId::parse(empty), BlobId::of(""));
  std::string upper = empty;
  upper[0] = 'E';
  EXPECT_FALSE(BlobId::parse(upper));
  EXPECT_FALSE(BlobId::parse("../../../../etc/passwd"));
  EXPECT_FALSE(BlobId::parse(empty.substr(1)));
}

TEST_F(BlobStoreTest, KeepsEqualBytesOnceAndReadsRanges) {
  auto store = open();
  const auto id = store->put("hello blob");
  ASSERT_TRUE(id) << id.error().to_string();
  EXPECT_EQ(*store->put("hello blob"), *id);
  EXPECT_EQ(store->usage()->blobs, 1U);
  auto reader = store->open_blob(*id, Verify::kYes);
  ASSERT_TRUE(reader);
  EXPECT_EQ(*reader->read(6, 100), "blob");
  EXPECT_EQ(*reader->read(10, 5), "");
  EXPECT_EQ(reader->read(11, 1).error().code, Code::kOutOfRange);
  EXPECT_EQ(*reader->map(), "hello blob");
  const auto empty = store->put("");
  ASSERT_TRUE(empty);
  EXPECT_EQ(*store->open_blob(*empty)->map(), "");
}

TEST_F(BlobStoreTest, AWriterThatStopsLeavesNothing) {
  auto store = open();
  {
    auto writer = store->writer();
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->append("half"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(dir / "blobs/tmp"));
  EXPECT_EQ(store->open_blob(BlobId::of("half")).error().code, Code::kNotFound);
  std::ofstream(dir / "blobs/tmp/1-1") << "from a crash";
  store = open();
  EXPECT_TRUE(std::filesystem::is_empty(dir / "blobs/tmp"));
}

// `seine web` opens the folder of a service that runs.
TEST_F(BlobStoreTest, OpeningASecondStoreLeavesTheFirstOnesWritesAlone) {
  auto service = open();
  auto writer = service->writer();
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->append("half, "));
  std::ofstream(dir / "blobs/tmp/1-1") << "from a crash";
  auto command = open();
  EXPECT_FALSE(std::filesystem::exists(dir / "blobs/tmp/1-1"));
  // Their temporaries have names of their own.
  auto other = command->writer();
  ASSERT_TRUE(other) << other.error().to_string();
  ASSERT_TRUE(other->append("another"));
  ASSERT_TRUE(writer->append("whole"));
  const auto first = writer->finish();
  const auto second = other->finish();
  ASSERT_TRUE(first) << first.error().to_string();
  ASSERT_TRUE(second) << second.error().to_string();
  EXPECT_EQ(*command->open_blob(*first, Verify::kYes)->read_all(), "half, whole");
  EXPECT_EQ(*service->open_blob(*second, Verify::kYes)->read_all(), "another");
  EXPECT_TRUE(std::filesystem::is_empty(dir / "blobs/tmp"));
}

TEST_F(BlobStoreTest, StoresThatOpenAndWriteSideBySideLoseNothing) {
  auto service = open();
  std::atomic<bool> writing{true};
  std::thread opener([&] {
    while (writing) open();
  });
  for (int i = 0; i < 40; ++i) {
    const auto id = service->put(fmt::format("blob {}", i));
    EXPECT_TRUE(id) << id.error().to_string();
  }
  writing = false;
  opener.join();
  EXPECT_EQ(service->usage()->blobs, 40U);
  EXPECT_TRUE(service->scrub(BlobStore::Repair::kReport)->missing.empty());
}

TEST_F(BlobStoreTest, StreamsEqualWholePuts) {
  auto store = open();
  auto writer = *store->writer();
  std::string all;
  for (int i = 0; i < 100; ++i) {
    const std::string piece(static_cast<std::size_t>(i) * 7, static_cast<char>('a' + i % 26));
    ASSERT_TRUE(writer.append(piece));
    all += piece;
  }
  EXPECT_EQ(*writer.finish(), BlobId::of(all));
  EXPECT_EQ(*store->open_blob(BlobId::of(all))->read_all(), all);
}

TEST_F(BlobStoreTest, EvictsTheLeastRecentlyUsedUnpinned) {
  auto store = open({.total_bytes_max = 3200, .blob_bytes_max = 2000, .free_bytes_min = 0});
  const auto put = [&](char c, std::string_view owner = "") {
    clock.advance(std::chrono::milliseconds(1));
    return *store->put(std::string(1000, c), owner);
  };
  const BlobId pinned = put('p', "run:1");
  const BlobId a = put('a');
  const BlobId b = put('b');
  clock.advance(std::chrono::milliseconds(1));
  ASSERT_TRUE(store->open_blob(a));  // used later than b
  const BlobId c = put('c');
  EXPECT_TRUE(*store->contains(pinned));
  EXPECT_TRUE(*store->contains(a));
  EXPECT_FALSE(*store->contains(b));
  EXPECT_FALSE(std::filesystem::exists(file(b)));
  EXPECT_TRUE(*store->contains(c));
  EXPECT_EQ(store->put(std::string(2001, 'x')).error().code, Code::kResourceExhausted);
  EXPECT_EQ(store->remove(pinned).error().code, Code::kFailedPrecondition);
  ASSERT_TRUE(store->unpin(pinned, "run:1"));
  EXPECT_TRUE(store->remove(pinned));
}

TEST_F(BlobStoreTest, PinsJoinTheCallersTransaction) {
  auto store = open();
  const BlobId id = *store->put("x");
  const auto failed = database->write([&](Connection& c) -> base::Result<void> {
    SEINE_CHECK(BlobStore::pin(c, id, "run:2"));
    return base::fail(Code::kAborted, "the caller's record failed");
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(store->usage()->pinned_bytes, 0U);
  EXPECT_EQ(store->pin(BlobId::of("absent"), "run:2").error().code, Code::kNotFound);
}

TEST_F(BlobStoreTest, ScrubFindsAndMendsDamage) {
  auto store = open();
  const BlobId good = *store->put("good");
  const BlobId rotten = *store->put("rotten");
  const BlobId lost = *store->put("lost");
  std::ofstream(file(rotten)) << "rotted";
  std::filesystem::remove(file(lost));
  std::filesystem::create_directories(dir / "blobs/sha256/zz");
  std::ofstream(dir / "blobs/sha256/zz/stray") << "x";
  EXPECT_EQ(store->open_blob(rotten, Verify::kYes).error().code, Code::kDataLoss);
  auto report = store->scrub(BlobStore::Repair::kDelete);
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->damaged, std::vector{rotten});
  EXPECT_EQ(report->missing, std::vector{lost});
  EXPECT_EQ(report->orphans, std::vector<std::string>{"zz/stray"});
  report = store->scrub(BlobStore::Repair::kReport);
  EXPECT_TRUE(report->damaged.empty() && report->missing.empty() && report->orphans.empty());
  EXPECT_TRUE(*store->contains(good));
  EXPECT_TRUE(store->put("rotten"));
}

TEST_F(BlobStoreTest, PutsAndEvictionsOfTheSameBytesNeverLoseAFile) {
  auto store = open({.total_bytes_max = 400, .free_bytes_min = 0});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      base::SeededRandom random(static_cast<std::uint64_t>(t));
      for (int i = 0; i < 40; ++i) {
        const std::string bytes(100, static_cast<char>('a' + random.below(6)));
        EXPECT_TRUE(store->put(bytes));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto report = store->scrub(BlobStore::Repair::kReport);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->missing.empty());
  EXPECT_TRUE(report->orphans.empty());
  EXPECT_TRUE(report->damaged.empty());
}

TEST(DataDir, IsLockedByOne) {
  const detail::TemporaryDirectory dir;
  const auto data = DataDir::open(dir / "deep/data/");
  ASSERT_TRUE(data) << data.error().to_string();
  EXPECT_EQ(data->database(), dir / "deep/data/db/seine.db");
  EXPECT_EQ(std::filesystem::status(data->blobs()).permissions(), std::filesystem::perms(0700));
  {
    const auto lock = data->lock();
    ASSERT_TRUE(lock) << lock.error().to_string();
    const auto second = data->lock();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::kFailedPrecondition);
    EXPECT_NE(second.error().message.find(fmt::format("by process {}", ::getpid())),
              std::string::npos);
  }
  EXPECT_TRUE(data->lock());
  EXPECT_EQ(DataDir::open("").error().code, Code::kInvalidArgument);
}

// Two stores on one directory are what two processes have: each with its own descriptors.
TEST_F(BlobStoreTest, EvictionBesideAPutOfTheSameBytesLosesNoFile) {
  auto ours = open();
  auto theirs = open();
  std::atomic<bool> over = false;
  std::thread evicting([&] {
    while (!over) {
      // Its own count knows nothing of the other's puts; to remove is what an eviction does.
      (void)theirs->remove(BlobId::of("the same bytes"));
    }
  });
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(ours->put("the same bytes"));
  over = true;
  evicting.join();
  ASSERT_TRUE(ours->put("the same bytes"));
  EXPECT_TRUE(ours->open_blob(BlobId::of("the same bytes"), Verify::kYes));
  (void)theirs->remove(BlobId::of("the same bytes"));
  for (int i = 0; i < 300; ++i) {
    std::thread remover([&] { (void)theirs->remove(BlobId::of("again")); });
    ASSERT_TRUE(ours->put("again"));
    remover.join();
    const auto recorded = ours->contains(BlobId::of("again"));
    ASSERT_TRUE(recorded);
    EXPECT_EQ(*recorded, std::filesystem::exists(file(BlobId::of("again"))));
  }
}

}  // namespace
}  // namespace seine::store
