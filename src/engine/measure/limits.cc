#include "engine/measure/limits.h"

#include <sys/mman.h>

#include <algorithm>
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

AlignedBytes memory_to_read(std::uint64_t model_bytes) {
  constexpr std::size_t kLargePage = std::size_t{2} << 20;
  AlignedBytes bytes(static_cast<std::size_t>(std::min<std::uint64_t>(model_bytes, kCacheBytes)));
  const auto begin = reinterpret_cast<std::uintptr_t>(bytes.data());
  const std::uintptr_t first = (begin + kLargePage - 1) / kLargePage * kLargePage;
  const std::uintptr_t last = (begin + bytes.size()) / kLargePage * kLargePage;
  // A wish: without large pages the figure is that of small ones.
  if (first < last) (void)::madvise(bytes.data() + (first - begin), last - first, MADV_HUGEPAGE);
  std::memset(bytes.data(), 1, bytes.size());
  return bytes;
}

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
