#include "store/key_value.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>
#include <vector>

#include "base/random.h"
#include "store/detail/temporary_directory.h"

namespace seine::store {
namespace {

using base::Code;
using std::chrono::milliseconds;

struct KeyValueTest : testing::Test {
  detail::TemporaryDirectory dir;
  base::ManualClock clock;
  std::unique_ptr<Database> database = *Database::open(dir / "a.db");
  std::unique_ptr<KeyValue> kv = *KeyValue::open(*database, clock);
};

TEST_F(KeyValueTest, ExpiryIsExactWhetherSweptOrNot) {
  ASSERT_TRUE(kv->put("n", "k", "v", milliseconds(100)));
  ASSERT_TRUE(kv->put("n", "stays", "v"));
  clock.advance(milliseconds(99));
  EXPECT_EQ(kv->get("n", "k").value()->value, "v");
  clock.advance(milliseconds(1));
  EXPECT_FALSE(kv->get("n", "k").value());
  EXPECT_EQ(kv->sweep(), 1U);
  EXPECT_EQ(kv->sweep(), 0U);
  EXPECT_EQ(kv->usage("n")->entries, 1U);
  EXPECT_TRUE(kv->get("n", "stays").value());
}

TEST_F(KeyValueTest, CompareAndSetLetsOneWinner) {
  const auto first = kv->compare_and_set("n", "k", 0, "a");
  ASSERT_TRUE(first);
  EXPECT_EQ(kv->compare_and_set("n", "k", 0, "b").error().code, Code::kAborted);
  ASSERT_TRUE(kv->compare_and_set("n", "k", *first, "c"));
  EXPECT_EQ(kv->get("n", "k").value()->value, "c");
  ASSERT_TRUE(kv->remove("n", "k").value());
  // A version never comes back.
  EXPECT_GT(*kv->compare_and_set("n", "k", 0, "d"), *first + 1);
}

TEST_F(KeyValueTest, CountersAddUpAcrossThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) EXPECT_TRUE(kv->increment("n", "c", 2));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(kv->get("n", "c").value()->value, "200");
  ASSERT_TRUE(kv->put("n", "text", "x"));
  EXPECT_EQ(kv->increment("n", "text", 1).error().code, Code::kFailedPrecondition);
  ASSERT_TRUE(kv->put("n", "big", "9223372036854775807"));
  EXPECT_EQ(kv->increment("n", "big", 1).error().code, Code::kOutOfRange);
}

TEST_F(KeyValueTest, ACounterIsAFixedWindow) {
  EXPECT_EQ(*kv->increment("n", "c", 1, milliseconds(100)), 1);
  clock.advance(milliseconds(60));
  EXPECT_EQ(*kv->increment("n", "c", 1, milliseconds(100)), 2);
  clock.advance(milliseconds(60));
  EXPECT_EQ(*kv->increment("n", "c", 1, milliseconds(100)), 1);
}

TEST_F(KeyValueTest, AFullNamespaceRefusesOrEvicts) {
  kv->set_limits("lock", {2, 1000, KvOverflow::kRefuse});
  kv->set_limits("cache", {2, 1000, KvOverflow::kEvictOldest});
  for (const char* name : {"lock", "cache"}) {
    ASSERT_TRUE(kv->put(name, "a", "1"));
    ASSERT_TRUE(kv->put(name, "b", "1"));
  }
  EXPECT_EQ(kv->put("lock", "c", "1").error().code, Code::kResourceExhausted);
  ASSERT_TRUE(kv->put("cache", "c", "1"));
  EXPECT_FALSE(kv->get("cache", "a").value());
  EXPECT_TRUE(kv->get("cache", "c").value());
  EXPECT_EQ(kv->put("cache", "big", std::string(2000, 'x')).error().code, Code::kResourceExhausted);
}

TEST_F(KeyValueTest, NamesAndValuesHaveLimits) {
  EXPECT_EQ(kv->put("", "k", "v").error().code, Code::kInvalidArgument);
  EXPECT_EQ(kv->put("n", "", "v").error().code, Code::kInvalidArgument);
  EXPECT_EQ(kv->get("n", std::string(2000, 'k')).error().code, Code::kInvalidArgument);
}

// Against a map: values, expiry and usage agree after any sequence.
TEST_F(KeyValueTest, BehavesAsAMapUnderRandomOperations) {
  struct Entry {
    std::string value;
    std::optional<base::WallTime> expires;
  };
  std::map<std::string, Entry> model;
  base::SeededRandom random(7);
  for (int step = 0; step < 600; ++step) {
    const std::string key(1, static_cast<char>('a' + random.below(6)));
    const auto alive = [&](const Entry& e) { return !e.expires || *e.expires > clock.wall(); };
    switch (random.below(5)) {
      case 0:
      case 1: {
        const Ttl ttl = random.below(2) == 0 ? Ttl() : Ttl(milliseconds(1 + random.below(50)));
        const std::string value(random.below(20), 'v');
        ASSERT_TRUE(kv->put("n", key, value, ttl));
        model[key] = {value, ttl ? std::optional(clock.wall() + *ttl) : std::nullopt};
        break;
      }
      case 2:
        ASSERT_TRUE(kv->remove("n", key));
        model.erase(key);
        break;
      case 3:
        clock.advance(milliseconds(random.below(20)));
        break;
      default:
        ASSERT_TRUE(kv->sweep(3));
    }
    const auto found = kv->get("n", key);
    ASSERT_TRUE(found);
    const auto expected = model.find(key);
    const bool there = expected != model.end() && alive(expected->second);
    ASSERT_EQ(found->has_value(), there) << "step " << step;
    if (there) ASSERT_EQ((*found)->value, expected->second.value);
  }
  while (kv->sweep(100).value() > 0) {
  }
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  for (const auto& [key, entry] : model) {
    if (entry.expires && *entry.expires <= clock.wall()) continue;
    ++entries;
    bytes += key.size() + entry.value.size();
  }
  EXPECT_EQ(kv->usage("n")->entries, entries);
  EXPECT_EQ(kv->usage("n")->bytes, bytes);
}

}  // namespace
}  // namespace seine::store
