// What two URLs have in common: the registrable domain ("site") by the Public Suffix List, and a
// key under which spellings of one page fall together. Pure functions.
//
// The list is libpsl's built-in copy with the distribution's file as a newer one when it is there;
// politeness and cookies are keyed by it, access decisions never are.
#pragma once

#include <string>
#include <string_view>

#include "web/url/url.h"

namespace seine::web {

// "example.co.uk" for "a.b.example.co.uk"; the host itself for IP addresses and for names that are
// public suffixes themselves.
std::string registrable_domain(std::string_view host);

// The same text for spellings of one page: https and http together, "www." and a trailing dot
// dropped, tracking parameters removed, the query sorted, no fragment (but "#!" keeps it), no
// trailing slash. For comparing only, never for fetching.
std::string dedup_key(const Url& url);

// Whether a query parameter only says where a reader came from (utm_*, gclid, spm, ...).
bool is_tracking_parameter(std::string_view name);

}  // namespace seine::web
