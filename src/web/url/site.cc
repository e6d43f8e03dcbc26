#include "web/url/site.h"

#include <libpsl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/text.h"
#include "web/url/host.h"

namespace seine::web {
namespace {

const psl_ctx_t* public_suffix_list() {
  static const std::unique_ptr<psl_ctx_t, decltype(&psl_free)> list(psl_latest(nullptr), &psl_free);
  return list ? list.get() : psl_builtin();
}

constexpr std::array<std::string_view, 32> kTracking = {
    "fbclid",      "gclid",        "gclsrc",       "dclid",       "wbraid",         "gbraid",
    "msclkid",     "yclid",        "mc_cid",       "mc_eid",      "igshid",         "igsh",
    "twclid",      "ttclid",       "li_fat_id",    "_hsenc",      "_hsmi",          "vero_id",
    "oly_enc_id",  "oly_anon_id",  "spm",          "scm",         "ref_src",        "ref_url",
    "share_token", "share_source", "share_medium", "from_source", "isappinstalled", "wfr",
    "cmpid",       "ncid"};

}  // namespace

std::string registrable_domain(std::string_view host) {
  while (host.ends_with('.')) host.remove_suffix(1);
  const std::string name(host);
  if (name.empty() || name.front() == '[' || ends_in_a_number(name)) return name;
  const psl_ctx_t* list = public_suffix_list();
  const char* domain = list == nullptr ? nullptr : psl_registrable_domain(list, name.c_str());
  return domain == nullptr ? name : std::string(domain);
}

bool is_tracking_parameter(std::string_view name) {
  const std::string lower = base::ascii_lower(name);
  return lower.starts_with("utm_") || std::ranges::find(kTracking, lower) != kTracking.end();
}

std::string dedup_key(const Url& url) {
  std::string host(url.hostname());
  while (host.ends_with('.')) host.pop_back();
  if (host.starts_with("www.")) host.erase(0, 4);
  std::string key = url.is_http() ? "http" : std::string(url.scheme());
  key += "://" + host;
  if (url.port()) key += ":" + std::to_string(*url.port());
  std::string_view path = url.path();
  while (path.ends_with('/')) path.remove_suffix(1);
  key += path;

  std::vector<std::string_view> parameters;
  if (url.has_query()) {
    for (const std::string_view parameter : base::split(url.query(), '&')) {
      const std::string_view name = parameter.substr(0, parameter.find('='));
      if (!parameter.empty() && !is_tracking_parameter(name)) parameters.push_back(parameter);
    }
  }
  std::ranges::sort(parameters);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    key += i == 0 ? '?' : '&';
    key += parameters[i];
  }
  if (url.fragment().starts_with('!')) key += "#" + std::string(url.fragment());
  return key;
}

}  // namespace seine::web
