// DuckDuckGo's HTML page: no key, a CAPTCHA soon (often with status 202). A last resort.
#include <array>

#include "base/utf8.h"
#include "web/extract/html/parser.h"
#include "web/search/providers/codecs.h"
#include "web/url/percent.h"
#include "web/url/url.h"

namespace seine::web {
namespace {

bool has_class(const html::Node* node, std::string_view wanted) {
  std::string_view classes = node->get("class");
  while (!classes.empty()) {
    const std::size_t space = classes.find(' ');
    if (classes.substr(0, space) == wanted) return true;
    if (space == std::string_view::npos) return false;
    classes.remove_prefix(space + 1);
  }
  return false;
}

// "//duckduckgo.com/l/?uddg=https%3A%2F%2Fexample.org%2F&rut=..." leads to the encoded target.
std::string target_of(std::string_view href) {
  const std::size_t at = href.find("uddg=");
  if (at == std::string_view::npos || href.find("/l/?") == std::string_view::npos)
    return href.starts_with("//") ? "https:" + std::string(href) : std::string(href);
  const std::string_view value = href.substr(at + 5);
  return percent_decode(value.substr(0, value.find('&')));
}

class DuckDuckGo final : public ProviderCodec {
 public:
  std::string_view id() const override { return "duckduckgo"; }
  bool needs_key() const override { return false; }
  std::chrono::seconds spacing() const override { return std::chrono::seconds(3); }

  base::Result<ProviderCall> call(const SearchRequest& request,
                                  const ProviderSettings& settings) const override {
    const std::string query = with_sites(request);
    if (base::count_points(query) >= 500)
      return base::fail(base::Code::kInvalidArgument, "takes fewer than 500 characters");
    static constexpr std::array<std::string_view, 5> kRanges = {"", "d", "w", "m", "y"};
    const std::array<std::pair<std::string_view, std::string>, 3> pairs = {
        {{"q", query},
         {"kl", is_chinese(request) ? "cn-zh" : "wt-wt"},
         {"df", std::string(kRanges[static_cast<std::size_t>(request.time_range)])}}};
    const std::string base =
        settings.base_url.empty() ? "https://html.duckduckgo.com/html/" : settings.base_url;
    return ProviderCall{
        .method = "POST",
        .url = base,
        .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Referer", base}},
        .body = form(pairs) + "&b="};
  }

  ProviderAnswer parse(int status, std::string_view body) const override {
    if (status == 303) return {};  // nothing found
    if (status == 403 || status == 418)
      return failed(SearchFailure::kBlocked, "it asks to go away");
    if (const auto failure = common_failure(status); failure != SearchFailure::kNone)
      return answered(failure, status);
    const auto document = html::parse(std::string(body.substr(0, std::size_t{2} << 20)));
    ProviderAnswer answer;
    SearchHit hit{.title = {},
                  .url = {},
                  .snippet = {},
                  .content = {},
                  .published = {},
                  .site = {},
                  .provider = {}};
    bool results = false;
    bool ad = false;
    const auto flush = [&] {
      if (!hit.url.empty() && !ad) add_hit(answer, id(), hit);
      hit.url.clear();
      hit.title.clear();
      hit.snippet.clear();
    };
    for (const html::Node* node = document->root; node != nullptr;
         node = html::next_in_tree(node, document->root)) {
      if (!node->is_element()) continue;
      if (node->get("id") == "challenge-form")
        return failed(SearchFailure::kBlocked, "it asks for a CAPTCHA");
      if (node->get("id") == "links") results = true;
      if (has_class(node, "no-results")) results = true;
      if (has_class(node, "result")) {
        flush();
        ad = has_class(node, "result--ad");
      }
      if (has_class(node, "result__a")) {
        hit.title = html::text_content(node);
        hit.url = target_of(node->get("href"));
      }
      if (has_class(node, "result__snippet")) hit.snippet = html::text_content(node);
    }
    flush();
    if (!results && answer.hits.empty())
      return failed(SearchFailure::kMalformed, "its page has no list of results");
    return answer;
  }
};

}  // namespace

const ProviderCodec& duckduckgo_codec() {
  static const DuckDuckGo kCodec;
  return kCodec;
}

}  // namespace seine::web
