#include "engine/kernels/table.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "engine/kernels/cpu/rows.h"

namespace seine::engine {
namespace {

std::uint64_t xcr0() {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (std::uint64_t{high} << 32) | low;
}

// Linux grants the 8 KiB of tile state on request, per process (arch_prctl(2), since 5.16).
bool request_tiles() {
  constexpr long kRequestPermission = 0x1023;
  constexpr long kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

// AVX2, FMA, F16C, AVX-512 F DQ BW VL CD and BF16, AMX tiles with BF16, and a system that saves it.
bool can_run_amx() {
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t c = 0;
  std::uint32_t d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0) return false;
  constexpr std::uint32_t kLeaf1 = 1u << 12 | 1u << 27 | 1u << 29;
  if ((c & kLeaf1) != kLeaf1 || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  constexpr std::uint32_t kLeaf7 =
      1u << 5 | 1u << 8 | 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
  constexpr std::uint32_t kTiles = 1u << 22 | 1u << 24;
  if ((b & kLeaf7) != kLeaf7 || (d & kTiles) != kTiles) return false;
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) == 0 || (a >> 5 & 1) == 0) return false;
  constexpr std::uint64_t kSaved = 0x600E6;  // SSE, AVX, AVX-512 and tile state
  return (xcr0() & kSaved) == kSaved && request_tiles();
}

const std::vector<const Kernels*>& rows() {
  static const std::vector<const Kernels*> list = [] {
    std::vector<const Kernels*> out{&kRefKernels};
    if (can_run_amx()) out.push_back(&kAmxKernels);
    return out;
  }();
  return list;
}

}  // namespace

std::span<const Kernels* const> available_kernels() {
  return rows();
}

base::Result<const Kernels*> kernels_of(std::string_view isa) {
  std::string known;
  for (const Kernels* row : rows()) {
    if (row->isa == isa) return row;
    known += (known.empty() ? "" : ", ") + std::string(row->isa);
  }
  return base::fail(base::Code::kInvalidArgument, "no kernels '{}' on this processor ({} can run)",
                    isa, known);
}

const Kernels& kernels() {
  static const Kernels* const chosen = [] {
    // Read once, inside a function-local static; nothing in this program writes its environment.
    const char* forced = std::getenv("SEINE_CPU_ISA");  // NOLINT(concurrency-mt-unsafe)
    if (forced != nullptr) {
      if (const auto found = kernels_of(forced)) return *found;
    }
    return rows().back();
  }();
  return *chosen;
}

}  // namespace seine::engine
