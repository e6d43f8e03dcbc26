// CachingTransport: a private HTTP cache between the fetcher and the network. Copies of requests
// that carry cookies or authorization are kept apart, one principal from another. Lives on one
// context; a failing store costs freshness, never an answer.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <set>
#include <string>

#include "base/clock.h"
#include "web/cache/cache_store.h"
#include "web/fetch/transport.h"

namespace seine::web {

class CachingTransport final : public Transport {
 public:
  // Revalidations in the background; more are left to the next request.
  static constexpr std::size_t kBackgroundMax = 32;

  // All outlive it.
  CachingTransport(Transport& below, CacheStore& store, const base::Clock& clock);
  ~CachingTransport() override;

  asio::awaitable<base::Result<HopResponse>> send(HopRequest request) override;
  std::size_t in_background() const;

  static std::string key_of(const HopRequest& request);

 private:
  struct State;
  static asio::awaitable<base::Result<HopResponse>> exchange(std::shared_ptr<State> state,
                                                             HopRequest request, std::string key,
                                                             std::optional<StoredResponse> stored);
  static asio::awaitable<base::Result<HopResponse>> serve(std::shared_ptr<State> state,
                                                          HopRequest request, std::string key,
                                                          StoredResponse stored, bool revalidated);
  static asio::awaitable<void> invalidate(std::shared_ptr<State> state, HopRequest request,
                                          HopResponse response);
  static asio::awaitable<void> revalidate(std::shared_ptr<State> state, HopRequest request,
                                          std::string key, StoredResponse stored);

  std::shared_ptr<State> state_;
};

}  // namespace seine::web
