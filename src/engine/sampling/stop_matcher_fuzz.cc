// Any text in any pieces: the result is the text up to the first stop string.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/sampling/stop_matcher.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t stop_bytes = 1 + data[0] % std::min<std::size_t>(8, size - 2);
  const std::size_t step = 1 + data[1] % 7;
  const std::string stop = bytes.substr(2, stop_bytes);
  const std::string text = bytes.substr(std::min(size, 2 + stop_bytes / 2));
  seine::engine::StopMatcher matcher({stop, ""});
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += step) out += matcher.push(text.substr(at, step));
  out += matcher.finish();
  if (out != text.substr(0, text.find(stop))) std::abort();
  return 0;
}
