#include "web/url/url.h"

#include <gtest/gtest.h>

#include "web/url/host.h"
#include "web/url/percent.h"
#include "web/url/site.h"

namespace seine::web {
namespace {

std::string href(std::string_view input, std::string_view base = "") {
  if (base.empty()) {
    const auto url = Url::parse(input);
    return url ? url->href() : "failure";
  }
  const auto parsed_base = Url::parse(base);
  const auto url = Url::parse(input, &*parsed_base);
  return url ? url->href() : "failure";
}

TEST(Url, NormalizesSchemeHostPortAndPath) {
  EXPECT_EQ(href("  HTTP://ExAmple.ORG:80/a/../b/./c?q#f\n"), "http://example.org/b/c?q#f");
  EXPECT_EQ(href("https:\\\\example.org\\a"), "https://example.org/a");
  EXPECT_EQ(href("http://example.org/a b\"<>`{}^"),
            "http://example.org/a%20b%22%3C%3E%60%7B%7D%5E");
  EXPECT_EQ(href("ht\ntp://exa\tmple.org"), "http://example.org/");
}

TEST(Url, ReadsOddIpv4SpellingsAsEveryClientMust) {
  for (const char* spelling : {"http://127.0.0.1/", "http://127.1/", "http://2130706433/",
                               "http://0x7f000001/", "http://0177.0.0.1/", "http://127.0.0.1./",
                               "http://%31%32%37.1/", "http://１２７.0.0.1/"}) {
    EXPECT_EQ(href(spelling), "http://127.0.0.1/") << spelling;
  }
  EXPECT_EQ(href("https://0x100000000/"), "failure");
  EXPECT_EQ(href("http://1.2.3.08"), "failure");
  EXPECT_EQ(href("http://256.256.256.256"), "failure");
  EXPECT_EQ(href("http://foo.0x4"), "failure");
}

TEST(Url, Ipv6IsCompressedAtTheFirstLongestRun) {
  EXPECT_EQ(href("http://[1:0:0:2:0:0:0:3]/"), "http://[1:0:0:2::3]/");
  EXPECT_EQ(href("http://[::127.0.0.1]/"), "http://[::7f00:1]/");
  EXPECT_EQ(href("http://[0:0:0:0:0:0:0:0]/"), "http://[::]/");
  EXPECT_EQ(href("http://[::1%25eth0]/"), "failure");
  EXPECT_EQ(href("http://[::1"), "failure");
}

TEST(Url, IdnaIsNonTransitional) {
  EXPECT_EQ(href("http://faß.de/"), "http://xn--fa-hia.de/");
  EXPECT_EQ(href("http://中国。cn/"), "http://xn--fiqs8s.cn/");
  EXPECT_EQ(href("http://\xC2\xAD/"), "failure");  // only a soft hyphen: nothing is left
  EXPECT_EQ(href("http://a%b/"), "failure");
}

TEST(Url, ResolvesReferences) {
  const char* base = "http://example.org/a/b/c?q#f";
  EXPECT_EQ(href("../d", base), "http://example.org/a/d");
  EXPECT_EQ(href("//other.org/x", base), "http://other.org/x");
  EXPECT_EQ(href("?r", base), "http://example.org/a/b/c?r");
  EXPECT_EQ(href("#g", base), "http://example.org/a/b/c?q#g");
  EXPECT_EQ(href("", base), "http://example.org/a/b/c?q");
  EXPECT_EQ(href("/x", "mailto:a@b"), "failure");
  EXPECT_EQ(href("/.//p", "web+demo:/x"), "web+demo:/.//p");
  EXPECT_EQ(href("c|/x", "file:///d:/y"), "file:///c:/x");
}

TEST(Url, CredentialsAreReadAndCleared) {
  auto url = Url::parse("http://user:p%40ss@example.org@evil.org/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->hostname(), "evil.org");
  EXPECT_TRUE(url->has_credentials());
  url->clear_credentials();
  EXPECT_EQ(url->href(), "http://evil.org/");
}

TEST(Url, SettersLeaveTheUrlAloneOnBadValues) {
  auto url = *Url::parse("https://example.org:8080/a?b#c");
  url.set_protocol("file");
  EXPECT_EQ(url.scheme(), "https");
  url.set_port("65536");
  EXPECT_EQ(url.port(), 8080);
  url.set_port("443");
  EXPECT_FALSE(url.port());
  url.set_hostname("bad host");
  EXPECT_EQ(url.hostname(), "example.org");
  url.set_host("other.org:99");
  EXPECT_EQ(url.host(), "other.org:99");
  url.set_pathname("x y");
  url.set_search("");
  url.set_hash("z");
  EXPECT_EQ(url.href(), "https://other.org:99/x%20y#z");
}

TEST(Url, RefusesInputPastTheLimit) {
  const auto url = Url::parse("http://example.org/" + std::string(kUrlBytesMax, 'a'));
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().code, base::Code::kInvalidArgument);
}

TEST(Url, OriginIsOpaqueForOthers) {
  EXPECT_EQ(Url::parse("https://a.org:8443/x")->origin(), "https://a.org:8443");
  EXPECT_EQ(Url::parse("data:text/html,x")->origin(), "null");
  EXPECT_EQ(Url::parse("blob:https://a.org/x")->origin(), "https://a.org");
}

TEST(Percent, DecodesOnlyWholeEscapes) {
  EXPECT_EQ(percent_decode("%41%4g%"), "A%4g%");
}

TEST(Host, ShowsPunycodeWhereScriptsMix) {
  EXPECT_EQ(domain_for_display("xn--fiqs8s.cn"), "中国.cn");
  EXPECT_EQ(domain_for_display("xn--pple-43d.com"), "xn--pple-43d.com");  // Cyrillic a, Latin pple
}

TEST(Site, RegistrableDomain) {
  EXPECT_EQ(registrable_domain("a.b.example.co.uk"), "example.co.uk");
  EXPECT_EQ(registrable_domain("www.gov.cn"), "www.gov.cn");
  EXPECT_EQ(registrable_domain("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(registrable_domain("[::1]"), "[::1]");
  EXPECT_EQ(registrable_domain("x.example.org."), "example.org");
}

TEST(Site, DedupKeyForgetsSpellingAndTracking) {
  const auto key = [](std::string_view text) { return dedup_key(*Url::parse(text)); };
  const std::string expected = key("https://example.org/a?x=1&y=2");
  EXPECT_EQ(key("http://www.example.org./a/?utm_source=t&y=2&x=1&spm=7#part"), expected);
  EXPECT_NE(key("https://example.org/a?x=2&y=1"), expected);
  EXPECT_NE(key("https://example.org/a#!/two"), key("https://example.org/a"));
}

}  // namespace
}  // namespace seine::web
