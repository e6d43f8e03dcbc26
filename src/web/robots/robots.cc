#include "web/robots/robots.h"

#include <string.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "web/url/percent.h"

namespace seine::web {
namespace {

constexpr std::size_t kAgentsMax = 4096;  // distinct tokens kept; a real file has a few hundred
constexpr std::size_t kSitemapsMax = 1024;

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

// "Seine/0.1 (+https://...)" -> "seine". A crawler's own name is taken whole up to the version:
// only the file's lines are cut at the first byte outside the token's alphabet (section 2.2.1).
std::string crawler_name(std::string_view agent) {
  return base::ascii_lower(agent.substr(0, agent.find_first_of("/ \t(")));
}

std::string product_token(std::string_view agent) {
  const auto end = std::ranges::find_if_not(agent, is_token_char);
  return base::ascii_lower(agent.substr(0, static_cast<std::size_t>(end - agent.begin())));
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// One form for both sides of a comparison (section 2.2.2): escapes in upper case, bytes past ASCII
// escaped. An escaped '*' or '$' becomes the bare character: in a pattern it stands for itself.
// `decode_unreserved` also turns %7E into '~'. In a path (`escape_high`), bytes past ASCII stay.
std::string normal_form(std::string_view text, bool escape_high, bool decode_unreserved) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
        hex_value(text[i + 2]) >= 0) {
      const auto value =
          static_cast<unsigned char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      const char c = static_cast<char>(value);
      if (c == '*' || c == '$' || (decode_unreserved && is_unreserved(c))) {
        out.push_back(c);
      } else {
        append_encoded_byte(out, value);
      }
      i += 2;
    } else if (byte >= 0x80 && escape_high) {
      append_encoded_byte(out, byte);
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

struct Line {
  std::string key;
  std::string_view value;
};

// "key: value # comment"; a missing colon is forgiven when two words are all there is.
std::optional<Line> read_line(std::string_view line) {
  line = base::trim(line.substr(0, line.find('#')));
  std::size_t separator = line.find(':');
  if (separator == std::string_view::npos) {
    separator = line.find_first_of(" \t");
    if (separator == std::string_view::npos) return std::nullopt;
    if (base::trim(line.substr(separator)).find_first_of(" \t") != std::string_view::npos)
      return std::nullopt;
  }
  const std::string_view key = base::trim(line.substr(0, separator));
  if (key.empty() || key.size() > 64) return std::nullopt;
  return Line{base::ascii_lower(key), base::trim(line.substr(separator + 1))};
}

bool is_key(std::string_view key, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, key) != names.end();
}

}  // namespace

Robots::Rule Robots::make_rule(bool allow, std::string_view pattern) {
  Rule rule;
  rule.allow = allow;
  rule.anchored = pattern.ends_with('$');
  rule.length = normal_form(pattern, true, false).size();
  if (rule.anchored) pattern.remove_suffix(1);
  for (const std::string_view segment : base::split(pattern, '*')) {
    rule.segments.push_back(normal_form(segment, true, false));
    rule.decoded.push_back(normal_form(segment, true, true));
  }
  return rule;
}

// Linear in the path for each rule: the leftmost place of each segment is always the best one.
bool Robots::matches(const std::vector<std::string>& segments, bool anchored,
                     std::string_view path) {
  if (!path.starts_with(segments.front())) return false;
  std::size_t at = segments.front().size();
  for (std::size_t i = 1; i < segments.size(); ++i) {
    const std::string& segment = segments[i];
    if (anchored && i + 1 == segments.size()) {
      return path.size() - at >= segment.size() && path.ends_with(segment);
    }
    const void* found = segment.empty() ? path.data() + at
                                        : memmem(path.data() + at, path.size() - at, segment.data(),
                                                 segment.size());
    if (found == nullptr) return false;
    at = static_cast<std::size_t>(static_cast<const char*>(found) - path.data()) + segment.size();
  }
  return !anchored || at == path.size();
}

Robots Robots::parse(std::string_view body) {
  body = body.substr(0, kBytesMax);
  // A byte order mark, whole or cut short by a careless editor.
  for (const char c : {'\xEF', '\xBB', '\xBF'}) {
    if (body.starts_with(c)) body.remove_prefix(1);
  }
  Robots robots;
  std::vector<std::string> agents;        // of the group whose rules come next
  std::vector<std::string> delay_agents;  // the same where Crawl-delay ends a run of agents too
  bool rules_seen = false;
  bool delay_seen = false;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find_first_of("\r\n"), body.size());
    const std::optional<Line> line = read_line(body.substr(0, end));
    body.remove_prefix(std::min(end + 1, body.size()));
    if (!line) continue;
    const std::string_view value = line->value;
    if (is_key(line->key, {"user-agent", "useragent", "user agent"})) {
      if (rules_seen) agents.clear();
      if (rules_seen || delay_seen) delay_agents.clear();
      rules_seen = delay_seen = false;
      const bool star = value == "*" || value.starts_with("* ") || value.starts_with("*\t");
      const std::string token = star ? "*" : product_token(value);
      if (token.empty() || robots.groups_.size() >= kAgentsMax || agents.size() >= kAgentsMax)
        continue;
      robots.groups_.try_emplace(token);
      agents.push_back(token);
      delay_agents.push_back(token);
    } else if (is_key(line->key, {"allow", "disallow", "dissallow", "dissalow", "disalow",
                                  "diasllow", "disallaw"})) {
      rules_seen = true;
      if (value.empty()) continue;
      const Rule rule = make_rule(line->key == "allow", value);
      for (const std::string& agent : agents) robots.groups_[agent].rules.push_back(rule);
    } else if (is_key(line->key, {"crawl-delay", "crawldelay"})) {
      delay_seen = true;
      const std::optional<double> seconds = base::parse_double(value);
      if (!seconds || !std::isfinite(*seconds) || *seconds < 0) continue;
      for (const std::string& agent : delay_agents) robots.groups_[agent].crawl_delay = seconds;
    } else if (is_key(line->key, {"content-signal"})) {
      for (const std::string& agent : agents)
        robots.groups_[agent].content_signal = std::string(value);
    } else if (is_key(line->key, {"sitemap", "site-map"}) &&
               robots.sitemaps_.size() < kSitemapsMax) {
      robots.sitemaps_.emplace_back(value);
    }
  }
  return robots;
}

