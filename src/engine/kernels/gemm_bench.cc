// Products over weights larger than any cache (1 GiB) at 1, 8, 32 and 512 rows, in GB/s of weights
// and GMAC/s, each beside the limit measured in the same run. Shapes: rows of 1,536 inputs, as in a
// 1.5B model. Arguments: type, rows, and 1 for weights in the interleaved layout.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "base/random.h"
#include "engine/kernels/cpu/limits.h"
#include "engine/kernels/table.h"
#include "engine/kernels/thread_pool.h"

namespace seine::engine {
namespace {

constexpr std::int64_t kColumns = 1536;
constexpr std::size_t kBytes = std::size_t{1} << 30;

ThreadPool& pool() {
  static ThreadPool shared(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  return shared;
}

// Bytes whose f16 fields are small finite numbers in every format.
const std::byte* weights() {
  static const std::byte* const shared = [] {
    void* p = mmap(nullptr, kBytes + (1 << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                   -1, 0);
    if (p == MAP_FAILED) std::abort();
    auto* bytes = static_cast<std::byte*>(p);
    base::SeededRandom random(1);
    std::vector<std::byte> noise(1 << 20);
    random.fill(noise);
    for (std::byte& b : noise) b &= std::byte{0x3F};
    for (std::size_t i = 0; i < kBytes; i += noise.size()) {
      std::memcpy(bytes + i, noise.data(), noise.size());
    }
    return bytes;
  }();
  return shared;
}

double seconds_of(auto&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// GB/s of reading the weights on all threads, right now.
double read_limit() {
  const double seconds = seconds_of([] {
    pool().split(static_cast<std::int64_t>(kBytes), 1 << 20,
                 [](std::int64_t first, std::int64_t last, int) {
                   benchmark::DoNotOptimize(
                       read_once(weights() + first, static_cast<std::size_t>(last - first)));
                 });
  });
  return static_cast<double>(kBytes) / seconds / 1e9;
}

// GMAC/s of all threads together.
double rate(double (*spin)(std::int64_t), std::int64_t count) {
  const double seconds =
      seconds_of([&] { pool().run([&](int) { benchmark::DoNotOptimize(spin(count)); }); });
  return spin(16) / 16 * static_cast<double>(count) * pool().threads() / seconds / 1e9;
}

void product(benchmark::State& state, DType type) {
  const Kernels& row = kernels();
  const std::int64_t rows = state.range(0);
  const auto row_size = static_cast<std::int64_t>(row_bytes(type, kColumns).value());
  // Few rows stream the whole gigabyte, many rows one matrix of a layer.
  const std::int64_t outputs =
      rows > 32 ? 17920 : static_cast<std::int64_t>(kBytes) / row_size / 32 * 32;
  MatrixView w{
      .type = type, .data = weights(), .rows = outputs, .columns = kColumns, .row_bytes = row_size};
  if (state.range(1) != 0) w.interleaved = weights();  // any bytes will do
  std::vector<float> x(static_cast<std::size_t>(rows * kColumns), 0.01f);
  std::vector<float> y(static_cast<std::size_t>(rows * outputs));
  auto* packed = static_cast<std::byte*>(std::aligned_alloc(64, row.packed_bytes(rows, kColumns)));
  const ActivationView view{
      .f32 = x.data(), .stride = kColumns, .packed = packed, .rows = rows, .columns = kColumns};
  double seconds = 0;
  for (auto _ : state) {
    seconds += seconds_of([&] {
      pool().split((rows + kPackRows - 1) / kPackRows, 2,
                   [&](std::int64_t first, std::int64_t last, int) {
                     row.pack(x.data(), kColumns, rows, kColumns, first, last, packed);
                   });
      pool().split(outputs, 96, [&](std::int64_t first, std::int64_t last, int thread) {
        row.gemm(w, first, last, view, y.data(), outputs, false, pool().scratch(thread));
      });
    });
  }
  std::free(packed);
  const auto times = static_cast<double>(state.iterations());
  const double bytes_rate = times * static_cast<double>(outputs * row_size) / seconds / 1e9;
  const double mac_rate = times * static_cast<double>(outputs * rows * kColumns) / seconds / 1e9;
  state.counters["GB/s"] = bytes_rate;
  state.counters["GMAC/s"] = mac_rate;
  if (kernels_of("avx512vnni")) {  // the limits are measured with its instructions
    const double read = read_limit();
    state.counters["read GB/s"] = read;
    state.counters["of read"] = bytes_rate / read;
    const double int8 = rate(spin_vpdpbusd, 64'000'000);
    state.counters["of vpdpbusd"] = mac_rate / int8;
    state.counters["vpdpbusd"] = int8;
  }
  if (kernels_of("amx")) {
    const double tiles = rate(spin_tdpbf16ps, 4'000'000);
    state.counters["of tdpbf16ps"] = mac_rate / tiles;
    state.counters["tdpbf16ps"] = tiles;
  }
}

#define SEINE_PRODUCT(type)                        \
  BENCHMARK_CAPTURE(product, type, DType::k##type) \
      ->Args({1, 0})                               \
      ->Args({1, 1})                               \
      ->Args({4, 1})                               \
      ->Args({8, 0})                               \
      ->Args({8, 1})                               \
      ->Args({32, 0})                              \
      ->Args({32, 1})                              \
      ->Args({512, 0})                             \
      ->Unit(benchmark::kMillisecond)              \
      ->UseRealTime()

SEINE_PRODUCT(Q4_0);
SEINE_PRODUCT(Q8_0);
SEINE_PRODUCT(Q4_K);
SEINE_PRODUCT(Q6_K);
SEINE_PRODUCT(Q5_0);
SEINE_PRODUCT(BF16);

}  // namespace
}  // namespace seine::engine
