#include "web/extract/content/hints.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/text.h"

namespace seine::web {
namespace {

using html::Namespace;
using html::Node;
using html::Tag;
using html::TagSet;

constexpr TagSet kBlockTags = {
    Tag::kAddress,  Tag::kArticle, Tag::kAside,    Tag::kBlockquote, Tag::kBody,   Tag::kCaption,
    Tag::kCenter,   Tag::kDd,      Tag::kDetails,  Tag::kDialog,     Tag::kDir,    Tag::kDiv,
    Tag::kDl,       Tag::kDt,      Tag::kFieldset, Tag::kFigcaption, Tag::kFigure, Tag::kFooter,
    Tag::kForm,     Tag::kH1,      Tag::kH2,       Tag::kH3,         Tag::kH4,     Tag::kH5,
    Tag::kH6,       Tag::kHeader,  Tag::kHgroup,   Tag::kHr,         Tag::kHtml,   Tag::kLegend,
    Tag::kLi,       Tag::kListing, Tag::kMain,     Tag::kMenu,       Tag::kNav,    Tag::kOl,
    Tag::kOptgroup, Tag::kOption,  Tag::kP,        Tag::kPlaintext,  Tag::kPre,    Tag::kSearch,
    Tag::kSection,  Tag::kSelect,  Tag::kSummary,  Tag::kTable,      Tag::kTbody,  Tag::kTd,
    Tag::kTextarea, Tag::kTfoot,   Tag::kTh,       Tag::kThead,      Tag::kTr,     Tag::kUl,
    Tag::kXmp};

// One name of a class or id list in lower-case words: "articleBody_main" is article-body-main.

std::string normalize(std::string_view raw) {
  std::string name;
  raw = raw.substr(0, 80);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    const bool upper = c >= 'A' && c <= 'Z';
    const bool letter = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    const bool hump = upper && i > 0 && raw[i - 1] >= 'a' && raw[i - 1] <= 'z';
    if ((hump || !letter) && !name.empty() && name.back() != '-') name.push_back('-');
    if (letter) name.push_back(base::ascii_lower(c));
  }
  while (name.ends_with('-')) name.pop_back();
  return name;
}

// Whole word or sequence of words: "share" in "share-bar", not in "shareholder".
bool has_word(std::string_view name, std::string_view word) {
  for (std::size_t at = name.find(word); at != std::string_view::npos;
       at = name.find(word, at + 1)) {
    const bool start = at == 0 || name[at - 1] == '-';
    const std::size_t end = at + word.size();
    const bool stop =
        end == name.size() || name[end] == '-' || (name[end] >= '0' && name[end] <= '9');
    if (start && stop) return true;
  }
  return false;
}

template <std::size_t N>
bool has_any_word(std::string_view name, const std::array<std::string_view, N>& words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return has_word(name, word); });
}

template <std::size_t N>
bool contains_any(std::string_view name, const std::array<std::string_view, N>& parts) {
  return std::ranges::any_of(
      parts, [&](std::string_view part) { return name.find(part) != std::string_view::npos; });
}

constexpr auto kBodyNames = std::to_array<std::string_view>(
    {"article-body",   "articlebody",     "article-content",   "articlecontent",
     "article-text",   "articletext",     "entry-content",     "entrycontent",
     "entry-body",     "post-content",    "postcontent",       "post-body",
     "postbody",       "post-text",       "post-entry",        "story-body",
     "storybody",      "story-content",   "storycontent",      "story-text",
     "body-text",      "bodytext",        "body-copy",         "bodycopy",
     "content-body",   "contentbody",     "text-body",         "article-main",
     "single-content", "blog-content",    "blog-post-content", "news-content",
     "news-body",      "newstext",        "news-text",         "article-detail",
     "articledetail",  "content-text",    "rich-text",         "rich-media-content",
     "article-copy",   "fulltext",        "full-text",         "field-body",
     "artical",        "article-con",     "art-content",       "main-text",
     "maintext",       "td-post-content", "js-article",        "mw-parser-output",
     "markdown-body",  "post-bodycopy",   "page-content-body", "article-wrap-body"});
