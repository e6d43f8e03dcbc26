// robots.txt by RFC 9309: groups, longest match, wildcards, plus the lines outside the RFC that
// sites expect to be read (Crawl-delay, Sitemap, Content-Signal). A plain value built once from the
// file's bytes; safe on any thread. Never fetches: what a failed fetch means is `on_status`.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace seine::web {

class Robots {
 public:
  // Bytes past this are not read (RFC 9309 section 2.5 asks for at least 500 KiB).
  static constexpr std::size_t kBytesMax = std::size_t{1} << 20;
  static constexpr std::chrono::seconds kCrawlDelayMax{30};

  static Robots parse(std::string_view body);
  static Robots allow_all() { return {}; }
  static Robots disallow_all();
  // Section 2.3.1: 4xx means no rules, 5xx and no answer mean "nothing may be fetched". 2xx: the
  // body decides, nothing is returned. Redirects are followed before.
  static std::optional<Robots> on_status(int status);

  // `agent` is a product token or a whole User-Agent. `path` is path and query as they will be
  // sent (percent-encoded, no fragment). That /robots.txt itself may always be fetched (section
  // 2.2.2) is for the fetcher to know: it asks nobody before it asks for that file.
  bool allows(std::string_view agent, std::string_view path) const;
  // Capped at kCrawlDelayMax; nothing when the agent's group has none.
  std::optional<std::chrono::milliseconds> crawl_delay(std::string_view agent) const;
  // The value as the file has it, in seconds.
  std::optional<double> crawl_delay_as_written(std::string_view agent) const;
  const std::vector<std::string>& sitemaps() const { return sitemaps_; }
  // "search=yes, ai-train=no" as written, the last one of the agent's group.
  std::optional<std::string> content_signal(std::string_view agent) const;

 private:
  struct Rule {
    bool allow = false;
    bool anchored = false;              // ended in '$'
    std::size_t length = 0;             // octets of the normal form: the longest match wins
    std::vector<std::string> segments;  // what stands between the '*'s, literal
    std::vector<std::string> decoded;   // the same with unreserved characters decoded
  };
  struct Group {
    std::vector<Rule> rules;
    std::optional<double> crawl_delay;
    std::optional<std::string> content_signal;
  };

  const Group* group_for(std::string_view agent) const;
  static Rule make_rule(bool allow, std::string_view pattern);
  static bool matches(const std::vector<std::string>& segments, bool anchored,
                      std::string_view path);

  std::map<std::string, Group, std::less<>> groups_;  // by product token in lower case; "*"
  std::vector<std::string> sitemaps_;
};

}  // namespace seine::web
