// Wikipedia's own search by the MediaWiki API: no key; the edition follows the question's language.
// It cannot be asked for a range of time: then the last edit stands for an article's date.
#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/utf8.h"
#include "web/search/providers/codecs.h"

namespace seine::web {
namespace {

class Wikipedia final : public ProviderCodec {
 public:
  std::string_view id() const override { return "wikipedia"; }
  bool needs_key() const override { return false; }

  base::Result<ProviderCall> call(const SearchRequest& request,
                                  const ProviderSettings& settings) const override {
    if (base::count_points(request.text) > 300)
      return base::fail(base::Code::kInvalidArgument, "takes 300 characters at most");
    if (!request.sites.empty() && std::ranges::none_of(request.sites, [](const std::string& site) {
          return site.contains("wikipedia.org");
        }))
      return base::fail(base::Code::kInvalidArgument, "is not one of the sites asked for");
    const std::array<std::pair<std::string_view, std::string>, 11> pairs = {
        {{"action", "query"},
         {"format", "json"},
         {"formatversion", "2"},
         {"generator", "search"},
         {"gsrsearch", request.text},
         {"gsrlimit", fmt::format("{}", std::clamp<std::size_t>(request.limit, 1, 20))},
         {"prop", request.since ? "info|extracts|revisions" : "info|extracts"},
         {"inprop", "url"},
         {"rvprop", request.since ? "timestamp" : ""},
         {"exintro", "1"},
         {"explaintext", "1"}}};
    const std::string base =
        !settings.base_url.empty()
            ? settings.base_url
            : fmt::format("https://{}.wikipedia.org/w/api.php", is_chinese(request) ? "zh" : "en");
    return ProviderCall{.url = base + "?" + form(pairs) + "&exlimit=max"};
  }

  ProviderAnswer parse(int status, std::string_view body) const override {
    ParsedBody parsed = json_body(status, body);
    if (parsed.failure) return *std::move(parsed.failure);
    if (const auto failure = common_failure(status); failure != SearchFailure::kNone)
      return answered(failure, status);
    if (const base::Json* error = base::find(parsed.json, "error"); error != nullptr)
      return failed(SearchFailure::kDown, plain_text(member(*error, "code"), 80));
    ProviderAnswer answer;
    const base::Json* rows = at_path(parsed.json, {"query", "pages"});
    if (rows == nullptr || !rows->is_array()) {
      if (base::find(parsed.json, "batchcomplete") == nullptr)
        return failed(SearchFailure::kMalformed, "its answer has no pages");
      return answer;
    }
    // The pages come by id; `index` is their rank.
    std::vector<std::pair<std::int64_t, const base::Json*>> order;
    for (const base::Json& row : *rows) {
      if (!row.is_object()) continue;
      const auto index = base::get<std::int64_t>(row, "index");
      order.emplace_back(index && *index ? **index : INT64_MAX, &row);
    }
    std::ranges::sort(order, {}, &std::pair<std::int64_t, const base::Json*>::first);
    for (const auto& [index, row] : order) {
      const base::Json* edits = base::find(*row, "revisions");
      const bool dated = edits != nullptr && edits->is_array() && !edits->empty();
      add_hit(answer, id(),
              {.title = member(*row, "title"),
               .url = member(*row, "fullurl"),
               .snippet = member(*row, "extract"),
               .content = {},
               .published = dated ? member(edits->front(), "timestamp") : std::string(),
               .site = "Wikipedia",
               .provider = {}});
    }
    return answer;
  }
};

}  // namespace

const ProviderCodec& wikipedia_codec() {
  static const Wikipedia kCodec;
  return kCodec;
}

}  // namespace seine::web
