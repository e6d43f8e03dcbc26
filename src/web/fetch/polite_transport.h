// PoliteTransport: lets requests to one site out at its pace, a few at a time, those of one caller
// at the rate it asked for, and all of them at a global rate. A site is a registrable domain; sites
// that one address was seen to serve share that address's pace, too. Sites that the operator named
// (the policy's endpoints) are held back by their caller's rate only. Lives on one context.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "net/event.h"
#include "web/fetch/pacer.h"
#include "web/fetch/transport.h"

namespace seine::web {

struct PoliteOptions {
  PacerLimits site = {};
  std::size_t site_concurrency = 2;
  // Of all sites on one address: a shared server feels them together, while the address of a
  // delivery network stands for thousands of machines.
  PacerLimits address = {.rate = 8, .burst = 32};
  double global_rate = 50;
  std::uint32_t global_burst = 100;
  std::size_t sites_max = 10'000;  // and as many addresses and callers
};

class PoliteTransport final : public Transport {
 public:
  // All outlive it.
  PoliteTransport(Transport& below, const base::Clock& clock, base::Random& random,
                  PoliteOptions options = {});

  asio::awaitable<base::Result<HopResponse>> send(HopRequest request) override;

 private:
  struct Site {
    explicit Site(PacerLimits limits) : pacer(limits) {}
    Pacer pacer;
    std::size_t running = 0;
    std::list<net::Event*> waiting;
    std::string address;  // that answered last; empty before
  };
  class Place;

  std::shared_ptr<Site> site_of(std::string_view host);
  // Null where there is none to keep to, or no room for one more.
  Pacer* address_pacer(const std::string& address);
  Pacer* caller_pacer(const HopRequest& request);
  std::chrono::milliseconds time_left(base::TimePoint latest) const;
  void learn(Site& site, const base::Result<HopResponse>& result);

  Transport& below_;
  const base::Clock& clock_;
  base::Random& random_;
  const PoliteOptions options_;
  Pacer global_;
  std::map<std::string, std::shared_ptr<Site>, std::less<>> sites_;
  std::map<std::string, Pacer> addresses_;
  std::map<std::string, Pacer> callers_;
};

}  // namespace seine::web
