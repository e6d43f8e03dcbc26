// RobotsCache: the robots.txt of each origin (RFC 9309), fetched when first needed, kept for a day,
// once at a time for all who ask. Lives on one context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "net/event.h"
#include "web/fetch/transport.h"
#include "web/robots/robots.h"

namespace seine::web {

class RobotsCache {
 public:
  static constexpr std::chrono::hours kKeep{24};
  // A site that could not answer is asked again sooner.
  static constexpr std::chrono::minutes kKeepFailure{10};
  static constexpr std::size_t kOriginsMax = 10'000;

  // Both outlive it.
  RobotsCache(Transport& transport, const base::Clock& clock)
      : transport_(transport), clock_(clock) {}

  // The rules for `url`'s origin. An error says why the file could not be read, which means that
  // nothing may be (section 2.3.1.4).
  asio::awaitable<base::Result<std::shared_ptr<const Robots>>> rules(
      Url url, std::shared_ptr<const GuardPolicy> policy, std::chrono::milliseconds timeout);

 private:
  using Rules = base::Result<std::shared_ptr<const Robots>>;
  struct Entry {
    std::optional<Rules> rules;
    base::TimePoint until{};
    bool loading = false;
    std::list<net::Event*> waiting;
  };
  asio::awaitable<Rules> load(Url url, std::shared_ptr<const GuardPolicy> policy,
                              std::chrono::milliseconds timeout);
  void make_room();

  Transport& transport_;
  const base::Clock& clock_;
  std::map<std::string, std::shared_ptr<Entry>, std::less<>> entries_;
};

}  // namespace seine::web
