// run_confined: one program on one input, as a child that can do nothing but compute: no network
// (a namespace of its own where the kernel lets us, and no socket call at all), no file written or
// removed, no process started, no descriptor but its three, an environment that names a language
// and one thread only, an unprivileged user where we are root, and limits on processor time, memory
// and output. Blocks until the child is gone, which the deadline and the stop token see to. Linux
// only; safe on any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seine::web::detail {

struct ConfinedLimits {
  std::chrono::milliseconds deadline{20'000};
  std::chrono::seconds cpu{20};
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;
  std::size_t output_bytes_max = std::size_t{64} << 20;
};

struct ConfinedResult {
  int exit_code = 0;
  int signal = 0;  // that ended it; 0: it ended by itself
  std::string output;
  std::string errors;  // the first 8 KiB of its standard error
  bool cut = false;    // the output met its limit and the child was ended
};

// `program` is an absolute path; `input` is its standard input, a file that can be sought.
// kNotFound: no such program; kDeadlineExceeded; kCancelled; kUnavailable: it cannot be confined.
base::Result<ConfinedResult> run_confined(const std::string& program,
                                          const std::vector<std::string>& arguments,
                                          std::string_view input, const ConfinedLimits& limits,
                                          std::stop_token stop);

}  // namespace seine::web::detail
