#include "engine/measure/limits.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>

#include "engine/kernels/cpu/limits.h"
#include "engine/kernels/table.h"

namespace seine::engine {
namespace {

constexpr std::int64_t kGrain = std::int64_t{1} << 16;
constexpr std::int64_t kProducts = 32'000'000;
constexpr std::int64_t kTileProducts = 1'000'000;
constexpr std::size_t kCacheBytes = std::size_t{256} << 20;

std::uint64_t read_plain(const std::byte* from, std::size_t bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 8 <= bytes; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, from + i, 8);
    sum ^= word;
  }
  return sum;
}

double seconds_of(ThreadPool& pool, auto&& work) {
  const auto start = std::chrono::steady_clock::now();
  pool.run(work);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

MachineLimits measure_limits(ThreadPool& pool, const Kernels& kernels,
                             std::span<const std::byte> bytes) {
  MachineLimits limits;
  const bool vnni = kernels_of("avx512vnni").has_value();
  const auto grains = static_cast<std::int64_t>(bytes.size()) / kGrain;
  std::atomic<std::uint64_t> sink{0};  // keeps the loads from being dropped
  if (grains > 0) {
    const double seconds = seconds_of(pool, [&](int thread) {
      const std::int64_t first = grains * thread / pool.threads() * kGrain;
      const std::int64_t past = grains * (thread + 1) / pool.threads() * kGrain;
      const std::byte* from = bytes.data() + first;
      const auto count = static_cast<std::size_t>(past - first);
      sink.fetch_xor(vnni ? read_once(from, count) : read_plain(from, count));
    });
    limits.read_bytes = static_cast<double>(grains * kGrain) / seconds;
    limits.from_memory = bytes.size() >= kCacheBytes;
  }
  if (vnni) {
    std::atomic<double> products{0};
    const bool tiles = kernels.prompt != nullptr;
    const double seconds = seconds_of(pool, [&](int) {
      products.fetch_add(tiles ? spin_tdpbf16ps(kTileProducts) : spin_vpdpbusd(kProducts));
    });
    limits.multiplies = products.load() / seconds;
  }
  return limits;
}

}  // namespace seine::engine