Robots Robots::disallow_all() {
  return parse("User-agent: *\nDisallow: /\n");
}

std::optional<Robots> Robots::on_status(int status) {
  if (status >= 200 && status < 300) return std::nullopt;
  // 429 says "later", not "no rules".
  if (status >= 400 && status < 500 && status != 429) return allow_all();
  return disallow_all();
}

const Robots::Group* Robots::group_for(std::string_view agent) const {
  if (const auto own = groups_.find(crawler_name(agent)); own != groups_.end()) return &own->second;
  const auto star = groups_.find("*");
  return star == groups_.end() ? nullptr : &star->second;
}

bool Robots::allows(std::string_view agent, std::string_view path) const {
  path = path.substr(0, path.find('#'));
  if (path.empty()) path = "/";
  const Group* group = group_for(agent);
  if (group == nullptr) return true;
  const std::string exact = normal_form(path, false, false);
  const std::string decoded = normal_form(path, false, true);
  // Allow must match the path as it is sent. Disallow also matches where only escapes of unreserved
  // characters differ: between two readings of a pattern the site's no counts.
  std::size_t allow_length = 0;
  std::size_t disallow_length = 0;
  for (const Rule& rule : group->rules) {
    std::size_t& longest = rule.allow ? allow_length : disallow_length;
    if (rule.length <= longest) continue;
    if (matches(rule.segments, rule.anchored, exact) ||
        (!rule.allow && matches(rule.decoded, rule.anchored, decoded))) {
      longest = rule.length;
    }
  }
  return allow_length >= disallow_length;
}

std::optional<double> Robots::crawl_delay_as_written(std::string_view agent) const {
  const Group* group = group_for(agent);
  return group == nullptr ? std::nullopt : group->crawl_delay;
}

std::optional<std::chrono::milliseconds> Robots::crawl_delay(std::string_view agent) const {
  const std::optional<double> seconds = crawl_delay_as_written(agent);
  if (!seconds) return std::nullopt;
  const double capped = std::min(*seconds, static_cast<double>(kCrawlDelayMax.count()));
  return std::chrono::milliseconds(std::llround(capped * 1000));
}

std::optional<std::string> Robots::content_signal(std::string_view agent) const {
  const Group* group = group_for(agent);
  return group == nullptr ? std::nullopt : group->content_signal;
}

}  // namespace seine::web
