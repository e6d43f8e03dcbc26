// What the machine can do at most, for benchmarks: instruction rates and memory bandwidth, measured
// in the same run as what is compared with them. Never used by the engine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace seine::engine {

// Run `count` dependent-free multiply instructions; return the multiply-adds done. Only where the
// row "avx512vnni" can run, or "amx" for the tiles.
double spin_vpdpbusd(std::int64_t count);
double spin_tdpbf16ps(std::int64_t count);
// Reads `bytes` (a multiple of 256) once with 512-bit loads and prefetch.
std::uint64_t read_once(const std::byte* from, std::size_t bytes);

}  // namespace seine::engine
