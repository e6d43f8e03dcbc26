// What every connection of one context shares: deadlines, request ids, the Date field. Owned by the
// Runtime, used on the context's thread only.
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "net/detail/ticker.h"

namespace seine::net::detail {

class ContextState {
 public:
  ContextState(asio::io_context& context, const base::Clock& clock, std::uint64_t seed)
      : ticker(context, clock), ids(seed) {}

  // "Tue, 24 Nov 2026 07:10:26 GMT", made once a second.
  std::string_view http_date();

  Ticker ticker;
  base::SeededRandom ids;

 private:
  base::TimePoint date_until_ = base::TimePoint::min();
  std::string date_;
};

}  // namespace seine::net::detail
