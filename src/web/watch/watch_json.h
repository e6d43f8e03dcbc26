// Watches, changes and deliveries as JSON: what the interface shows, what the store keeps, and what
// a webhook carries. Pure.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "web/watch/watch.h"

namespace seine::web {

// Without the secrets.
base::Json to_json(const Watch& watch);
base::Json to_json(const WatchSpec& spec);
base::Json to_json(const WatchVersion& version);
base::Json to_json(const Delivery& delivery);
base::Json to_json(const CheckOutcome& outcome);
base::Json to_json(std::span<const BlockChange> changes);
base::Json to_json(std::span<const WatchBlock> blocks);

// What a person or a program asks for: {"url", "selector"?, "block"?, "every_s"?, "webhook"?,
// "noise"?: [rules], "ignore"?: [texts], "render"?}. INVALID_ARGUMENT names the member.
base::Result<WatchSpec> watch_spec_from_json(const base::Json& json);
// The reverse of what the store keeps; DATA_LOSS.
base::Result<std::vector<BlockChange>> changes_from_json(const base::Json& json);
base::Result<std::vector<WatchBlock>> blocks_from_json(const base::Json& json);

// The body of a webhook: {"type", "timestamp", "data"} as the scheme recommends, cut to its bound.
std::string webhook_body(const Watch& watch, const WatchVersion& version);

}  // namespace seine::web
