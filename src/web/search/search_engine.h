// SearchEngine: the Search over the providers that are configured and the own index. Races them
// under one deadline, rests those that fail, counts calls and cost against the day's bounds. Lives
// on one context; called from any.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/key_value.h"
#include "store/worker_pool.h"
#include "web/fetch/transport.h"
#include "web/index/collection.h"
#include "web/search/provider.h"
#include "web/search/search.h"

namespace seine::web {

struct SearchSettings {
  std::vector<ProviderSettings> providers = {};
  std::vector<std::string> collections = {"web"};   // of the own index; empty: not searched
  double budget_usd_per_day = 0;                    // 0: no bound
  std::optional<std::chrono::sys_days> today = {};  // of a replay: the day of its record
};

class SearchEngine final : public Search {
 public:
  static constexpr std::string_view kIndexId = "index";

  struct Ports {  // all outlive it
    asio::any_io_executor home;
    Transport& transport;  // without politeness or cache: a provider is no site
    PageIndex* index = nullptr;
    // Where the day's calls and costs are kept, so that a restart does not forget them and two
    // processes share the bounds; nullptr: in memory only.
    store::KeyValue* counts = nullptr;
    store::WorkerPool& pool;
    const base::Clock& clock;
  };
  SearchEngine(Ports ports, SearchSettings settings);
  ~SearchEngine() override;

  asio::awaitable<base::Result<SearchResponse>> search(SearchRequest request) override;

  // kDown: failed lately and rests. kQuota: its plan or our bound for the day is used up.
  enum class State : std::uint8_t { kReady, kNoKey, kDown, kQuota };
  struct Health {
    std::string id;
    State state = State::kReady;
    std::uint64_t calls_today = 0;
    double cost_usd = 0;  // of a call
    double cost_today_usd = 0;
    std::optional<std::chrono::milliseconds> median = {};  // of its last answers
  };
  // As of each provider's last answer; in the order of the configuration. Any thread.
  std::vector<Health> health() const;

 private:
  struct Provider;
  struct Attempt {
    std::size_t provider = 0;
    ProviderAnswer answer;
    std::chrono::milliseconds elapsed{0};
  };
  asio::awaitable<base::Result<SearchResponse>> search_here(SearchRequest request);
  asio::awaitable<Attempt> ask(std::size_t provider, SearchRequest request);
  asio::awaitable<ProviderAnswer> ask_index(SearchRequest request);
  void recall(Provider& provider) const;
  std::optional<ProviderAnswer> may_not(Provider& provider);
  std::optional<ProviderAnswer> spent(const Provider& provider, std::uint64_t calls_more,
                                      double cost_more) const;
  // Adds to the provider's day, here and in `counts`.
  asio::awaitable<void> count(Provider& provider, std::uint64_t calls, double cost_usd);
  std::chrono::sys_days today() const;
  void learn(Provider& provider, const ProviderAnswer& answer, std::chrono::milliseconds elapsed);
  void publish();

  Ports ports_;
  SearchSettings settings_;
  std::vector<std::unique_ptr<Provider>> providers_;

  struct Published {
    Health health;
    base::TimePoint rest_until{};
  };
  mutable std::mutex published_mutex_;
  std::vector<Published> published_;
};

}  // namespace seine::web
