// Search: one question to several providers at once, merged into one list. Every provider says how
// it fared: an outage, an empty quota or a bad key is never taken for "nothing found". Called from
// coroutines on any context of the runtime; cancelling the caller stops every provider.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"

namespace seine::web {

namespace asio = boost::asio;

enum class TimeRange : std::uint8_t { kAny, kDay, kWeek, kMonth, kYear };

struct SearchRequest {
  std::string text;
  std::string language = {};  // "en", "zh"; empty: that of the text
  std::string country = {};   // two letters; may be empty
  TimeRange time_range = TimeRange::kAny;
  std::vector<std::string> sites = {};      // only these domains
  std::vector<std::string> providers = {};  // only these, by id; empty: all that are configured
  std::size_t limit = 10;                   // of the merged list, at most 50
  std::chrono::milliseconds timeout{5'000};
  bool offline = false;  // only the own index
  // The first day of `time_range`; the engine fills it in, for providers that take dates.
  std::optional<std::chrono::sys_days> since = {};
};

struct SearchHit {
  std::string title;
  std::string url;
  std::string snippet;    // plain text
  std::string content;    // the page's text where the provider sends it; may be empty
  std::string published;  // ISO 8601 or the provider's words; may be empty
  std::string site;       // host, or the site's name
  std::string provider;   // the best-ranked one that named it
  std::vector<std::string> providers = {};  // all that named it
  std::size_t rank = 0;                     // at that provider, from 1
  double score = 0;                         // of the merge
  bool operator==(const SearchHit&) const = default;
};

enum class SearchFailure : std::uint8_t {
  kNone,
  kBadKey,
  kQuota,    // the provider's plan is used up
  kRate,     // too many at once: try later
  kBlocked,  // a CAPTCHA or a ban
  kDown,     // not reached, or an error of its own
  kTimeout,
  kMalformed,  // an answer that is not what it documents
  kRequest,    // it does not take this question
  kBudget,     // our own cost or quota bound
  kResting,    // failed lately, not asked
};
std::string_view search_failure_name(SearchFailure failure);

struct ProviderOutcome {
  std::string id;
  std::string state;  // "ok", "empty", "failed"
  SearchFailure failure = SearchFailure::kNone;
  std::string detail = {};  // for people; never holds a key
  std::size_t hits = 0;
  std::chrono::milliseconds elapsed{0};
  double cost_usd = 0;
  bool operator==(const ProviderOutcome&) const = default;
};

struct SearchResponse {
  std::vector<SearchHit> hits;  // best first, no page twice
  std::vector<ProviderOutcome> providers;
};

class Search {
 public:
  virtual ~Search() = default;
  // An error only for a request that is wrong, or when every provider failed (kUnavailable; its
  // message names each). Nothing found is an answer.
  virtual asio::awaitable<base::Result<SearchResponse>> search(SearchRequest request) = 0;
};

base::Json to_json(const SearchHit& hit);
base::Json to_json(const ProviderOutcome& outcome);

}  // namespace seine::web
