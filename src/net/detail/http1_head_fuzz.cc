#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "net/detail/http1_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::net::detail;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const HeadLimits limits{.target_bytes_max = 256, .header_bytes_max = 1024, .header_count_max = 8};
  HeadScanner scanner;
  const HeadScanner::Outcome found = scanner.scan(text, limits);
  if (found.fault || found.size == 0) return 0;
  const std::string_view head = text.substr(0, found.size);
  RequestHead request;
  if (!parse_request_head(head, limits, request)) {
    SEINE_ASSERT(request.headers.size() <= limits.header_count_max, "the count is bounded");
    SEINE_ASSERT(request.target.size() <= limits.target_bytes_max, "the target is bounded");
  }
  ResponseHead response;
  (void)parse_response_head(head, limits, size % 2 == 0, response);
  return 0;
}
