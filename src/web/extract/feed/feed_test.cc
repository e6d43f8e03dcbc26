#include "web/extract/feed/feed.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

constexpr std::string_view kRss = R"(<?xml version="1.0"?>
<!DOCTYPE rss [<!ENTITY x "y">]>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"
 xmlns:atom="http://www.w3.org/2005/Atom">
<channel>
 <title>River &amp;amp; News</title><link>https://a.example/</link>
 <atom:link rel="self" href="https://a.example/feed"/>
 <description>All about rivers</description><language>en-GB</language>
 <image><title>Logo</title><url>x</url></image>
 <item>
  <title><![CDATA[The <b>flood</b>]]></title><media:title>Not this</media:title>
  <link>/flood</link><guid isPermaLink="false">1</guid>
  <pubDate>Tue, 11 Mar 2025 22:00:00 GMT</pubDate><dc:creator>Ann Lee</dc:creator>
  <description>&lt;p&gt;It &lt;em&gt;rose&lt;/em&gt; &lt;a href="more"&gt;fast&lt;/a&gt;.&lt;/p&gt;&lt;p style="display:none"&gt;SECRET&lt;/p&gt;</description>
  <content:encoded>The whole text.</content:encoded>
 </item>
 <item><guid>https://a.example/2</guid><content:encoded><![CDATA[<h2>Part</h2><ul><li>one</ul>]]></content:encoded></item>
 <item/>
</channel></rss>)";

TEST(Feed, Rss) {
  const auto feed = parse_feed(kRss);
  ASSERT_TRUE(feed);
  EXPECT_EQ(feed->title, "River & News");
  EXPECT_EQ(feed->link, "https://a.example/");
  EXPECT_EQ(feed->language, "en-GB");
  ASSERT_EQ(feed->entries.size(), 2U);
  EXPECT_EQ(feed->entries[0].title, "The flood");
  EXPECT_EQ(feed->entries[0].author, "Ann Lee");
  EXPECT_TRUE(feed->entries[0].published.starts_with("2025-03-11")) << feed->entries[0].published;
  EXPECT_EQ(feed->entries[1].link, "https://a.example/2");
  const Page page = feed_page(*feed, "https://a.example/feed");
  const std::string markdown = page.markdown();
  EXPECT_TRUE(
      markdown.starts_with("All about rivers\n\n## [The flood](https://a.example/flood)\n\n"
                           "2025-03-11"))
      << markdown;
  EXPECT_TRUE(markdown.contains("It *rose* [fast](https://a.example/more).")) << markdown;
  EXPECT_TRUE(markdown.contains("#### Part\n\n- one")) << markdown;
  EXPECT_FALSE(markdown.contains("SECRET"));
  EXPECT_FALSE(markdown.contains("Not this"));
  EXPECT_EQ(kRss.substr(page.blocks[1].offset, 5), "<item");
}

TEST(Feed, Atom) {
  const auto feed = parse_feed(
      "<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='zh'><title "
      "type='html'>河&amp;lt;1</title>"
      "<author><name>王</name><email>a@b</email></author><updated>2025-01-02T03:04:05Z</updated>"
      "<entry><title>一</title><link rel='edit' href='e'/><link href='p/1'/>"
      "<updated>2025-02-01T00:00:00+08:00</updated><published>2025-01-31T10:00:00+08:00</published>"
      "<author><name>李</name></author>"
      "<content type='xhtml'><div xmlns='x'>长 <b>777</b> "
      "公里<br/>。</div></content></entry></feed>");
  ASSERT_TRUE(feed);
  EXPECT_EQ(feed->author, "王");
  EXPECT_EQ(feed->language, "zh");
  ASSERT_EQ(feed->entries.size(), 1U);
  EXPECT_EQ(feed->entries[0].link, "p/1");
  EXPECT_EQ(feed->entries[0].author, "李");
  EXPECT_EQ(feed->entries[0].published, "2025-01-31T10:00:00+08:00");
  const std::string markdown = feed_page(*feed, "https://a.example/x/feed").markdown();
  EXPECT_TRUE(markdown.contains("## [一](https://a.example/x/p/1)")) << markdown;
  EXPECT_TRUE(markdown.contains("长 **777** 公里")) << markdown;
}

TEST(Feed, Rdf) {
  const auto feed = parse_feed(
      "<rdf:RDF xmlns:rdf='r' xmlns='http://purl.org/rss/1.0/'><channel rdf:about='c'>"
      "<title>Old</title><items><rdf:Seq><rdf:li resource='i'/></rdf:Seq></items></channel>"
      "<item rdf:about='https://a.example/i'><title>I</title></item></rdf:RDF>");
  ASSERT_TRUE(feed);
  EXPECT_EQ(feed->title, "Old");
  ASSERT_EQ(feed->entries.size(), 1U);
  EXPECT_EQ(feed->entries[0].link, "https://a.example/i");
}

TEST(Feed, Json) {
  const auto json = base::parse_json(
      R"({"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [
          {"id": "1", "url": "https://a.example/1", "title": "One", "date_published": "2025-03-01T08:00:00Z",
           "authors": [{"name": "Bo"}], "content_html": "<p>Text</p>"},
          {"id": 2, "content_text": "a < b"}, 7]})");
  ASSERT_TRUE(json);
  ASSERT_TRUE(is_json_feed(*json));
  const Feed feed = parse_json_feed(*json);
  ASSERT_EQ(feed.entries.size(), 2U);
  const std::string markdown = feed_page(feed, "").markdown();
  EXPECT_TRUE(markdown.contains("2025-03-01T08:00:00Z · Bo\n\nText")) << markdown;
  EXPECT_TRUE(markdown.contains("a \\< b")) << markdown;
}

TEST(Feed, DamagedOnesGiveWhatTheyHave) {
  // Cut in the middle, with a bare ampersand and an end that matches nothing.
  const auto cut = parse_feed(
      "<rss><channel><title>A & B</title></nothing><item><title>One</title></item><item><title>Tw");
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->title, "A & B");
  ASSERT_EQ(cut->entries.size(), 2U);
  EXPECT_EQ(cut->entries[1].title, "Tw");
  for (const char* text : {"", "<html></html>", "plain", "<?xml version='1.0'?><urlset/>"}) {
    const auto none = parse_feed(text);
    ASSERT_FALSE(none) << text;
    EXPECT_EQ(verdict_of(none.error()), Verdict::kBroken);
  }
}

TEST(Feed, IsBounded) {
  std::string text = "<rss><channel>";
  for (int i = 0; i < 2'000; ++i) text += "<item><title>t</title></item>";
  const auto feed = parse_feed(text);
  ASSERT_TRUE(feed);
  EXPECT_EQ(feed->entries.size(), 500U);
  EXPECT_TRUE(feed->truncated);
  // Nothing is defined, so nothing multiplies; nothing recurses, so depth costs nothing.
  std::string deep = "<rss><channel><title>&lol;</title>";
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  const auto nested = parse_feed(deep);
  ASSERT_TRUE(nested);
  EXPECT_EQ(nested->title, "&lol;");
}

}  // namespace
}  // namespace seine::web
