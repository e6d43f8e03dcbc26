// Watcher: reads watched pages when they are due, tells changes by webhooks, and takes the webhooks
// that ask for a reading at once. Everything it has promised is in the store first, so a process
// that dies loses nothing and repeats a webhook only under its old id. Calls come from any context
// of the runtime; the work is on the module's own. Everything in Ports outlives it, and no call of
// it is under way when it goes.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "net/event.h"
#include "net/headers.h"
#include "store/worker_pool.h"
#include "web/fetch/transport.h"
#include "web/guard/guard.h"
#include "web/reader.h"
#include "web/watch/block_diff.h"
#include "web/watch/watch.h"
#include "web/watch/watch_store.h"

namespace seine::web {

struct WatcherSettings {
  GuardPolicy guard = {};  // of pages (but of those on this machine) and webhooks
  std::chrono::milliseconds confirm_after{5'000};  // between the two readings of a change
  std::chrono::milliseconds read_timeout{30'000};
  std::chrono::milliseconds webhook_timeout{15'000};
  std::size_t at_once = 4;  // checks, and webhooks
  // How often the store is looked at when nothing is known to be due: another process may have
  // written to it.
  std::chrono::seconds idle{30};
  // News for the log: what happened, to which watch, and the rest of it.
  std::function<void(std::string_view what, std::string_view watch, std::string_view detail)> told =
      {};
};

struct WatchHistory {
  Watch watch;
  std::vector<WatchVersion> versions;  // newest first
};

class Watcher {
 public:
  struct Ports {
    asio::any_io_executor home;
    Reader& reader;
    Transport& transport;  // of webhooks
    store::Database& database;
    store::WorkerPool& pool;
    const base::Clock& clock;
    base::Random& random;
  };
  static base::Result<std::unique_ptr<Watcher>> open(Ports ports, WatcherSettings settings);

  // The watch with its secrets, which are shown this once. Only the operator adds one, and so may
  // name a page on this machine; else what the guard refuses is refused here.
  asio::awaitable<base::Result<Watch>> add(WatchSpec spec);
  asio::awaitable<base::Result<std::vector<Watch>>> list();
  asio::awaitable<base::Result<WatchHistory>> show(std::string id);
  asio::awaitable<base::Result<void>> remove(std::string id);
  asio::awaitable<base::Result<Watch>> pause(std::string id, bool paused);
  // Reads the page now and sends what that gave rise to, once. ABORTED while it is being read.
  asio::awaitable<base::Result<CheckOutcome>> check(std::string id);
  asio::awaitable<base::Result<std::vector<Delivery>>> deliveries(
      std::optional<DeliveryState> state);
  // One attempt at once, and the schedule's later ones if that fails.
  asio::awaitable<base::Result<void>> resend(std::string id);
  // A webhook from the site of a watch: UNAUTHENTICATED, ALREADY_EXISTS for one that came before,
  // FAILED_PRECONDITION when the watch is paused. The page is read soon after.
  asio::awaitable<base::Result<void>> hook(std::string id, net::Headers headers, std::string body);

  // The schedule, until cancelled.
  asio::awaitable<void> run();
  // What is due at this moment, once: for tests, and for a process that does not run the schedule.
  asio::awaitable<base::Result<std::size_t>> check_due();
  asio::awaitable<base::Result<std::size_t>> deliver_due();

  // After the given number of attempts; nothing: given up. Over a day, and the last one within it.
  static std::optional<std::chrono::seconds> retry_after(std::uint32_t attempts);

 private:
  Watcher(Ports ports, WatcherSettings settings, std::unique_ptr<WatchStore> store);

  template <typename T, typename Job>
  asio::awaitable<base::Result<T>> stored(Job job);
  asio::awaitable<base::Result<CheckOutcome>> check_here(std::string id);
  asio::awaitable<base::Result<CheckOutcome>> examine(Watch watch);
  asio::awaitable<base::Result<PageDocument>> read(const Watch& watch);
  asio::awaitable<base::Result<std::size_t>> check_due_here();
  asio::awaitable<base::Result<std::size_t>> deliver_due_here();
  // Whether what came of it is kept.
  asio::awaitable<bool> deliver(Delivery delivery);
  asio::awaitable<void> deliver_now();
  asio::awaitable<bool> check_one(std::string id);
  template <typename Job>
  asio::awaitable<base::Result<std::size_t>> work_off(std::vector<Job> jobs);
  using Work = asio::awaitable<base::Result<std::size_t>> (Watcher::*)();
  using Next = base::Result<std::optional<base::WallTime>> (WatchStore::*)();
  asio::awaitable<bool> keep(net::Event& news, Work work, Next next);
  asio::awaitable<void> keep_both();
  base::WallTime next_check(const Watch& watch, bool failed);
  std::optional<Delivery> delivery_of(const Watch& watch, const WatchVersion& version);
  void tell(std::string_view what, std::string_view watch, std::string_view detail) const;
  void wake(net::Event* event);

  Ports ports_;
  const WatcherSettings settings_;
  std::unique_ptr<WatchStore> store_;
  // Of the home context; what is under way holds it, too.
  std::shared_ptr<std::set<std::string>> busy_ = std::make_shared<std::set<std::string>>();
  net::Event to_check_;
  net::Event to_deliver_;
};

}  // namespace seine::web