constexpr auto kMainNames = std::to_array<std::string_view>(
    {"main", "main-content", "maincontent", "content-main", "content", "primary", "article", "post",
     "entry", "story", "page-content", "main-column", "maincol", "hentry", "blog-post",
     "single-post"});
constexpr auto kCommentNames = std::to_array<std::string_view>(
    {"comment",         "comments",        "commentlist", "comment-list", "commentarea",
     "comments-area",   "disqus",          "respond",     "livefyre",     "commento",
     "replies",         "reader-comments", "discussion",  "fb-comments",  "comments-container",
     "responses",       "pinglist",        "trackback",   "trackbacks",   "user-comments",
     "commentary-list", "pinglun"});
constexpr auto kBoilerplateWords = std::to_array<std::string_view>({"nav",
                                                                    "navi",
                                                                    "navbar",
                                                                    "navigation",
                                                                    "subnav",
                                                                    "topnav",
                                                                    "nav-menu",
                                                                    "menu",
                                                                    "menus",
                                                                    "submenu",
                                                                    "breadcrumb",
                                                                    "breadcrumbs",
                                                                    "crumb",
                                                                    "crumbs",
                                                                    "sidebar",
                                                                    "sidebars",
                                                                    "side-bar",
                                                                    "footer",
                                                                    "foot",
                                                                    "footers",
                                                                    "masthead",
                                                                    "site-header",
                                                                    "page-header-nav",
                                                                    "topbar",
                                                                    "toolbar",
                                                                    "tools",
                                                                    "toolbox",
                                                                    "share",
                                                                    "sharing",
                                                                    "sharebar",
                                                                    "sharebox",
                                                                    "sharethis",
                                                                    "addthis",
                                                                    "addtoany",
                                                                    "shares",
                                                                    "social",
                                                                    "socials",
                                                                    "sociable",
                                                                    "socialmedia",
                                                                    "follow",
                                                                    "followus",
                                                                    "follow-us",
                                                                    "related",
                                                                    "relateds",
                                                                    "relatedposts",
                                                                    "related-posts",
                                                                    "recommended",
                                                                    "recommend",
                                                                    "recommendations",
                                                                    "recommends",
                                                                    "recirc",
                                                                    "recirculation",
                                                                    "readmore-list",
                                                                    "more-from",
                                                                    "more-stories",
                                                                    "more-news",
                                                                    "most-read",
                                                                    "most-popular",
                                                                    "popular",
                                                                    "trending",
                                                                    "latest-news",
                                                                    "newsletter",
                                                                    "newsletters",
                                                                    "subscribe",
                                                                    "subscription",
                                                                    "subscriptions",
                                                                    "signup",
                                                                    "sign-up",
                                                                    "optin",
                                                                    "mailchimp",
                                                                    "cookie",
                                                                    "cookies",
                                                                    "consent",
                                                                    "gdpr",
                                                                    "onetrust",
                                                                    "didomi",
                                                                    "ad",
                                                                    "ads",
                                                                    "adv",
                                                                    "advert",
                                                                    "adverts",
                                                                    "advertisement",
                                                                    "advertising",
                                                                    "adsense",
                                                                    "adsbygoogle",
                                                                    "sponsor",
                                                                    "sponsored",
                                                                    "sponsors",
                                                                    "promo",
                                                                    "promos",
                                                                    "promotion",
                                                                    "promoted",
                                                                    "banner",
                                                                    "banners",
                                                                    "outbrain",
                                                                    "taboola",
                                                                    "widget",
                                                                    "widgets",
                                                                    "pagination",
                                                                    "pager",
                                                                    "paging",
                                                                    "pages-nav",
                                                                    "page-nav",
                                                                    "post-nav",
                                                                    "postnav",
                                                                    "prev-next",
                                                                    "prevnext",
                                                                    "nextprev",
                                                                    "next-post",
                                                                    "prev-post",
                                                                    "login",
                                                                    "logon",
                                                                    "search",
                                                                    "searchform",
                                                                    "searchbox",
                                                                    "popup",
                                                                    "modal",
                                                                    "overlay",
                                                                    "lightbox",
                                                                    "tooltip",
                                                                    "skip",
                                                                    "skip-link",
                                                                    "print",
                                                                    "print-only",
                                                                    "noprint",
                                                                    "no-print",
                                                                    "rating",
                                                                    "ratings",
                                                                    "vote",
                                                                    "votes",
                                                                    "poll",
                                                                    "hidden",
                                                                    "visually-hidden",
                                                                    "sr-only",
                                                                    "screen-reader-text",
                                                                    "screenreader",
                                                                    "assistive",
                                                                    "offscreen",
                                                                    "jp-relatedposts",
                                                                    "sharedaddy",
                                                                    "jp-post-flow",
                                                                    "yarpp",
                                                                    "wp-block-latest-posts",
                                                                    "tag-list",
                                                                    "taglist",
                                                                    "tags",
                                                                    "tag-cloud",
                                                                    "tagcloud",
                                                                    "post-tags",
                                                                    "entry-tags",
                                                                    "article-tags",
                                                                    "categories-list",
                                                                    "copyright",
                                                                    "disclaimer",
                                                                    "dropdown",
                                                                    "carousel",
                                                                    "slideshow-nav",
                                                                    "ticker",
                                                                    "button",
                                                                    "buttons",
                                                                    "btn",
                                                                    "feedback",
                                                                    "report",
                                                                    "editsection",
                                                                    "mw-editsection",
                                                                    "navbox",
                                                                    "toc",
                                                                    "catlinks",
                                                                    "printfooter",
                                                                    "noexcerpt",
                                                                    "reflist-nav",
                                                                    "article-footer",
                                                                    "entry-footer",
                                                                    "post-footer",
                                                                    "post-meta-footer",
                                                                    "author-bio",
                                                                    "authorbio",
                                                                    "author-box",
                                                                    "authorbox",
                                                                    "about-author",
                                                                    "about-the-author",
                                                                    "bio-box",
                                                                    "qrcode",
                                                                    "erweima",
                                                                    "relate",
                                                                    "tuijian",
                                                                    "xiangguan",
                                                                    "statement",
                                                                    "shengming",
                                                                    "hot-news",
                                                                    "paywall",
                                                                    "regwall",
                                                                    "meter",
                                                                    "apps",
                                                                    "app-download",
                                                                    "download-app",
                                                                    "sponsor-content",
                                                                    "partner",
                                                                    "partners",
                                                                    "affiliate",
                                                                    "shop",
                                                                    "cart",
                                                                    "checkout",
                                                                    "newsletter-form",
                                                                    "cta",
                                                                    "call-to-action",
                                                                    "teaser-list",
                                                                    "up-next",
                                                                    "read-next",
                                                                    "readnext",
                                                                    "next-up",
                                                                    "story-links",
                                                                    "see-also-links",
                                                                    "also-read",
                                                                    "alsoread",
                                                                    "you-may-like",
                                                                    "you-might-like",
                                                                    "dont-miss",
                                                                    "inread",
                                                                    "mobile-nav",
                                                                    "offcanvas",
                                                                    "off-canvas",
                                                                    "legal",
                                                                    "site-info",
                                                                    "colophon",
                                                                    "language-switcher",
                                                                    "lang-switch",
                                                                    "topics",
                                                                    "keywords",
                                                                    "listicle-nav",
                                                                    "gallery-nav",
                                                                    "player-controls",
                                                                    "vjs-control-bar",
                                                                    "video-js",
                                                                    "jwplayer",
                                                                    "caption-credit-list",
                                                                    "wp-polls",
                                                                    "mashsb",
                                                                    "essb"});
