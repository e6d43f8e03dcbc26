#include "web/cache/cache_control.h"

#include <algorithm>

#include "base/text.h"

namespace seine::web {
namespace {

using std::chrono::seconds;

struct Directive {
  std::string name;  // lower case
  std::string value;
  bool quoted = false;
  bool has_value = false;
};

// Splits at commas outside of quoted strings.
std::vector<Directive> directives_of(std::string_view text) {
  std::vector<Directive> out;
  Directive now;
  bool in_value = false;
  bool in_quotes = false;
  const auto flush = [&] {
    now.name = base::ascii_lower(base::trim(now.name));
    if (!now.quoted) now.value = base::trim(now.value);
    if (!now.name.empty() && out.size() < 64) out.push_back(std::move(now));
    now = {};
    in_value = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_quotes) {
      if (c == '\\' && i + 1 < text.size())
        now.value += text[++i];
      else if (c == '"')
        in_quotes = false;
      else
        now.value += c;
    } else if (c == ',') {
      flush();
    } else if (!in_value && c == '=') {
      in_value = true;
      now.has_value = true;
    } else if (in_value) {
      if (c == '"' && base::trim(now.value).empty()) {
        now.value.clear();
        now.quoted = in_quotes = true;
      } else if (!now.quoted) {
        now.value += c;
      }
    } else {
      now.name += c;
    }
  }
  flush();
  return out;
}

// The smallest of several and 0 for what is no number: a careful cache asks rather than serves.
void take(CacheControl::Age& into, const Directive& directive) {
  const seconds value = parse_delta_seconds(directive.value).value_or(seconds(0));
  into = into ? std::min(*into, value) : value;
}

}  // namespace

std::optional<seconds> parse_delta_seconds(std::string_view text) {
  constexpr std::int64_t kMost = std::int64_t{1} << 31;
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) value = std::min<std::int64_t>(value * 10 + (c - '0'), kMost);
  return seconds(value);
}

CacheControl CacheControl::parse(std::string_view value) {
  CacheControl out;
  for (const Directive& directive : directives_of(value)) {
    const std::string& name = directive.name;
    if (name == "max-age")
      take(out.max_age, directive);
    else if (name == "s-maxage")
      take(out.s_maxage, directive);
    else if (name == "stale-while-revalidate")
      take(out.stale_while_revalidate, directive);
    else if (name == "stale-if-error")
      take(out.stale_if_error, directive);
    else if (name == "min-fresh")
      take(out.min_fresh, directive);
    else if (name == "max-stale")
      out.max_stale = directive.has_value
                          ? parse_delta_seconds(directive.value).value_or(seconds(0))
                          : seconds::max();
    else if (name == "no-store")
      out.no_store = true;
    else if (name == "must-revalidate")
      out.must_revalidate = true;
    else if (name == "public")
      out.is_public = true;
    else if (name == "private")
      out.is_private = true;
    else if (name == "immutable")
      out.immutable = true;
    else if (name == "must-understand")
      out.must_understand = true;
    else if (name == "only-if-cached")
      out.only_if_cached = true;
    else if (name == "no-cache") {
      if (!directive.has_value) out.no_cache = true;
      for (const std::string_view field : base::split(directive.value, ',')) {
        if (!base::trim(field).empty())
          out.no_cache_fields.push_back(base::ascii_lower(base::trim(field)));
      }
    }
  }
  return out;
}

CacheControl CacheControl::of(const net::Headers& headers) {
  std::string all;
  for (const std::string_view value : headers.get_all("cache-control")) {
    if (!all.empty()) all += ", ";
    all += value;
  }
  return parse(all);
}

}  // namespace seine::web
