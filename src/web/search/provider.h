// What a search provider is: how its request is written and how its answer is read. Codecs are
// sans-IO and pure, so that recorded answers and a fuzzer drive them; search_engine.h sends. Keys
// stand in ProviderSettings only and go into headers or bodies, never into errors or logs.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "net/headers.h"
#include "web/search/search.h"

namespace seine::web {

struct ProviderSettings {
  std::string id;        // "brave"; also the kind
  std::string base_url;  // empty: the provider's own; SearXNG has none of its own
  std::string key;
  std::string engine_id;            // Google's cx
  double cost_usd = 0;              // a call
  std::uint64_t calls_per_day = 0;  // 0: no bound
};

struct ProviderCall {
  std::string method = "GET";
  std::string url;
  net::Headers headers = {};
  std::string body = {};
};

struct ProviderAnswer {
  SearchFailure failure = SearchFailure::kNone;
  std::string detail = {};
  std::vector<SearchHit> hits = {};
  std::optional<double> cost_usd = {};
};

class ProviderCodec {
 public:
  virtual ~ProviderCodec() = default;
  virtual std::string_view id() const = 0;
  virtual bool needs_key() const { return true; }
  // The least time between two calls.
  virtual std::chrono::seconds spacing() const { return std::chrono::seconds(0); }
  // kInvalidArgument for a question that it does not take.
  virtual base::Result<ProviderCall> call(const SearchRequest& request,
                                          const ProviderSettings& settings) const = 0;
  // Any bytes are safe. Status 429, 401 and the like are classified by `common_failure` first.
  virtual ProviderAnswer parse(int status, std::string_view body) const = 0;
};

// Every codec, by id; nullptr when there is none.
const ProviderCodec* find_provider(std::string_view id);
std::span<const std::string_view> provider_ids();

// --- for codecs ---

// Tags gone, entities decoded, one line, at most `bytes_max`.
std::string plain_text(std::string_view text, std::size_t bytes_max = 2'000);
std::string form_encode(std::string_view text);
// "a=b&c=d" from pairs; empty values are left out.
std::string form(std::span<const std::pair<std::string_view, std::string>> pairs);
// A member as text whatever its type; empty when absent.
std::string member(const base::Json& object, std::string_view key);
// The object or array at a path of keys; nullptr when absent.
const base::Json* at_path(const base::Json& json, std::initializer_list<std::string_view> path);
// Adds a hit when it has an http address; fills rank and site.
void add_hit(ProviderAnswer& answer, std::string_view provider, SearchHit hit);
// What a status means where the body does not say more.
SearchFailure common_failure(int status);
// "it answers 403" and what the provider says of it.
ProviderAnswer answered(SearchFailure failure, int status, std::string_view words = {});
// "2026-01-31"
std::string day_text(std::chrono::sys_days day);
ProviderAnswer failed(SearchFailure failure, std::string detail);
// The JSON body, or a failure: by status, or kMalformed.
struct ParsedBody {
  base::Json json;
  std::optional<ProviderAnswer> failure;
};
ParsedBody json_body(int status, std::string_view body);
// The words with "site:" terms for providers that have no parameter for it.
std::string with_sites(const SearchRequest& request);
bool is_chinese(const SearchRequest& request);

}  // namespace seine::web
