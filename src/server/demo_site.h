// The sample site of `seine demo`: a dozen pages of a museum that does not exist, in English and
// Chinese, one that changes each minute and one that only a script makes. No state; handlers run on
// the connection's context.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/router.h"

namespace seine::server {

// `clock` outlives the router.
void add_demo_site(net::Router& router, const base::Clock& clock);

// The page of the water level at a time: another each minute, the same within one.
std::string demo_today(base::WallTime now, bool chinese);

}  // namespace seine::server
