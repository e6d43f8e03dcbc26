// Three providers that take and give plain JSON by POST: Serper (Google's results), Tavily, Exa.
#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/utf8.h"
#include "web/search/providers/codecs.h"

namespace seine::web {
namespace {

class Serper final : public ProviderCodec {
 public:
  std::string_view id() const override { return "serper"; }

  base::Result<ProviderCall> call(const SearchRequest& request,
                                  const ProviderSettings& settings) const override {
    static constexpr std::array<std::string_view, 5> kRanges = {"", "qdr:d", "qdr:w", "qdr:m",
                                                                "qdr:y"};
    // More than ten results cost a second credit.
    base::Json json = {{"q", with_sites(request)}, {"num", 10}};
    if (is_chinese(request)) {
      json["gl"] = "cn";
      json["hl"] = "zh-cn";
    } else if (!request.country.empty()) {
      json["gl"] = request.country;
    }
    if (request.time_range != TimeRange::kAny)
      json["tbs"] = kRanges[static_cast<std::size_t>(request.time_range)];
    return ProviderCall{
        .method = "POST",
        .url = settings.base_url.empty() ? "https://google.serper.dev/search" : settings.base_url,
        .headers = {{"X-API-KEY", settings.key}, {"Content-Type", "application/json"}},
        .body = base::to_text(json)};
  }

  ProviderAnswer parse(int status, std::string_view body) const override {
    ParsedBody parsed = json_body(status, body);
    if (parsed.failure) return *std::move(parsed.failure);
    if (const auto failure = common_failure(status); failure != SearchFailure::kNone) {
      const std::string message = plain_text(member(parsed.json, "message"), 200);
      const bool credits = message.contains("credits");
      return answered(credits ? SearchFailure::kQuota : failure, status, message);
    }
    ProviderAnswer answer;
    const base::Json* rows = base::find(parsed.json, "organic");
    if (rows == nullptr || !rows->is_array()) {
      if (base::find(parsed.json, "searchParameters") == nullptr)
        return failed(SearchFailure::kMalformed, "its answer has no organic results");
      return answer;
    }
    for (const base::Json& row : *rows) {
      add_hit(answer, id(),
              {.title = member(row, "title"),
               .url = member(row, "link"),
               .snippet = member(row, "snippet"),
               .content = {},
               .published = member(row, "date"),
               .site = {},
               .provider = {}});
    }
    return answer;
  }
};

class Tavily final : public ProviderCodec {
 public:
  std::string_view id() const override { return "tavily"; }

  base::Result<ProviderCall> call(const SearchRequest& request,
                                  const ProviderSettings& settings) const override {
    if (base::count_points(request.text) > 400)
      return base::fail(base::Code::kInvalidArgument, "takes 400 characters at most");
    static constexpr std::array<std::string_view, 5> kRanges = {"", "day", "week", "month", "year"};
    base::Json json = {{"query", request.text},
                       {"search_depth", "basic"},
                       {"max_results", std::clamp<std::size_t>(request.limit, 1, 20)},
                       {"include_answer", false}};
    if (request.time_range != TimeRange::kAny)
      json["time_range"] = kRanges[static_cast<std::size_t>(request.time_range)];
    if (!request.sites.empty()) json["include_domains"] = request.sites;
    return ProviderCall{
        .method = "POST",
        .url = settings.base_url.empty() ? "https://api.tavily.com/search" : settings.base_url,
        .headers = {{"Authorization", "Bearer " + settings.key},
                    {"Content-Type", "application/json"}},
        .body = base::to_text(json)};
  }

  ProviderAnswer parse(int status, std::string_view body) const override {
    // 432 and 433: the plan's and the pay-as-you-go limit.
    if (status == 432 || status == 433) return answered(SearchFailure::kQuota, status);
    ParsedBody parsed = json_body(status, body);
    if (parsed.failure) return *std::move(parsed.failure);
    if (const auto failure = common_failure(status); failure != SearchFailure::kNone)
      return answered(failure, status);
    const base::Json* rows = base::find(parsed.json, "results");
    if (rows == nullptr || !rows->is_array())
      return failed(SearchFailure::kMalformed, "its answer has no results");
    ProviderAnswer answer;
    for (const base::Json& row : *rows) {
      add_hit(answer, id(),
              {.title = member(row, "title"),
               .url = member(row, "url"),
               .snippet = member(row, "content"),
               .content = member(row, "raw_content"),
               .published = member(row, "published_date"),
               .site = {},
               .provider = {}});
    }
    return answer;
  }
};

class Exa final : public ProviderCodec {
 public:
  std::string_view id() const override { return "exa"; }

  base::Result<ProviderCall> call(const SearchRequest& request,
                                  const ProviderSettings& settings) const override {
    base::Json json = {{"query", request.text},
                       {"type", "auto"},
                       {"numResults", std::clamp<std::size_t>(request.limit, 1, 25)},
                       {"contents", {{"highlights", true}}}};
    if (!request.sites.empty()) json["includeDomains"] = request.sites;
    if (request.since) json["startPublishedDate"] = day_text(*request.since) + "T00:00:00.000Z";
    return ProviderCall{
        .method = "POST",
        .url = settings.base_url.empty() ? "https://api.exa.ai/search" : settings.base_url,
        .headers = {{"x-api-key", settings.key}, {"Content-Type", "application/json"}},
        .body = base::to_text(json)};
  }

  ProviderAnswer parse(int status, std::string_view body) const override {
    ParsedBody parsed = json_body(status, body);
    if (parsed.failure) return *std::move(parsed.failure);
    if (const auto failure = common_failure(status); failure != SearchFailure::kNone)
      return answered(failure, status);
    const base::Json* rows = base::find(parsed.json, "results");
    if (rows == nullptr || !rows->is_array())
      return failed(SearchFailure::kMalformed, "its answer has no results");
    ProviderAnswer answer;
    if (const base::Json* cost = at_path(parsed.json, {"costDollars", "total"});
        cost != nullptr && cost->is_number())
      answer.cost_usd = cost->get<double>();
    for (const base::Json& row : *rows) {
      std::string snippet = member(row, "summary");
      if (const base::Json* parts = base::find(row, "highlights");
          parts != nullptr && parts->is_array()) {
        for (const base::Json& part : *parts) {
          if (part.is_string()) snippet += (snippet.empty() ? "" : " … ") + part.get<std::string>();
        }
      }
      add_hit(answer, id(),
              {.title = member(row, "title"),
               .url = member(row, "url"),
               .snippet = std::move(snippet),
               .content = member(row, "text"),
               .published = member(row, "publishedDate"),
               .site = {},
               .provider = {}});
    }
    return answer;
  }
};

}  // namespace

const ProviderCodec& serper_codec() {
  static const Serper kCodec;
  return kCodec;
}

const ProviderCodec& tavily_codec() {
  static const Tavily kCodec;
  return kCodec;
}

const ProviderCodec& exa_codec() {
  static const Exa kCodec;
  return kCodec;
}

}  // namespace seine::web
