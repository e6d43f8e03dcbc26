// Speed of acknowledged writes (alone and grouped), reads and blobs. The disk's fsync decides most.
#include <benchmark/benchmark.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "store/blob_store.h"
#include "store/database.h"
#include "store/detail/temporary_directory.h"
#include "store/key_value.h"

namespace seine::store {
namespace {

constexpr Migration kTables[] = {
    {1, "records", "CREATE TABLE record(n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"}};

struct World {
  detail::TemporaryDirectory dir;
  std::unique_ptr<Database> database;
  explicit World(Durability durability) : database(*Database::open(dir / "a.db", {durability})) {
    (void)database->migrate({"bench", kTables});
  }
  auto insert() {
    return [](Connection& c) {
      return c.run("INSERT INTO record(text) VALUES(?1)",
                   std::string_view("a record of a hundred bytes"));
    };
  }
};

void write_one(benchmark::State& state, Durability durability) {
  World world(durability);
  for (auto _ : state) {
    if (!world.database->write(world.insert())) return state.SkipWithError("write failed");
  }
  state.SetItemsProcessed(state.iterations());
}

// 256 writes in flight.
void write_grouped(benchmark::State& state, Durability durability) {
  World world(durability);
  std::mutex mutex;
  std::condition_variable changed;
  std::int64_t in_flight = 0;
  for (auto _ : state) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return in_flight < 256; });
    ++in_flight;
    lock.unlock();
    (void)world.database->submit_write(world.insert(), [&](base::Result<void>) {
      const std::lock_guard done(mutex);
      --in_flight;
      changed.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return in_flight == 0; });
  state.SetItemsProcessed(state.iterations());
}

void read_one(benchmark::State& state) {
  World world(Durability::kFull);
  for (int i = 0; i < 1000; ++i) (void)world.database->write(world.insert());
  std::int64_t n = 0;
  for (auto _ : state) {
    const auto text = world.database->read([&](Connection& c) {
      return c.value<std::string>("SELECT text FROM record WHERE n=?1", ++n % 1000 + 1);
    });
    if (!text || !*text) return state.SkipWithError("read failed");
  }
  state.SetItemsProcessed(state.iterations());
}

void blob_put(benchmark::State& state) {
  World world(Durability::kFull);
  const base::SystemClock clock;
  auto blobs = *BlobStore::open(world.dir / "blobs", *world.database, clock);
  std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  std::uint64_t n = 0;
  for (auto _ : state) {
    ++n;
    bytes.replace(0, sizeof n, reinterpret_cast<const char*>(&n), sizeof n);
    if (!blobs->put(bytes)) return state.SkipWithError("put failed");
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void blob_read(benchmark::State& state) {
  World world(Durability::kFull);
  const base::SystemClock clock;
  auto blobs = *BlobStore::open(world.dir / "blobs", *world.database, clock);
  const BlobId id = *blobs->put(std::string(static_cast<std::size_t>(state.range(0)), 'x'));
  for (auto _ : state) benchmark::DoNotOptimize(blobs->open_blob(id)->read_all());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void kv_get(benchmark::State& state) {
  World world(Durability::kFull);
  const base::SystemClock clock;
  auto kv = *KeyValue::open(*world.database, clock);
  (void)kv->put("n", "key", "value");
  for (auto _ : state) benchmark::DoNotOptimize(kv->get("n", "key"));
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(write_one, full, Durability::kFull)->UseRealTime();
BENCHMARK_CAPTURE(write_one, relaxed, Durability::kRelaxed)->UseRealTime();
BENCHMARK_CAPTURE(write_grouped, full, Durability::kFull)->UseRealTime();
BENCHMARK_CAPTURE(write_grouped, relaxed, Durability::kRelaxed)->UseRealTime();
BENCHMARK(read_one)->UseRealTime();
BENCHMARK(kv_get)->UseRealTime();
BENCHMARK(blob_put)->Arg(64 << 10)->Arg(4 << 20)->Iterations(100)->UseRealTime();
BENCHMARK(blob_read)->Arg(64 << 10)->Arg(4 << 20)->UseRealTime();

}  // namespace
}  // namespace seine::store
