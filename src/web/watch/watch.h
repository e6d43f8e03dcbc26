// What a watch is: a page, or a part of one, that is read again and again, and what is told when it
// changes. Plain values; watcher.h does the work, watch_store.h keeps them.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "web/reader.h"

namespace seine::web {

// Differences that are no news; bits of WatchSpec::noise.
enum NoiseRule : std::uint8_t {
  kNoiseDates = 1,     // "3 minutes ago", "Updated 5 May", a clock
  kNoiseCounters = 2,  // "1,204 views", "阅读 5.2万"
  kNoiseAds = 4,       // blocks that say that they are paid for, or link to advertisers
  kNoiseLinks = 8,     // tracking parameters and session ids in addresses
};
inline constexpr std::uint8_t kNoiseAll = 15;
std::string_view noise_rule_name(NoiseRule rule);  // "dates"

struct WatchSpec {
  static constexpr std::chrono::seconds kEveryMin{10};
  static constexpr std::chrono::seconds kEveryMax{std::chrono::days(366)};

  std::string url;
  std::string selector = {};  // CSS: only what these elements hold
  std::string block = {};     // or: the blocks that hold this text; under a heading, its section
  std::chrono::seconds every{3'600};
  std::string webhook = {};  // where a change is told; empty: nowhere
  std::uint8_t noise = kNoiseAll;
  std::vector<std::string> ignore = {};  // blocks that hold one of these are not looked at
  RenderJs render = RenderJs::kAuto;
};

struct WatchBlock {
  std::string markdown;
  std::string heading;  // "Guide > Install"
};

struct BlockChange {
  enum class Kind : std::uint8_t { kAdded, kRemoved, kChanged };
  Kind kind = Kind::kAdded;
  std::string before = {};  // Markdown; empty where added
  std::string after = {};   // empty where removed
  std::string heading = {};
  std::string above = {};  // the neighbours that stayed; empty at the ends
  std::string below = {};
};
std::string_view change_kind_name(BlockChange::Kind kind);  // "added"

struct Watch {
  std::string id;
  WatchSpec spec;
  std::string secret;       // "whsec_…": signs what is sent to `webhook`
  std::string hook_secret;  // "whsec_…": signs what comes to /hooks/{id}
  bool paused = false;
  base::WallTime created_at{};
  std::optional<base::WallTime> checked_at = {};
  std::optional<base::WallTime> changed_at = {};
  base::WallTime next_at{};
  bool asked = false;          // a check is wanted at once
  std::uint32_t failures = 0;  // in a row
  std::string verdict = {};    // of the last check: "ok", or why it failed
  std::string message = {};
  std::string title = {};
  std::uint64_t version = 0;  // 0: not read yet; 1: the first reading; one more at each change
};

// One change as it is kept; the first reading has none.
struct WatchVersion {
  std::uint64_t number = 0;
  base::WallTime at{};
  std::string title;
  std::vector<BlockChange> changes = {};
  std::size_t left_out = 0;  // changes past the bound
};

enum class DeliveryState : std::uint8_t { kPending, kSent, kDead };
std::string_view delivery_state_name(DeliveryState state);  // "dead"

// A webhook on its way. Its id stays the same over all attempts.
struct Delivery {
  std::string id;  // "msg_…"
  std::string watch;
  std::string url;
  std::string body;
  DeliveryState state = DeliveryState::kPending;
  base::WallTime created_at{};
  std::uint32_t attempts = 0;
  base::WallTime next_at{};
  int status = 0;  // of the last answer; 0: there was none
  std::string message = {};
};

enum class CheckResult : std::uint8_t { kFirst, kUnchanged, kNoise, kChanged, kFailed };
std::string_view check_result_name(CheckResult result);  // "changed"

struct CheckOutcome {
  CheckResult result = CheckResult::kUnchanged;
  std::vector<BlockChange> changes = {};
  std::string verdict = "ok";
  std::string message = {};
};

}  // namespace seine::web
