#include "web/cache/cache_policy.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "web/cache/cache_control.h"
#include "web/fetch/http_date.h"

namespace seine::web {
namespace {

using std::chrono::seconds;

// Statuses that may be kept without explicit freshness (RFC 9110 section 15.1), but for 206.
constexpr std::array kHeuristic = {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501};
constexpr seconds kHeuristicMax{86'400};

bool is_heuristic(int status) {
  return std::ranges::find(kHeuristic, status) != kHeuristic.end();
}

// Statuses whose meaning for a cache we know: all of RFC 9110's that are final.
bool is_understood(int status) {
  return is_heuristic(status) || status == 206 || status == 302 || status == 303 || status == 307 ||
         (status >= 400 && status <= 417) || status == 421 || status == 422 || status == 426 ||
         (status >= 500 && status <= 505);
}

std::optional<std::chrono::sys_seconds> date_field(const net::Headers& headers,
                                                   std::string_view name, base::WallTime now) {
  const auto value = headers.get(name);
  return value ? parse_http_date(*value, now) : std::nullopt;
}

base::WallTime date_of(const StoredResponse& stored) {
  if (const auto date = date_field(stored.headers, "date", stored.response_time)) return *date;
  return stored.response_time;
}

std::optional<seconds> explicit_lifetime(const StoredResponse& stored, base::WallTime now) {
  const CacheControl control = CacheControl::of(stored.headers);
  if (control.max_age) return *control.max_age;
  const auto expires = stored.headers.get_all("expires");
  if (expires.empty()) return std::nullopt;
  // Several different values, or one that is no date ("0"): already stale (section 5.3).
  for (const std::string_view other : expires) {
    if (other != expires.front()) return seconds(0);
  }
  const auto when = parse_http_date(expires.front(), now);
  if (!when) return seconds(0);
  return std::max(seconds(0), std::chrono::floor<seconds>(base::WallTime(*when) - date_of(stored)));
}

std::vector<std::string> vary_names(const net::Headers& headers) {
  std::set<std::string> names;
  for (const std::string_view value : headers.get_all("vary")) {
    for (const std::string_view part : base::split(value, ',')) {
      const std::string name = base::ascii_lower(base::trim(part));
      if (!name.empty()) names.insert(name);
    }
  }
  return {names.begin(), names.end()};
}

// Values that mean the same: white space around commas does not count (section 4.1).
std::string normal_value(const net::Headers& headers, std::string_view name) {
  std::string out;
  for (const std::string_view value : headers.get_all(name)) {
    for (const std::string_view part : base::split(value, ',')) {
      if (!out.empty()) out += ',';
      out += base::trim(part);
    }
  }
  return headers.contains(name) ? "=" + out : "-";  // absent is not empty
}

std::string variant_by(const std::vector<std::string>& names, const net::Headers& request) {
  std::string out;
  for (const std::string& name : names) out += name + normal_value(request, name) + "\n";
  if (const auto range = request.get("range")) out += "range=" + std::string(*range) + "\n";
  return out;
}

bool is_hop_by_hop(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "connection", "keep-alive", "proxy-connection",  "te",
      "trailer",    "upgrade",    "transfer-encoding", "proxy-authentication-info"};
  return std::ranges::any_of(
      kNames, [name](std::string_view own) { return base::ascii_iequals(own, name); });
}

}  // namespace

bool may_store(const HopRequest& request, int status, const net::Headers& headers) {
  if (request.method != "GET" || status < 200 || status == 304) return false;
  const CacheControl asked = CacheControl::of(request.headers);
  const CacheControl control = CacheControl::of(headers);
  const bool excused = control.must_understand && is_understood(status);
  if (asked.no_store || (control.no_store && !excused)) return false;
  if (control.must_understand && !is_understood(status)) return false;
  if (status == 206 && !request.headers.contains("range")) return false;
  const auto names = vary_names(headers);
  if (std::ranges::find(names, "*") != names.end()) return false;
  const bool given = control.max_age || headers.contains("expires") || control.is_public ||
                     control.is_private || control.no_cache;
  return is_heuristic(status) || given;
}

seconds current_age(const StoredResponse& stored, base::WallTime now) {
  const auto apparent =
      std::max(base::WallTime::duration::zero(), stored.response_time - date_of(stored));
  seconds told{0};
  if (const auto field = stored.headers.get("age")) {
    // The first member of what may be a list; what is no number is ignored (section 5.1).
    const std::string_view first = base::trim(field->substr(0, field->find(',')));
    told = parse_delta_seconds(base::trim(first.substr(0, first.find(';')))).value_or(seconds(0));
  }
  const auto corrected = told + (stored.response_time - stored.request_time);
  const auto initial = std::max<base::WallTime::duration>(apparent, corrected);
  const auto resident = std::max(base::WallTime::duration::zero(), now - stored.response_time);
  return std::chrono::floor<seconds>(initial + resident);
}

seconds freshness_lifetime(const StoredResponse& stored, base::WallTime now) {
  if (const auto given = explicit_lifetime(stored, now)) return *given;
  const CacheControl control = CacheControl::of(stored.headers);
  if (!is_heuristic(stored.status) && !control.is_public) return seconds(0);
  const auto modified = date_field(stored.headers, "last-modified", now);
  if (!modified) return seconds(0);
  const auto since = std::chrono::floor<seconds>(date_of(stored) - base::WallTime(*modified));
  return since <= seconds(0) ? seconds(0) : std::min(since / 10, kHeuristicMax);
}

CacheDecision decide(const StoredResponse& stored, const HopRequest& request, base::WallTime now) {
  if (request.cache.offline) return CacheDecision::kServe;
  const CacheControl asked = CacheControl::of(request.headers);
  const CacheControl control = CacheControl::of(stored.headers);
  if (asked.no_cache || control.no_cache ||
      (request.headers.has_token("pragma", "no-cache") &&
       !request.headers.contains("cache-control")))
    return CacheDecision::kValidate;
  const seconds age = current_age(stored, now);
  const seconds lifetime = freshness_lifetime(stored, now);
  if (asked.max_age && age > *asked.max_age) return CacheDecision::kValidate;
  if (request.cache.max_age) {
    if (age > *request.cache.max_age || *request.cache.max_age == seconds(0))
      return CacheDecision::kValidate;
    // The caller tolerates this age, whatever freshness the site gives it, unless the site insists.
    if (!control.must_revalidate) return CacheDecision::kServe;
  }
  const seconds wanted = asked.min_fresh.value_or(seconds(0));
  if (lifetime > age && lifetime - age >= wanted) return CacheDecision::kServe;
  if (control.must_revalidate) return CacheDecision::kValidate;
  const seconds over = age - lifetime;
  if (asked.max_stale && over <= *asked.max_stale && !asked.min_fresh) return CacheDecision::kServe;
  if (control.stale_while_revalidate && over <= *control.stale_while_revalidate && !asked.max_age &&
      !asked.min_fresh)
    return CacheDecision::kServeAndRevalidate;
  return CacheDecision::kValidate;
}

bool serve_on_error(const StoredResponse& stored, base::WallTime now) {
  const CacheControl control = CacheControl::of(stored.headers);
  if (control.must_revalidate || control.no_cache) return false;
  const seconds over = current_age(stored, now) - freshness_lifetime(stored, now);
  if (control.stale_if_error) return over <= *control.stale_if_error;
  // Section 4.2.4 allows a cache that is cut off to serve; a week is what an answer may still use.
  return over <= std::chrono::days(7);
}

std::string variant_of(const net::Headers& response_headers, const net::Headers& request_headers) {
  return variant_by(vary_names(response_headers), request_headers);
}

bool variant_matches(const StoredResponse& stored, const net::Headers& request_headers) {
  const auto names = vary_names(stored.headers);
  if (std::ranges::find(names, "*") != names.end()) return false;
  return variant_by(names, request_headers) == stored.variant;
}

bool add_validators(const StoredResponse& stored, net::Headers& request_headers) {
  const auto tag = stored.headers.get("etag");
  const auto modified = stored.headers.get("last-modified");
  if (tag) request_headers.set("If-None-Match", *tag);
  if (modified) request_headers.set("If-Modified-Since", *modified);
  return tag || modified;
}

void update_headers(net::Headers& stored, const net::Headers& fresh) {
  std::set<std::string> replaced;
  for (const net::Headers::Field field : fresh) {
    const std::string name = base::ascii_lower(field.name);
    // What describes the body that is kept stays as it was (section 3.2).
    if (is_hop_by_hop(name) || name == "content-length" || name == "content-encoding" ||
        name == "content-range")
      continue;
    if (replaced.insert(name).second) stored.remove(name);
    stored.add(field.name, field.value);
  }
}

net::Headers storable_headers(const net::Headers& headers) {
  std::set<std::string> nominated;
  for (const std::string_view value : headers.get_all("connection")) {
    for (const std::string_view part : base::split(value, ','))
      nominated.insert(base::ascii_lower(base::trim(part)));
  }
  net::Headers out;
  for (const net::Headers::Field field : headers) {
    if (is_hop_by_hop(field.name) || nominated.contains(base::ascii_lower(field.name))) continue;
    out.add(field.name, field.value);
  }
  return out;
}

net::Headers served_headers(const StoredResponse& stored, base::WallTime now) {
  const CacheControl control = CacheControl::of(stored.headers);
  net::Headers out;
  for (const net::Headers::Field field : stored.headers) {
    const std::string name = base::ascii_lower(field.name);
    if (std::ranges::find(control.no_cache_fields, name) != control.no_cache_fields.end()) continue;
    out.add(field.name, field.value);
  }
  out.set("Age", fmt::format("{}", current_age(stored, now).count()));
  return out;
}

}  // namespace seine::web
