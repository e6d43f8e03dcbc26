// Brave Search: own index; `offset` counts pages; 400 characters and 50 words at most.
#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "web/search/providers/codecs.h"

namespace seine::web {
namespace {

class Brave final : public ProviderCodec {
 public:
  std::string_view id() const override { return "brave"; }

  base::Result<ProviderCall> call(const SearchRequest& request,
                                  const ProviderSettings& settings) const override {
    const std::string query = with_sites(request);
    if (base::count_points(query) > 400)
      return base::fail(base::Code::kInvalidArgument, "takes 400 characters at most");
    const auto words = base::split(query, ' ');
    if (std::ranges::count_if(words, [](std::string_view word) { return !word.empty(); }) > 50)
      return base::fail(base::Code::kInvalidArgument, "takes 50 words at most");
    static constexpr std::array<std::string_view, 5> kFreshness = {"", "pd", "pw", "pm", "py"};
    const std::array<std::pair<std::string_view, std::string>, 8> pairs = {
        {{"q", query},
         {"count", fmt::format("{}", std::clamp<std::size_t>(request.limit, 1, 20))},
         {"search_lang", is_chinese(request) ? "zh-hans" : request.language},
         {"country", request.country},
         {"freshness", std::string(kFreshness[static_cast<std::size_t>(request.time_range)])},
         {"text_decorations", "false"},
         {"extra_snippets", "true"},
         {"result_filter", "web,news"}}};
    const std::string base = settings.base_url.empty()
                                 ? "https://api.search.brave.com/res/v1/web/search"
                                 : settings.base_url;
    return ProviderCall{
        .url = base + "?" + form(pairs),
        .headers = {{"X-Subscription-Token", settings.key}, {"Accept", "application/json"}}};
  }

  ProviderAnswer parse(int status, std::string_view body) const override {
    ParsedBody parsed = json_body(status, body);
    if (parsed.failure) return *std::move(parsed.failure);
    if (const auto failure = common_failure(status); failure != SearchFailure::kNone) {
      const base::Json* error = base::find(parsed.json, "error");
      const std::string code = error != nullptr ? member(*error, "code") : "";
      if (code == "QUOTA_LIMITED" || code == "USAGE_LIMIT_EXCEEDED")
        return answered(SearchFailure::kQuota, status, code);
      // A wrong key comes as 422, the status of a wrong parameter.
      return answered(code.contains("TOKEN") ? SearchFailure::kBadKey : failure, status, code);
    }
    ProviderAnswer answer;
    for (const char* section : {"web", "news"}) {
      const base::Json* rows = at_path(parsed.json, {section, "results"});
      if (rows == nullptr || !rows->is_array()) continue;
      for (const base::Json& row : *rows) {
        SearchHit hit{.title = member(row, "title"),
                      .url = member(row, "url"),
                      .snippet = member(row, "description"),
                      .content = {},
                      .published = member(row, "page_age"),
                      .site = {},
                      .provider = {}};
        if (const base::Json* extra = base::find(row, "extra_snippets");
            extra != nullptr && extra->is_array()) {
          for (const base::Json& more : *extra) {
            if (more.is_string()) hit.snippet += " … " + more.get<std::string>();
          }
        }
        add_hit(answer, id(), std::move(hit));
      }
    }
    if (answer.hits.empty() && member(parsed.json, "type") != "search")
      return failed(SearchFailure::kMalformed, "its answer is not of type search");
    return answer;
  }
};

}  // namespace

const ProviderCodec& brave_codec() {
  static const Brave kCodec;
  return kCodec;
}

}  // namespace seine::web
