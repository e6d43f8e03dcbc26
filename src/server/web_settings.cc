#include "server/web_settings.h"

#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "server/secrets.h"
#include "server/version.h"
#include "web/fetch/fetcher.h"
#include "web/search/provider.h"

namespace seine::server {
namespace {

using base::Code;
using base::Result;

// "brave=env:BRAVE_KEY" entries by their name.
Result<std::map<std::string, std::string>> named_list(const base::Config& config,
                                                      std::string_view key) {
  std::map<std::string, std::string> out;
  for (const std::string& entry : config.list(key)) {
    const std::size_t equals = entry.find('=');
    const std::string name(base::trim(std::string_view(entry).substr(0, equals)));
    if (equals == std::string::npos || web::find_provider(name) == nullptr)
      return base::fail_field(Code::kInvalidArgument, key,
                              "{}: '{}' is not PROVIDER=VALUE with a known provider", key, entry);
    out[name] = base::trim(std::string_view(entry).substr(equals + 1));
  }
  return out;
}

Result<double> amount(std::string_view key, std::string_view text) {
  if (text.empty()) return 0.0;
  const auto value = base::parse_double(text);
  if (!value || *value < 0)
    return base::fail_field(Code::kInvalidArgument, key, "{}: '{}' is no amount", key, text);
  return *value;
}

}  // namespace

Result<web::WebSettings> web_settings(const base::Config& config, const Environment& environment) {
  web::WebSettings settings;
  settings.user_agent = web::default_user_agent(kVersion, config.text("web.contact"));
  settings.ca_file = std::string(variable(environment, "SSL_CERT_FILE"));
  settings.guard.allowed_domains = config.list("web.allowed_domains");
  settings.guard.denied_domains = config.list("web.denied_domains");
  for (const std::string& place : config.list("web.endpoints"))
    settings.guard.endpoints.push_back(SEINE_TRY(web::parse_endpoint(place)));
  settings.site_rate = static_cast<double>(config.integer("web.site_requests_per_minute")) / 60.0;
  settings.global_rate = static_cast<double>(config.integer("web.requests_per_second"));
  settings.cache_bytes_max = config.size_bytes("web.cache_max");
  settings.cache = settings.cache_bytes_max > 0;

  const auto keys = SEINE_TRY(named_list(config, "search.keys"));
  const auto urls = SEINE_TRY(named_list(config, "search.urls"));
  const auto costs = SEINE_TRY(named_list(config, "search.costs"));
  const auto calls = SEINE_TRY(named_list(config, "search.calls_per_day"));
  const auto value = [](const auto& map, const std::string& name) {
    const auto found = map.find(name);
    return found == map.end() ? std::string() : found->second;
  };
  for (const std::string& name : config.list("search.providers")) {
    if (name == web::SearchEngine::kIndexId) continue;
    const web::ProviderCodec* codec = web::find_provider(name);
    if (codec == nullptr)
      return base::fail_field(Code::kInvalidArgument, "search.providers",
                              "search.providers: '{}' is none of index, {}", name,
                              fmt::join(web::provider_ids(), ", "));
    web::ProviderSettings provider;
    provider.id = name;
    provider.base_url = value(urls, name);
    if (const std::string source = value(keys, name); !source.empty())
      provider.key = SEINE_TRY(secret("search.keys", name, source, environment));
    // Google's engine id stands behind its key: "KEY cx=ID".
    if (const std::size_t cx = provider.key.find(" cx="); cx != std::string::npos) {
      provider.engine_id = base::trim(std::string_view(provider.key).substr(cx + 4));
      provider.key.resize(cx);
    }
    if (name == "searxng" && provider.base_url.empty())
      return base::fail_field(Code::kInvalidArgument, "search.urls",
                              "search.urls: searxng needs its address, searxng=http://HOST:PORT");
    provider.cost_usd = SEINE_TRY(amount("search.costs", value(costs, name)));
    provider.calls_per_day =
        static_cast<std::uint64_t>(SEINE_TRY(amount("search.calls_per_day", value(calls, name))));
    settings.search.providers.push_back(std::move(provider));
  }
  settings.search.budget_usd_per_day =
      SEINE_TRY(amount("search.budget_per_day", config.text("search.budget_per_day")));
  return settings;
}

}  // namespace seine::server
