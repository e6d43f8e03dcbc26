#include "server/process.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <utility>

#include "base/text.h"

namespace seine::server {
namespace {

// Values of a "Key:   123 kB" file such as /proc/self/status, in its own unit.
std::uint64_t field_of(const char* path, std::string_view key) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':') continue;
    const std::string_view rest = base::trim(std::string_view(line).substr(key.size() + 1));
    return base::parse_u64(rest.substr(0, rest.find(' '))).value_or(0);
  }
  return 0;
}

}  // namespace

ProcessUse process_use() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  std::error_code ignored;
  std::uint64_t files = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", ignored), end; it != end;
       it.increment(ignored))
    ++files;
  return {field_of("/proc/self/status", "VmRSS") * 1024,
          seconds(usage.ru_utime) + seconds(usage.ru_stime),
          field_of("/proc/self/status", "Threads"), files};
}

MachineMemory machine_memory() {
  return {field_of("/proc/meminfo", "MemTotal") * 1024,
          field_of("/proc/meminfo", "MemAvailable") * 1024};
}

std::string cpu_features() {
#if defined(__x86_64__)
  std::string found;
  const auto add = [&found](bool has, std::string_view name) {
    if (has) found += fmt::format("{}{}", found.empty() ? "" : " ", name);
  };
  add(__builtin_cpu_supports("avx2"), "avx2");
  add(__builtin_cpu_supports("avx512f"), "avx512");
  add(__builtin_cpu_supports("avx512vnni"), "avx512vnni");
  add(__builtin_cpu_supports("avx512bf16"), "avx512bf16");
  return found.empty() ? "baseline" : found;
#else
  return "baseline";
#endif
}

std::uint64_t directory_bytes(const std::string& path, std::size_t files_max) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::uint64_t total = 0;
  std::size_t seen = 0;
  fs::recursive_directory_iterator it(path, fs::directory_options::skip_permission_denied, error);
  for (const fs::recursive_directory_iterator end; !error && it != end && seen < files_max;
       it.increment(error), ++seen) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) {
      const std::uintmax_t size = it->file_size(ignored);
      if (!ignored) total += size;
    }
  }
  return total;
}

}  // namespace seine::server
