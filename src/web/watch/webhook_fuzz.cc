// The fields of a webhook from anywhere, and what stands on a page that is compared.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "web/watch/noise.h"
#include "web/watch/webhook.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  net::Headers headers;
  std::string_view rest = text;
  for (const char* name : {"webhook-id", "webhook-timestamp", "webhook-signature"}) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    headers.add(name, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  const base::WallTime now{std::chrono::seconds(1'800'000'000)};
  // Nobody guesses a signature.
  SEINE_ASSERT(!web::verify_webhook(kSecret, headers, rest, now), "only what is signed passes");
  (void)web::webhook_key(text);
  const web::WatchSpec spec;
  const std::string key = web::block_key(text, spec);
  SEINE_ASSERT(key.size() <= size * 2 + 2, "a key is no larger than its block");
  return 0;
}
