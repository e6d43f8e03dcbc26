#include <array>

#include "scoring.h"
#include "web/guard/guard.h"

namespace seine::web::conform {

// The rows of urls.jsonl: a decision on the URL and on what a fake resolver returns. A row passes
// the guard when a socket would be opened. The scenarios (redirects, rebinding, proxies) need the
// fetcher and are driven by its tests.
Outcome score_ssrf(const std::filesystem::path& dir) {
  Outcome outcome;
  std::size_t blocks = 0;
  std::size_t blocked = 0;
  std::size_t allows = 0;
  std::size_t allowed = 0;
  for (const base::Json& row : read_json_lines(dir / "urls.jsonl")) {
    const std::string text = text_of(row, "url");
    const bool must_block = text_of(row, "expect") == "block";
    bool opens = false;
    if (const auto url = Url::parse(text)) {
      // A literal resolves to itself, a name to a public address.
      const auto literal = IpAddress::parse(url->hostname());
      const std::array addresses = {literal ? *literal : *IpAddress::parse("93.184.216.34")};
      opens = judge(*url, addresses, {}) == Refusal::kNone;
    }
    ++(must_block ? blocks : allows);
    if (must_block != opens) {
      ++(must_block ? blocked : allowed);
    } else {
      outcome.failures.push_back(fmt::format("{} must be {}ed", text, text_of(row, "expect")));
    }
  }
  outcome.share("blocked", blocked, blocks, 1.0);
  outcome.share("allowed", allowed, allows, 1.0);
  return outcome;
}

}  // namespace seine::web::conform
