#include "web/fetch/refresh.h"

#include <algorithm>

#include "base/text.h"
#include "web/extract/charset/sniff.h"
#include "web/extract/html/parser.h"

namespace seine::web {
namespace {

// A refresh stands in the head; what comes later is the page.
constexpr std::size_t kHeadBytes = std::size_t{64} << 10;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

bool holds_refresh(std::string_view text) {
  constexpr std::string_view kWord = "refresh";
  const auto found = std::search(text.begin(), text.end(), kWord.begin(), kWord.end(),
                                 [](char a, char b) { return base::ascii_lower(a) == b; });
  return found != text.end();
}

std::optional<Refresh> of_page(const HopResponse& response) {
  const std::string_view start = std::string_view(response.body).substr(0, kHeadBytes);
  // Most pages never hold the word: no second parse for them.
  if (!holds_refresh(start)) return std::nullopt;
  const auto document = html::parse(decode_page(start, "").text);
  const html::Node* head = document->head();
  for (const html::Node* node = head; node != nullptr;) {
    if (node->is_html(html::Tag::kNoscript)) {  // for readers without scripts: rarely the page
      node = html::next_after_subtree(node, head);
      continue;
    }
    if (node->is_html(html::Tag::kMeta) &&
        base::ascii_iequals(base::trim(node->get("http-equiv")), "refresh"))
      return parse_refresh(node->get("content"));
    node = html::next_in_tree(node, head);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Refresh> parse_refresh(std::string_view content) {
  std::size_t at = 0;
  const auto skip_spaces = [&] {
    while (at < content.size() && is_space(content[at])) ++at;
  };
  skip_spaces();
  std::int64_t seconds = 0;
  const std::size_t digits = at;
  while (at < content.size() && content[at] >= '0' && content[at] <= '9') {
    seconds = std::min<std::int64_t>(seconds * 10 + (content[at] - '0'), 1'000'000);
    ++at;
  }
  if (at == digits && (at >= content.size() || content[at] != '.')) return std::nullopt;
  while (at < content.size() && ((content[at] >= '0' && content[at] <= '9') || content[at] == '.'))
    ++at;
  Refresh out{.delay = std::chrono::seconds(seconds), .url = {}};
  if (at >= content.size()) return out;
  if (content[at] != ';' && content[at] != ',' && !is_space(content[at])) return std::nullopt;
  skip_spaces();
  if (at < content.size() && (content[at] == ';' || content[at] == ',')) ++at;
  skip_spaces();
  std::string_view rest = content.substr(at);
  if (rest.size() >= 3 && base::ascii_iequals(rest.substr(0, 3), "url")) {
    std::string_view after = rest.substr(3);
    while (!after.empty() && is_space(after.front())) after.remove_prefix(1);
    if (after.starts_with('=')) {
      after.remove_prefix(1);
      while (!after.empty() && is_space(after.front())) after.remove_prefix(1);
      rest = after;
    }
  }
  if (!rest.empty() && (rest.front() == '"' || rest.front() == '\'')) {
    const char quote = rest.front();
    rest.remove_prefix(1);
    rest = rest.substr(0, rest.find(quote));
  }
  out.url = base::trim(rest);
  return out;
}

std::optional<std::string> refresh_target(const HopResponse& response, const Url& url) {
  std::optional<Refresh> refresh;
  if (const auto field = response.headers.get("refresh")) {
    refresh = parse_refresh(*field);
  } else {
    const std::string type =
        base::ascii_lower(response.headers.get("content-type").value_or("text/html"));
    if (!type.starts_with("text/html") && !type.starts_with("application/xhtml"))
      return std::nullopt;
    refresh = of_page(response);
  }
  if (!refresh || refresh->url.empty() || refresh->delay > kRefreshMax) return std::nullopt;
  auto target = Url::parse(refresh->url, &url);
  // Not a redirect that can be followed, and so a page; a script's address is no address.
  if (!target || !target->is_http()) return std::nullopt;
  if (target->href(false) == url.href(false)) return std::nullopt;
  return target->href();
}

}  // namespace seine::web
