// Google's Custom Search JSON API. 403 stands for a bad key and for a used-up quota: the reason
// tells. `items` is absent when nothing is found.
#include <algorithm>
#include <array>

#include "base/json.h"
#include "web/search/providers/codecs.h"

namespace seine::web {
namespace {

// A wrong key comes as "badRequest", a day that is used up as "rateLimitExceeded": the message
// tells.
SearchFailure kind_of(SearchFailure by_status, std::string_view reason, std::string_view message) {
  if (reason == "dailyLimitExceeded" || reason == "quotaExceeded" || message.contains("per day"))
    return SearchFailure::kQuota;
  if (reason == "rateLimitExceeded" || reason == "userRateLimitExceeded")
    return SearchFailure::kRate;
  if (reason == "keyInvalid" || message.contains("API key")) return SearchFailure::kBadKey;
  return reason == "badRequest" ? SearchFailure::kRequest : by_status;
}

class Google final : public ProviderCodec {
 public:
  std::string_view id() const override { return "google"; }

  base::Result<ProviderCall> call(const SearchRequest& request,
                                  const ProviderSettings& settings) const override {
    static constexpr std::array<std::string_view, 5> kRanges = {"", "d1", "w1", "m1", "y1"};
    const std::array<std::pair<std::string_view, std::string>, 6> pairs = {
        {{"key", settings.key},
         {"cx", settings.engine_id},
         {"q", with_sites(request)},
         {"num", fmt::format("{}", std::clamp<std::size_t>(request.limit, 1, 10))},
         {"lr", is_chinese(request) ? "lang_zh-CN" : ""},
         {"dateRestrict", std::string(kRanges[static_cast<std::size_t>(request.time_range)])}}};
    const std::string base = settings.base_url.empty()
                                 ? "https://www.googleapis.com/customsearch/v1"
                                 : settings.base_url;
    return ProviderCall{.url = base + "?" + form(pairs)};
  }

  ProviderAnswer parse(int status, std::string_view body) const override {
    ParsedBody parsed = json_body(status, body);
    if (parsed.failure) return *std::move(parsed.failure);
    if (const auto failure = common_failure(status); failure != SearchFailure::kNone) {
      std::string reason;
      if (const base::Json* errors = at_path(parsed.json, {"error", "errors"});
          errors != nullptr && errors->is_array() && !errors->empty())
        reason = member(errors->front(), "reason");
      const base::Json* error = base::find(parsed.json, "error");
      const std::string message = error != nullptr ? member(*error, "message") : "";
      return answered(kind_of(failure, reason, message), status, reason);
    }
    if (base::find(parsed.json, "searchInformation") == nullptr &&
        base::find(parsed.json, "items") == nullptr)
      return failed(SearchFailure::kMalformed, "its answer has no searchInformation");
    ProviderAnswer answer;
    const base::Json* rows = base::find(parsed.json, "items");
    if (rows == nullptr || !rows->is_array()) return answer;
    for (const base::Json& row : *rows) {
      std::string published;
      if (const base::Json* tags = at_path(row, {"pagemap", "metatags"});
          tags != nullptr && tags->is_array() && !tags->empty())
        published = member(tags->front(), "article:published_time");
      add_hit(answer, id(),
              {.title = member(row, "title"),
               .url = member(row, "link"),
               .snippet = member(row, "snippet"),
               .content = {},
               .published = std::move(published),
               .site = {},
               .provider = {}});
    }
    return answer;
  }
};

}  // namespace

const ProviderCodec& google_codec() {
  static const Google kCodec;
  return kCodec;
}

}  // namespace seine::web
