// What an answer needs of the world: a search and a reader of pages. The composition root plugs the
// web module in; a replay plugs in what a run recorded. Implementations are safe on any thread and
// never block the caller; every callback comes exactly once (page callbacks: once a page, before
// the last one), on any thread, also after a stop or the deadline.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "answer/types.h"
#include "base/clock.h"
#include "base/error.h"

namespace seine::answer {

struct SearchQuery {
  std::string text;
  base::Language language = base::Language::kEnglish;
  std::optional<std::chrono::days> max_age = {};  // only what is younger
  std::size_t limit = 10;
};

struct SearchHit {
  std::string url;
  std::string title = {};
  std::string snippet = {};  // for choosing what to open; never cited
  std::string published = {};
  bool operator==(const SearchHit&) const = default;
};

struct ProviderReport {
  std::string id;
  std::string state;  // "ok", "empty", "failed"
  std::string reason = {};
  std::size_t hits = 0;
  std::int64_t elapsed_ms = 0;
  bool operator==(const ProviderReport&) const = default;
};

struct SearchResult {
  std::vector<SearchHit> hits;  // best first, no address twice
  std::vector<ProviderReport> providers = {};
  bool operator==(const SearchResult&) const = default;
};

class Search {
 public:
  virtual ~Search() = default;
  // Asks the providers side by side. A failure of all of them is an error; of some, a report.
  virtual void search(SearchQuery query, base::Deadline deadline, std::stop_token stop,
                      std::function<void(base::Result<SearchResult>)> done) = 0;
};

// Who named an address: it decides what the guard lets through.
enum class Origin : std::uint8_t { kSearchHit, kQuestion, kOperator };

struct ReadRequest {
  std::string url;
  Origin origin = Origin::kSearchHit;
  std::optional<std::chrono::seconds> max_age = {};  // tolerated age of a cached page
};

struct SiteRequest {
  std::string url;
  Origin origin = Origin::kOperator;
  std::string question;  // the likeliest pages first
  std::size_t pages_max = 24;
};

// One page of a reading, or why it could not be read. The error's field is the typed verdict.
struct PageRead {
  std::string url;
  base::Result<Page> page;
};

class Pages {
 public:
  virtual ~Pages() = default;
  virtual void read(ReadRequest request, base::Deadline deadline, std::stop_token stop,
                    std::function<void(base::Result<Page>)> done) = 0;
  // Some pages of one site, starting at the address.
  virtual void read_site(SiteRequest request, base::Deadline deadline, std::stop_token stop,
                         std::function<void(PageRead)> page,
                         std::function<void(base::Result<>)> done) = 0;
};

}  // namespace seine::answer
