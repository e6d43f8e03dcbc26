// SearXNG: JSON must be among the instance's search.formats (403 otherwise). Empty results beside
// unresponsive engines are an outage and not "nothing found".
#include <array>

#include "base/json.h"
#include "web/search/providers/codecs.h"

namespace seine::web {
namespace {

std::string range_of(TimeRange range) {
  switch (range) {
    case TimeRange::kAny:
      return "";
    case TimeRange::kDay:
      return "day";
    case TimeRange::kWeek:
      return "week";
    case TimeRange::kMonth:
      return "month";
    case TimeRange::kYear:
      return "year";
  }
  return "";
}

class Searxng final : public ProviderCodec {
 public:
  std::string_view id() const override { return "searxng"; }
  bool needs_key() const override { return false; }

  base::Result<ProviderCall> call(const SearchRequest& request,
                                  const ProviderSettings& settings) const override {
    const std::array<std::pair<std::string_view, std::string>, 5> pairs = {
        {{"q", with_sites(request)},
         {"format", "json"},
         {"language",
          is_chinese(request) ? "zh-CN" : (request.language.empty() ? "" : request.language)},
         {"time_range", range_of(request.time_range)},
         {"safesearch", "1"}}};
    std::string base = settings.base_url;
    while (base.ends_with('/')) base.pop_back();
    if (!base.ends_with("/search")) base += "/search";
    return ProviderCall{.url = base + "?" + form(pairs)};
  }

  ProviderAnswer parse(int status, std::string_view body) const override {
    if (status == 403)
      return failed(SearchFailure::kRequest, "it does not give JSON: search.formats lacks json");
    ParsedBody parsed = json_body(status, body);
    if (parsed.failure) return *std::move(parsed.failure);
    if (const auto failure = common_failure(status); failure != SearchFailure::kNone)
      return answered(failure, status);
    const base::Json* results = base::find(parsed.json, "results");
    if (results == nullptr || !results->is_array())
      return failed(SearchFailure::kMalformed, "its answer has no results");
    ProviderAnswer answer;
    for (const base::Json& row : *results) {
      add_hit(answer, id(),
              {.title = member(row, "title"),
               .url = member(row, "url"),
               .snippet = member(row, "content"),
               .content = {},
               .published = member(row, "publishedDate"),
               .site = {},
               .provider = {}});
    }
    const base::Json* silent = base::find(parsed.json, "unresponsive_engines");
    if (answer.hits.empty() && silent != nullptr && silent->is_array() && !silent->empty()) {
      std::string engines;
      for (const base::Json& row : *silent) {
        if (!row.is_array() || row.size() < 2 || !row[0].is_string() || !row[1].is_string())
          continue;
        if (!engines.empty()) engines += ", ";
        engines += plain_text(row[0].get<std::string>(), 40) + " (" +
                   plain_text(row[1].get<std::string>(), 80) + ")";
      }
      return failed(SearchFailure::kDown, "its engines do not answer: " + engines.substr(0, 400));
    }
    return answer;
  }
};

}  // namespace

const ProviderCodec& searxng_codec() {
  static const Searxng kCodec;
  return kCodec;
}

}  // namespace seine::web
