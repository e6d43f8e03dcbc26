// What the kernel tells about this process and machine. Reads /proc; safe on any thread.
#pragma once

#include <cstdint>
#include <string>

namespace seine::server {

struct ProcessUse {
  std::uint64_t rss_bytes = 0;
  double cpu_s = 0;
  std::uint64_t threads = 0;
  std::uint64_t open_files = 0;
};

ProcessUse process_use();

struct MachineMemory {
  std::uint64_t total_bytes = 0;
  std::uint64_t available_bytes = 0;
};

MachineMemory machine_memory();

// "avx2", "avx512vnni", ... as far as the engine's kernels care; "baseline" if none.
std::string cpu_features();

// Bytes of all files under a directory; bounded to `files_max` files.
std::uint64_t directory_bytes(const std::string& path, std::size_t files_max = 100'000);

}  // namespace seine::server
