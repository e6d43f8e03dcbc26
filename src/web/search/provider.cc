#include "web/search/provider.h"

#include <algorithm>
#include <array>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "web/extract/html/parser.h"
#include "web/extract/metadata/metadata.h"
#include "web/search/providers/codecs.h"
#include "web/url/url.h"

namespace seine::web {

std::string plain_text(std::string_view text, std::size_t bytes_max) {
  constexpr std::size_t kMarkupMax = 64 * 1024;
  if (text.find_first_of("<&") == std::string_view::npos) return tidy_line(text, bytes_max);
  const auto document = html::parse_fragment(std::string(text.substr(0, kMarkupMax)), "div");
  return tidy_line(html::text_content(document->root), bytes_max);
}

std::string form_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain)
      out += c;
    else
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string form(std::span<const std::pair<std::string_view, std::string>> pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (value.empty()) continue;
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += form_encode(value);
  }
  return out;
}

std::string member(const base::Json& object, std::string_view key) {
  const base::Json* value = base::find(object, key);
  if (value == nullptr) return {};
  if (value->is_string()) return value->get<std::string>();
  if (value->is_number() || value->is_boolean()) return base::to_text(*value);
  return {};
}

const base::Json* at_path(const base::Json& json, std::initializer_list<std::string_view> path) {
  const base::Json* here = &json;
  for (const std::string_view key : path) {
    if (here == nullptr || !here->is_object()) return nullptr;
    here = base::find(*here, key);
  }
  return here;
}

void add_hit(ProviderAnswer& answer, std::string_view provider, SearchHit hit) {
  constexpr std::size_t kHitsMax = 100;
  if (answer.hits.size() >= kHitsMax) return;
  const auto url = Url::parse(hit.url);
  if (!url || !url->is_http() || !url->has_host()) return;
  hit.url = url->href();
  hit.title = plain_text(hit.title, 300);
  hit.snippet = plain_text(hit.snippet.empty() ? hit.content : hit.snippet, 2'000);
  if (hit.content.size() > 200'000) hit.content.resize(200'000);
  if (hit.published.size() > 64) hit.published.resize(64);
  if (hit.site.empty()) hit.site = url->hostname();
  hit.site = plain_text(hit.site, 200);
  hit.provider = provider;
  hit.providers = {std::string(provider)};
  hit.rank = answer.hits.size() + 1;
  answer.hits.push_back(std::move(hit));
}

SearchFailure common_failure(int status) {
  if (status >= 200 && status < 300) return SearchFailure::kNone;
  if (status == 401) return SearchFailure::kBadKey;
  if (status == 402) return SearchFailure::kQuota;
  if (status == 403) return SearchFailure::kBadKey;
  if (status == 429) return SearchFailure::kRate;
  if (status == 400 || status == 404 || status == 405 || status == 422)
    return SearchFailure::kRequest;
  return SearchFailure::kDown;
}

ProviderAnswer answered(SearchFailure failure, int status, std::string_view words) {
  const std::string said = plain_text(words, 200);
  return failed(failure, said.empty() ? fmt::format("it answers {}", status)
                                      : fmt::format("it answers {}: {}", status, said));
}

std::string day_text(std::chrono::sys_days day) {
  return base::format_rfc3339(base::WallTime(day)).substr(0, 10);
}

ProviderAnswer failed(SearchFailure failure, std::string detail) {
  return {.failure = failure, .detail = std::move(detail)};
}

ParsedBody json_body(int status, std::string_view body) {
  auto json = base::parse_json(body, {.depth_max = 64, .bytes_max = std::size_t{16} << 20});
  if (json && json->is_object()) return {.json = *std::move(json), .failure = {}};
  const SearchFailure failure = common_failure(status);
  if (failure != SearchFailure::kNone) return {.json = {}, .failure = answered(failure, status)};
  return {.json = {}, .failure = failed(SearchFailure::kMalformed, "its answer is no JSON object")};
}

std::string with_sites(const SearchRequest& request) {
  std::string out = request.text;
  for (std::size_t i = 0; i < request.sites.size(); ++i)
    out += (i == 0 ? " site:" : " OR site:") + request.sites[i];
  return out;
}

bool is_chinese(const SearchRequest& request) {
  if (!request.language.empty()) return request.language.starts_with("zh");
  return std::ranges::any_of(base::to_utf32(request.text),
                             [](char32_t c) { return c >= 0x4E00 && c <= 0x9FFF; });
}

namespace {

constexpr std::array<std::string_view, 11> kIds = {"searxng", "brave",      "bocha",    "iqs",
                                                   "tavily",  "serper",     "exa",      "bing",
                                                   "google",  "duckduckgo", "wikipedia"};

}  // namespace

std::span<const std::string_view> provider_ids() {
  return kIds;
}

const ProviderCodec* find_provider(std::string_view id) {
  const std::array<const ProviderCodec*, 11> codecs = {
      &searxng_codec(), &brave_codec(),      &bocha_codec(),    &iqs_codec(),
      &tavily_codec(),  &serper_codec(),     &exa_codec(),      &bing_codec(),
      &google_codec(),  &duckduckgo_codec(), &wikipedia_codec()};
  const auto found =
      std::ranges::find(codecs, id, [](const ProviderCodec* codec) { return codec->id(); });
  return found == codecs.end() ? nullptr : *found;
}

}  // namespace seine::web
