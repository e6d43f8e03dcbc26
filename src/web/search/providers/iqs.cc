// Alibaba Cloud IQS UnifiedSearch (Quark's index), the API-key form: the one provider whose hits
// carry the page's text.
#include <array>

#include "base/json.h"
#include "base/utf8.h"
#include "web/search/providers/codecs.h"

namespace seine::web {
namespace {

class Iqs final : public ProviderCodec {
 public:
  std::string_view id() const override { return "iqs"; }

  base::Result<ProviderCall> call(const SearchRequest& request,
                                  const ProviderSettings& settings) const override {
    const std::string query = with_sites(request);
    if (base::count_points(query) > 500)
      return base::fail(base::Code::kInvalidArgument, "takes 500 characters at most");
    static constexpr std::array<std::string_view, 5> kRanges = {"NoLimit", "OneDay", "OneWeek",
                                                                "OneMonth", "OneYear"};
    const base::Json json = {
        {"query", query},
        {"engineType", "Generic"},
        {"timeRange", kRanges[static_cast<std::size_t>(request.time_range)]},
        {"contents", {{"mainText", true}, {"markdownText", true}, {"rerankScore", true}}}};
    return ProviderCall{.method = "POST",
                        .url = settings.base_url.empty()
                                   ? "https://cloud-iqs.aliyuncs.com/search/unified"
                                   : settings.base_url,
                        .headers = {{"Authorization", "Bearer " + settings.key},
                                    {"Content-Type", "application/json"}},
                        .body = base::to_text(json)};
  }

  ProviderAnswer parse(int status, std::string_view body) const override {
    ParsedBody parsed = json_body(status, body);
    if (parsed.failure) return *std::move(parsed.failure);
    if (const auto failure = common_failure(status); failure != SearchFailure::kNone)
      return answered(failure, status, member(parsed.json, "code"));
    const base::Json* rows = base::find(parsed.json, "pageItems");
    if (rows == nullptr || !rows->is_array())
      return failed(SearchFailure::kMalformed, "its answer has no pageItems");
    ProviderAnswer answer;
    for (const base::Json& row : *rows) {
      std::string content = member(row, "markdownText");
      if (content.empty()) content = member(row, "mainText");
      add_hit(answer, id(),
              {.title = member(row, "title"),
               .url = member(row, "link"),
               .snippet = member(row, "snippet"),
               .content = std::move(content),
               .published = member(row, "publishedTime"),
               .site = member(row, "hostname"),
               .provider = {}});
    }
    return answer;
  }
};

}  // namespace

const ProviderCodec& iqs_codec() {
  static const Iqs kCodec;
  return kCodec;
}

}  // namespace seine::web
