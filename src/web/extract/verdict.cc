#include "web/extract/verdict.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace seine::web {
namespace {

using html::Node;
using html::Tag;

// Longer pages are content whatever words they use: an article about consent walls is an article.
constexpr std::uint32_t kShortPage = 1500;

constexpr auto kChallengeTitles = std::to_array<std::string_view>({"just a moment",
                                                                   "attention required",
                                                                   "access denied",
                                                                   "making sure you're not a bot",
                                                                   "are you a robot",
                                                                   "checking your browser",
                                                                   "ddos-guard",
                                                                   "human verification",
                                                                   "security check",
                                                                   "pardon our interruption",
                                                                   "bot verification",
                                                                   "verify you are human",
                                                                   "verifying you are human",
                                                                   "please wait...",
                                                                   "百度安全验证",
                                                                   "安全验证",
                                                                   "人机验证",
                                                                   "滑动验证",
                                                                   "访问验证",
                                                                   "验证码"});
constexpr auto kChallengeMarks = std::to_array<std::string_view>({"cf-browser-verification",
                                                                  "cf_chl_opt",
                                                                  "challenge-platform",
                                                                  "cf-challenge",
                                                                  "anubis_challenge",
                                                                  "anubis-challenge",
                                                                  "_incapsula_resource",
                                                                  "px-captcha",
                                                                  "datadome",
                                                                  "akamai-bm",
                                                                  "g-recaptcha",
                                                                  "h-captcha",
                                                                  "hcaptcha.com",
                                                                  "geetest",
                                                                  "x5secdata",
                                                                  "_sec_cpt",
                                                                  "turnstile",
                                                                  "challenge-form",
                                                                  "awswafcookiedomainlist",
                                                                  "sec-if-cpt-container"});
constexpr auto kConsentMarks = std::to_array<std::string_view>(
    {"onetrust", "didomi", "qc-cmp", "sp_message", "cmpbox", "cookiebot", "usercentrics",
     "trustarc", "consent.google", "truste", "cmp-container", "fc-consent-root"});
constexpr auto kConsentWords = std::to_array<std::string_view>(
    {"accept all", "accept cookies", "we value your privacy", "before you continue",
     "manage preferences", "cookie preferences", "your privacy choices", "alle akzeptieren",
     "tout accepter"});
constexpr auto kLoginWords = std::to_array<std::string_view>(
    {"log in to continue", "sign in to continue", "login to continue", "please log in",
     "please sign in", "log in or sign up", "sign in to view", "you must be logged in",
     "create an account to", "登录后查看", "请先登录", "登录后", "立即登录", "扫码登录", "请登录"});
constexpr auto kMissingTitles = std::to_array<std::string_view>(
    {"404", "not found", "page not found", "page can't be found", "page cannot be found",
     "nothing found", "error 404", "doesn't exist", "does not exist", "no longer available",
     "page unavailable", "页面不存在", "页面未找到", "找不到页面", "您访问的页面", "文章不存在",
     "内容不存在", "已被删除"});
constexpr auto kScriptWords = std::to_array<std::string_view>(
    {"enable javascript", "javascript is required", "requires javascript", "javascript is disabled",
     "turn on javascript", "need to enable javascript", "请开启javascript", "启用javascript"});

template <std::size_t N>
bool any_in(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::ranges::any_of(
      words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

struct Facts {
  std::string visible;  // lower case, the first kShortPage * 4 bytes
  bool password_field = false;
  bool script_root = false;  // an empty element that scripts fill, by its usual names
  std::size_t scripts = 0;
};

Facts gather(const html::Document& document, const Visibility& visibility) {
  Facts facts;
  for (const Node* node = document.root; node != nullptr;
       node = html::next_in_tree(node, document.root)) {
    if (node->is_text()) {
      if (!visibility.hidden(node) && facts.visible.size() < kShortPage * 4)
        facts.visible += base::ascii_lower(node->text);
      continue;
    }
    if (!node->is_element()) continue;
    if (node->is_html(Tag::kScript)) ++facts.scripts;
    if (node->is_html(Tag::kInput) && node->get("type") == "password") facts.password_field = true;
    const std::string_view id = node->get("id");
    if (node->is_html(Tag::kDiv) &&
        (id == "root" || id == "app" || id == "__next" || id == "__nuxt" || id == "main-app")) {
      facts.script_root = true;
    }
  }
  return facts;
}

}  // namespace

std::string_view page_failure_name(PageFailure failure) {
  switch (failure) {
    case PageFailure::kNone:
      return "none";
    case PageFailure::kChallenge:
      return "challenge";
    case PageFailure::kConsentWall:
      return "consent_wall";
    case PageFailure::kLoginWall:
      return "login_wall";
    case PageFailure::kSoft404:
      return "soft_404";
    case PageFailure::kEmptyShell:
      return "empty_shell";
  }
  return "none";
}

PageFailure judge_page(const html::Document& document, const Visibility& visibility,
                       const Page& page, const MainContent& main, const PageOptions& options) {
  const std::uint32_t length = options.main_content ? main.text_length : 0;
  if (length > kShortPage || main.page_length > kShortPage * 6) return PageFailure::kNone;
  const Facts facts = gather(document, visibility);
  const std::string title = base::ascii_lower(page.metadata.title);
  const bool marked =
      any_in(base::ascii_lower(document.source.substr(0, 200'000)), kChallengeMarks);
  const bool tiny = main.page_length < 600;
  if ((any_in(title, kChallengeTitles) && main.page_length < kShortPage) ||
      (marked && tiny && facts.scripts > 0)) {
    return PageFailure::kChallenge;
  }
  if (any_in(title, kMissingTitles) && length < 800) return PageFailure::kSoft404;
  const std::string source = base::ascii_lower(document.source.substr(0, 200'000));
  if (length < 400 && any_in(facts.visible, kConsentWords) && any_in(source, kConsentMarks))
    return PageFailure::kConsentWall;
  if (length < 400 && (facts.password_field || any_in(facts.visible, kLoginWords)) &&
      main.page_length < kShortPage) {
    return PageFailure::kLoginWall;
  }
  if (options.rendered) return PageFailure::kNone;
  const bool blank = page.blocks.empty() && facts.scripts > 0;
  if (main.page_length < 200 &&
      (blank || facts.script_root || facts.scripts > 1 || any_in(source, kScriptWords))) {
    return PageFailure::kEmptyShell;
  }
  if (tiny && any_in(facts.visible, kScriptWords)) return PageFailure::kEmptyShell;
  return PageFailure::kNone;
}

}  // namespace seine::web
