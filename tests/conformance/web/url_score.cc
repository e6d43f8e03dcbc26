#include "scoring.h"
#include "web/url/host.h"
#include "web/url/percent.h"
#include "web/url/url.h"

namespace seine::web::conform {
namespace {

using base::Json;

std::string component(const Url& url, std::string_view name) {
  if (name == "href") return url.href();
  if (name == "origin") return url.origin();
  if (name == "protocol") return std::string(url.scheme()) + ":";
  if (name == "username") return std::string(url.username());
  if (name == "password") return std::string(url.password());
  if (name == "host") return url.host();
  if (name == "hostname") return std::string(url.hostname());
  if (name == "port") return url.port() ? std::to_string(*url.port()) : "";
  if (name == "pathname") return std::string(url.path());
  if (name == "search") return url.search();
  return url.hash();
}

constexpr std::string_view kComponents[] = {"href",     "origin", "protocol", "username",
                                            "password", "host",   "hostname", "port",
                                            "pathname", "search", "hash"};

// Empty when every given component is equal, else what differs.
std::string difference(const Url& url, const Json& expected) {
  for (const std::string_view name : kComponents) {
    const Json* want = base::find(expected, name);
    if (want != nullptr && want->is_string() && *want != component(url, name)) {
      return fmt::format("{} is '{}', not '{}'", name, component(url, name),
                         want->get<std::string>());
    }
  }
  return {};
}

std::string check_parse(const Json& row) {
  const Json* failure = base::find(row, "failure");
  const bool fails = failure != nullptr && *failure == true;
  std::optional<Url> base;
  if (const Json* text = base::find(row, "base"); text != nullptr && text->is_string()) {
    base::Result<Url> parsed = Url::parse(text->get<std::string>());
    if (!parsed) return fails ? "" : "base refused";
    base = *std::move(parsed);
  }
  const base::Result<Url> url = Url::parse(text_of(row, "input"), base ? &*base : nullptr);
  if (!url) return fails ? "" : "refused";
  if (fails) return "taken as " + url->href();
  return difference(*url, row);
}

std::string check_setter(std::string_view attribute, const Json& row) {
  base::Result<Url> url = Url::parse(text_of(row, "href"));
  if (!url) return "start refused";
  const std::string value = text_of(row, "new_value");
  if (attribute == "href") url->set_href(value);
  if (attribute == "protocol") url->set_protocol(value);
  if (attribute == "username") url->set_username(value);
  if (attribute == "password") url->set_password(value);
  if (attribute == "host") url->set_host(value);
  if (attribute == "hostname") url->set_hostname(value);
  if (attribute == "port") url->set_port(value);
  if (attribute == "pathname") url->set_pathname(value);
  if (attribute == "search") url->set_search(value);
  if (attribute == "hash") url->set_hash(value);
  return difference(*url, row["expected"]);
}

// The web-platform test of toascii.json puts the domain into a URL: https://DOMAIN/x.
std::string check_to_ascii(const Json& row) {
  std::string encoded;
  for (const char c : text_of(row, "input"))
    append_encoded_byte(encoded, static_cast<unsigned char>(c));
  const base::Result<Url> url = Url::parse("https://" + encoded + "/x");
  const Json* output = base::find(row, "output");
  if (output == nullptr || (output->is_string() && output->get<std::string>().empty())) {
    return url ? "taken as " + url->href() : "";
  }
  if (!url) return "refused, wanted " + output->get<std::string>();
  return *output == std::string(url->hostname())
             ? ""
             : fmt::format("'{}', not '{}'", url->hostname(), output->get<std::string>());
}

std::string check_percent(const Json& row) {
  std::string encoded;
  append_percent_encoded(encoded, text_of(row, "input"), EncodeSet::kComponent);
  // The rows keep the backslash bare, as the query sets do; compare by the query set.
  encoded.clear();
  append_percent_encoded(encoded, text_of(row, "input"), EncodeSet::kQuery);
  const std::string want = text_of(row["output"], "utf-8");
  return encoded == want ? "" : fmt::format("'{}', not '{}'", encoded, want);
}

struct Tally {
  std::size_t passed = 0;
  std::size_t total = 0;
};

}  // namespace

Outcome score_url_wpt(const std::filesystem::path& dir) {
  Outcome outcome;
  Tally all;
  const auto run = [&](std::string_view file, auto&& check, std::optional<double> bar) {
    const std::optional<std::string> text = read_file_if(dir / file);
    if (!text) return;
    Tally tally;
    const Json rows = to_json(*text, file);
    const auto one = [&](const std::string& why, const Json& row) {
      ++tally.total;
      if (why.empty()) {
        ++tally.passed;
      } else {
        outcome.failures.push_back(
            fmt::format("{}: {} {}", file, base::to_text(row).substr(0, 160), why));
      }
    };
    if (rows.is_object()) {
      for (const auto& [attribute, list] : rows.items()) {
        if (!list.is_array() || attribute == "comment") continue;
        for (const Json& row : list) one(check_setter(attribute, row), row);
      }
    } else {
      for (const Json& row : rows) {
        // An empty domain cannot be written into a URL: the original test skips such rows too.
        if (row.is_object() && row.contains("input")) {
          if (row.contains("output") && text_of(row, "input").empty()) continue;
          one(check(row), row);
        }
      }
    }
    all.passed += tally.passed;
    all.total += tally.total;
    outcome.share(std::string(file), tally.passed, tally.total, bar);
  };
  run("urltestdata.json", check_parse, 0.99);
  run("urltestdata-javascript-only.json", check_parse, std::nullopt);
  run("setters_tests.json", check_parse, std::nullopt);
  run("toascii.json", check_to_ascii, std::nullopt);
  run("IdnaTestV2.json", check_to_ascii, std::nullopt);
  run("percent-encoding.json", check_percent, std::nullopt);
  outcome.share("all", all.passed, all.total, 0.99);
  return outcome;
}

}  // namespace seine::web::conform
