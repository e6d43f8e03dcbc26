// PoliteTransport: lets requests to one site out at its pace, a few at a time, and all of them at a
// global rate. Keyed by registrable domain. Sites that the operator named (the policy's endpoints)
// are not held back. Lives on one context.
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
  double global_rate = 50;
  std::uint32_t global_burst = 100;
  std::size_t sites_max = 10'000;
};

class PoliteTransport final : public Transport {
 public:
  // All outlive it.
  PoliteTransport(Transport& below, const base::Clock& clock, base::Random& random,
                  PoliteOptions options = {});

  asio::awaitable<base::Result<HopResponse>> send(HopRequest request) override;
  // Takes part from now on: requests a second to that site.
  void set_rate(std::string_view host, double rate);

 private:
  struct Site {
    explicit Site(PacerLimits limits) : pacer(limits) {}
    Pacer pacer;
    std::size_t running = 0;
    std::list<net::Event*> waiting;
  };
  class Place;

  std::shared_ptr<Site> site_of(std::string_view host);
  void learn(Site& site, const base::Result<HopResponse>& result);

  Transport& below_;
  const base::Clock& clock_;
  base::Random& random_;
  const PoliteOptions options_;
  Pacer global_;
  std::map<std::string, std::shared_ptr<Site>, std::less<>> sites_;
};

}  // namespace seine::web
