// The shape of Bing v7, and Bocha, which has the same inside an envelope. Bing itself has closed;
// services that copied its shape are named by base_url. `webPages` is absent when nothing is found.
#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "web/search/providers/codecs.h"

namespace seine::web {
namespace {

void read_pages(const base::Json& json, std::string_view provider, ProviderAnswer& answer) {
  const base::Json* rows = at_path(json, {"webPages", "value"});
  if (rows == nullptr || !rows->is_array()) return;
  for (const base::Json& row : *rows) {
    // Bocha's dateLastCrawled carries local time marked as UTC: only datePublished is a date.
    SearchHit hit{.title = member(row, "name"),
                  .url = member(row, "url"),
                  .snippet = member(row, "snippet"),
                  .content = {},
                  .published = member(row, "datePublished"),
                  .site = member(row, "siteName"),
                  .provider = {}};
    const std::string summary = member(row, "summary");
    if (summary.size() > hit.snippet.size()) hit.snippet = summary;
    add_hit(answer, provider, std::move(hit));
  }
}

class Bing final : public ProviderCodec {
 public:
  std::string_view id() const override { return "bing"; }

  base::Result<ProviderCall> call(const SearchRequest& request,
                                  const ProviderSettings& settings) const override {
    static constexpr std::array<std::string_view, 5> kFreshness = {"", "Day", "Week", "Month", ""};
    std::string freshness(kFreshness[static_cast<std::size_t>(request.time_range)]);
    // A year has no name of its own.
    if (request.time_range == TimeRange::kYear && request.since)
      freshness =
          day_text(*request.since) + ".." + day_text(*request.since + std::chrono::days(366));
    const std::array<std::pair<std::string_view, std::string>, 6> pairs = {
        {{"q", with_sites(request)},
         {"count", fmt::format("{}", std::clamp<std::size_t>(request.limit, 1, 50))},
         {"mkt", is_chinese(request) ? "zh-CN" : ""},
         {"freshness", std::move(freshness)},
         {"responseFilter", "Webpages"},
         {"textFormat", "Raw"}}};
    const std::string base = settings.base_url.empty()
                                 ? "https://api.bing.microsoft.com/v7.0/search"
                                 : settings.base_url;
    return ProviderCall{.url = base + "?" + form(pairs),
                        .headers = {{"Ocp-Apim-Subscription-Key", settings.key}}};
  }

  ProviderAnswer parse(int status, std::string_view body) const override {
    ParsedBody parsed = json_body(status, body);
    if (parsed.failure) return *std::move(parsed.failure);
    if (const auto failure = common_failure(status); failure != SearchFailure::kNone)
      return answered(status == 403 ? SearchFailure::kQuota : failure, status);
    if (member(parsed.json, "_type") != "SearchResponse")
      return failed(SearchFailure::kMalformed, "its answer is not of type SearchResponse");
    ProviderAnswer answer;
    read_pages(parsed.json, id(), answer);
    return answer;
  }
};

class Bocha final : public ProviderCodec {
 public:
  std::string_view id() const override { return "bocha"; }

  base::Result<ProviderCall> call(const SearchRequest& request,
                                  const ProviderSettings& settings) const override {
    static constexpr std::array<std::string_view, 5> kFreshness = {"noLimit", "oneDay", "oneWeek",
                                                                   "oneMonth", "oneYear"};
    base::Json json = {{"query", request.text},
                       {"freshness", kFreshness[static_cast<std::size_t>(request.time_range)]},
                       {"summary", true},
                       {"count", std::clamp<std::size_t>(request.limit, 1, 50)}};
    if (!request.sites.empty()) json["include"] = base::join(request.sites, "|");
    return ProviderCall{.method = "POST",
                        .url = settings.base_url.empty() ? "https://api.bochaai.com/v1/web-search"
                                                         : settings.base_url,
                        .headers = {{"Authorization", "Bearer " + settings.key},
                                    {"Content-Type", "application/json"}},
                        .body = base::to_text(json)};
  }

  ProviderAnswer parse(int status, std::string_view body) const override {
    ParsedBody parsed = json_body(status, body);
    if (parsed.failure) return *std::move(parsed.failure);
    // The code stands in the body, as a number or as text; the status may be 200 beside it.
    const std::string code = member(parsed.json, "code");
    const std::string message =
        plain_text(member(parsed.json, "message") + member(parsed.json, "msg"), 200);
    const int told = static_cast<int>(base::parse_i64(code).value_or(status));
    const int worst = common_failure(status) != SearchFailure::kNone ? status : told;
    if (const auto failure = common_failure(worst); failure != SearchFailure::kNone) {
      const bool money = message.contains("money") || message.contains("余额");
      return answered(money ? SearchFailure::kQuota : failure, worst, message);
    }
    const base::Json* data = base::find(parsed.json, "data");
    if (data == nullptr || !data->is_object())
      return failed(SearchFailure::kMalformed, "its answer has no data");
    ProviderAnswer answer;
    read_pages(*data, id(), answer);
    return answer;
  }
};

}  // namespace

const ProviderCodec& bing_codec() {
  static const Bing kCodec;
  return kCodec;
}

const ProviderCodec& bocha_codec() {
  static const Bocha kCodec;
  return kCodec;
}

}  // namespace seine::web