constexpr auto kBoilerplateParts = std::to_array<std::string_view>(
    {"sharebutton", "share-button", "sharebar",     "social-",     "-social",     "socialshare",
     "related-",    "-related",     "relatedart",   "relatednews", "relatedlink", "breadcrumb",
     "newsletter",  "sidebar",      "cookie-",      "cookiebar",   "advertis",    "adsbygoogle",
     "google-ad",   "googlead",     "dfp-",         "-dfp",        "ad-slot",     "adslot",
     "ad-unit",     "adunit",       "ad-container", "ad-wrapper",  "adbox",       "-promo",
     "promo-",      "recommend",    "outbrain",     "taboola",     "sponsor",     "pagination",
     "mostpopular", "most-popular", "mostread",     "most-read",   "navigation",  "-nav-",
     "addtoany",    "jetpack",      "sharethis",    "subscribe",   "footer-",     "-footer",
     "widget-",     "signup"});
constexpr auto kMetaWords = std::to_array<std::string_view>({"byline",         "by-line",
                                                             "dateline",       "timestamp",
                                                             "post-meta",      "postmeta",
                                                             "entry-meta",     "article-meta",
                                                             "articlemeta",    "meta",
                                                             "post-info",      "article-info",
                                                             "articleinfo",    "post-date",
                                                             "entry-date",     "publish-date",
                                                             "published",      "pubdate",
                                                             "pub-date",       "date",
                                                             "datetime",       "author",
                                                             "authors",        "post-author",
                                                             "article-author", "byline-author",
                                                             "vcard",          "source",
                                                             "credit",         "photo-credit",
                                                             "image-credit",   "story-meta",
                                                             "info-line",      "infoline",
                                                             "submitted",      "posted-on",
                                                             "post-byline",    "post-categories",
                                                             "category",       "categories",
                                                             "kicker",         "eyebrow",
                                                             "time",           "views",
                                                             "read-time",      "reading-time",
                                                             "comments-link",  "comment-count",
                                                             "articletime",    "article-time",
                                                             "artinfo",        "editor",
                                                             "zebian",         "bianji"});

