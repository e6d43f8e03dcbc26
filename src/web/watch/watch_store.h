// WatchStore: watches, their history and the webhooks on their way, in the database. A change, the
// new reading and the webhook that tells of it are one transaction: either all are there or none.
// Blocks; safe on any thread. The database outlives it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/database.h"
#include "web/watch/watch.h"

namespace seine::web {

class WatchStore {
 public:
  static constexpr std::size_t kWatchesMax = 1'000;
  static constexpr std::size_t kVersionsMax = 50;       // of one watch; older ones go
  static constexpr std::size_t kDeliveriesMax = 1'000;  // sent or dead, all watches; older ones go
  static constexpr std::size_t kPendingMax = 10'000;    // more are dead at once

  // Applies its migrations.
  static base::Result<std::unique_ptr<WatchStore>> open(store::Database& database);

  // RESOURCE_EXHAUSTED past kWatchesMax.
  base::Result<> add(const Watch& watch);
  base::Result<std::vector<Watch>> list();
  base::Result<Watch> get(const std::string& id);  // NOT_FOUND
  base::Result<std::vector<WatchVersion>> versions(const std::string& id, std::size_t limit);
  base::Result<> remove(const std::string& id);  // with its history and webhooks; NOT_FOUND
  base::Result<> pause(const std::string& id, bool paused, base::WallTime now);
  // A check is wanted at once.
  base::Result<> ask(const std::string& id, base::WallTime now);

  // Watches to be read now, longest due first.
  base::Result<std::vector<std::string>> due(base::WallTime now, std::size_t limit);
  base::Result<std::optional<base::WallTime>> next_due();
  // What was read last; nothing before the first reading.
  base::Result<std::optional<std::vector<WatchBlock>>> baseline(const std::string& id);

  struct Checked {
    std::string id;
    base::WallTime started_at{};  // what was asked for up to then is done
    base::WallTime at{};
    base::WallTime next_at{};
    std::string title = {};
    std::string verdict = "ok";
    std::string message = {};
    bool failed = false;
    // Of the first reading and of a change.
    std::optional<std::vector<WatchBlock>> baseline = {};
    std::optional<WatchVersion> version = {};
    std::optional<Delivery> delivery = {};
  };
  // NOT_FOUND when the watch went meanwhile.
  base::Result<> checked(const Checked& what);

  base::Result<std::vector<Delivery>> due_deliveries(base::WallTime now, std::size_t limit);
  base::Result<std::optional<base::WallTime>> next_delivery();
  // How an attempt ended; `delivery` as it is from now on.
  base::Result<> attempted(const Delivery& delivery);
  base::Result<std::vector<Delivery>> deliveries(std::optional<DeliveryState> state,
                                                 std::size_t limit);
  // On its way again, under its old id; NOT_FOUND, FAILED_PRECONDITION while it is on its way.
  base::Result<> resend(const std::string& id, base::WallTime now);

  // False when the message was taken before. Ids older than twice the tolerance are forgotten.
  base::Result<bool> take_message(const std::string& watch, const std::string& message,
                                  base::WallTime now);

 private:
  explicit WatchStore(store::Database& database) : database_(database) {}

  store::Database& database_;
};

}  // namespace seine::web
