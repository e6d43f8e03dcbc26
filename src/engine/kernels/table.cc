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

struct Features {
  std::uint32_t leaf1_c = 0;
  std::uint32_t leaf7_b = 0;
  std::uint32_t leaf7_c = 0;
  std::uint32_t leaf7_d = 0;
  std::uint32_t leaf7_1_a = 0;
  std::uint64_t saved = 0;  // register state that the system saves
};

Features read_features() {
  Features f;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  std::uint32_t c = 0;
  std::uint32_t d = 0;
  if (__get_cpuid(1, &a, &b, &f.leaf1_c, &d) == 0) return f;
  constexpr std::uint32_t kXsave = 1u << 27;
  if ((f.leaf1_c & kXsave) == 0) return f;
  f.saved = xcr0();
  if (__get_cpuid_count(7, 0, &a, &f.leaf7_b, &f.leaf7_c, &f.leaf7_d) == 0) return f;
  __get_cpuid_count(7, 1, &f.leaf7_1_a, &b, &c, &d);
  return f;
}

bool has(std::uint64_t value, std::uint64_t bits) {
  return (value & bits) == bits;
}

bool can_run_avx2(const Features& f) {
  constexpr std::uint32_t kFmaF16c = 1u << 12 | 1u << 29;
  constexpr std::uint32_t kAvx2Bmi2 = 1u << 5 | 1u << 8;
  return has(f.leaf1_c, kFmaF16c) && has(f.leaf7_b, kAvx2Bmi2) && has(f.saved, 0x6);
}

// AVX-512 F DQ CD BW VL and VNNI.
bool can_run_avx512vnni(const Features& f) {
  constexpr std::uint32_t kAvx512 = 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31;
  constexpr std::uint32_t kVnni = 1u << 11;
  return can_run_avx2(f) && has(f.leaf7_b, kAvx512) && has(f.leaf7_c, kVnni) && has(f.saved, 0xE6);
}

// AVX-512 with BF16, AMX tiles with BF16, and a system that saves them.
bool can_run_amx(const Features& f) {
  constexpr std::uint32_t kTiles = 1u << 22 | 1u << 24;
  constexpr std::uint32_t kBf16 = 1u << 5;
  return can_run_avx512vnni(f) && has(f.leaf7_d, kTiles) && has(f.leaf7_1_a, kBf16) &&
         has(f.saved, 0x600E6) && request_tiles();
}

const std::vector<const Kernels*>& rows() {
  static const std::vector<const Kernels*> list = [] {
    const Features features = read_features();
    std::vector<const Kernels*> out{&kRefKernels};
    if (can_run_avx2(features)) out.push_back(&kAvx2Kernels);
    if (can_run_avx512vnni(features)) out.push_back(&kAvx512VnniKernels);
    if (can_run_amx(features)) out.push_back(&kAmxKernels);
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

base::Result<const Kernels*> chosen_kernels() {
  static const base::Result<const Kernels*> chosen = []() -> base::Result<const Kernels*> {
    // Read once, inside a function-local static; nothing in this program writes its environment.
    const char* forced = std::getenv("SEINE_CPU_ISA");  // NOLINT(concurrency-mt-unsafe)
    if (forced == nullptr || *forced == '\0') return rows().back();
    auto found = kernels_of(forced);
    if (!found) found.error().message = "SEINE_CPU_ISA: " + found.error().message;
    return found;
  }();
  return chosen;
}

const Kernels& kernels() {
  static const Kernels* const row = chosen_kernels().value_or(rows().back());
  return *row;
}

}  // namespace seine::engine