constexpr auto kNeverWords = std::to_array<std::string_view>({"cookie",
                                                              "cookies",
                                                              "cookiebar",
                                                              "consent",
                                                              "gdpr",
                                                              "onetrust",
                                                              "didomi",
                                                              "cmp",
                                                              "cmpbox",
                                                              "cookielaw",
                                                              "eucookielaw",
                                                              "cookie-law",
                                                              "cookie-notice",
                                                              "cookie-banner",
                                                              "cli-modal",
                                                              "cli",
                                                              "sr-only",
                                                              "visually-hidden",
                                                              "screen-reader-text",
                                                              "usercentrics",
                                                              "cookiebot",
                                                              "privacy-overview",
                                                              "widget-eu-cookie-law"});

// Page builders name every part of a page "widget" or "block": nothing follows from that.
bool says_nothing(std::string_view name) {
  for (const std::string_view prefix : {"elementor", "fusion-", "et-pb", "vc-", "wpb-", "jet-",
                                        "siteorigin", "so-widget", "fl-", "js-", "is-", "has-"}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

Hint hint_of_name(std::string_view name) {
  if (name.empty() || says_nothing(name)) return Hint::kNone;
  if (has_any_word(name, kNeverWords)) return Hint::kNever;
  if (has_any_word(name, kCommentNames)) return Hint::kComments;
  if (has_any_word(name, kBodyNames)) return Hint::kBody;
  if (has_any_word(name, kBoilerplateWords) || contains_any(name, kBoilerplateParts))
    return Hint::kBoilerplate;
  if (has_any_word(name, kMetaWords)) return Hint::kMeta;
  if (has_any_word(name, kMainNames)) return Hint::kMain;
  return Hint::kNone;
}

Hint hint_of_role(std::string_view role) {
  if (role == "main" || role == "article") return Hint::kMain;
  static constexpr auto kRoles = std::to_array<std::string_view>(
      {"navigation", "banner", "contentinfo", "complementary", "search", "dialog", "alertdialog",
       "menu", "menubar", "toolbar", "tooltip", "tablist", "form", "button", "alert"});
  return std::ranges::find(kRoles, role) != kRoles.end() ? Hint::kBoilerplate : Hint::kNone;
}

// The strongest thing that any of the names in a list says; a body name wins over the rest.
Hint hint_of_list(std::string_view list) {
  Hint strongest = Hint::kNone;
  int budget = 24;
  while (!list.empty() && budget-- > 0) {
    const auto space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    const auto end = static_cast<std::size_t>(std::ranges::find_if(list, space) - list.begin());
    if (end > 0) {
      const Hint hint = hint_of_name(normalize(list.substr(0, end)));
      if (hint == Hint::kBody) return hint;
      if (hint == Hint::kNever) return hint;
      if (hint == Hint::kComments || hint == Hint::kBoilerplate) strongest = hint;
      if (strongest == Hint::kNone || (strongest == Hint::kMain && hint == Hint::kMeta))
        strongest = hint;
    }
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return strongest;
}

}  // namespace

bool is_caption(const Node* element) {
  if (element->is_html(Tag::kFigcaption)) return true;
  if (element->attribute_count == 0) return false;
  static constexpr auto kWords = std::to_array<std::string_view>(
      {"caption", "captions", "wp-caption-text", "image-caption", "photo-caption", "img-caption",
       "credit", "credits", "photo-credit", "image-credit", "photocredit", "bildunterschrift",
       "copyright", "legende", "image-copyright", "media-caption", "caption-text", "imagecaption",
       "photocaption"});
  std::string_view list = element->get("class");
  int budget = 12;
  while (!list.empty() && budget-- > 0) {
    const auto space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    const auto end = static_cast<std::size_t>(std::ranges::find_if(list, space) - list.begin());
    if (end > 0 && has_any_word(normalize(list.substr(0, end)), kWords)) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

bool is_block(const Node* element) {
  return element->is_element() && element->ns == Namespace::kHtml && kBlockTags.has(element->tag);
}

Hint hint_of(const Node* element) {
  if (!element->is_element() || element->ns != Namespace::kHtml) return Hint::kNone;
  switch (element->tag) {
    case Tag::kHtml:
    case Tag::kBody:
      return Hint::kNone;
    case Tag::kNav:
    case Tag::kAside:
    case Tag::kFooter:
    case Tag::kMenu:
    case Tag::kSearch:
    case Tag::kButton:
    case Tag::kSelect:
    case Tag::kTextarea:
    case Tag::kDialog:
    case Tag::kInput:
    case Tag::kLabel:
    case Tag::kNoscript:
      return Hint::kBoilerplate;
    case Tag::kArticle:
    case Tag::kMain: {
      const Hint named = hint_of_list(element->get("class"));
      return named == Hint::kBody || named == Hint::kComments ? named : Hint::kMain;
    }
    default:
      break;
  }
  if (element->attribute_count == 0) return Hint::kNone;
  const std::string_view property = element->get("itemprop");
  if (property == "articleBody" || property == "reviewBody" || property == "text")
    return Hint::kBody;
  if (const Hint role = hint_of_role(element->get("role")); role != Hint::kNone) return role;
  const Hint by_id = hint_of_list(element->get("id"));
  if (by_id == Hint::kBody) return by_id;
  const Hint by_class = hint_of_list(element->get("class"));
  if (by_class == Hint::kBody) return by_class;
  if (by_id == Hint::kNever || by_class == Hint::kNever) return Hint::kNever;
  if (by_id == Hint::kComments || by_class == Hint::kComments) return Hint::kComments;
  if (by_id == Hint::kBoilerplate || by_class == Hint::kBoilerplate) return Hint::kBoilerplate;
  if (by_id == Hint::kMeta || by_class == Hint::kMeta) return Hint::kMeta;
  return by_id != Hint::kNone ? by_id : by_class;
}

}  // namespace seine::web
