#include "web/extract/office/zip_reader.h"

#include <gtest/gtest.h>

#include "web/detail/zip_builder.h"
#include "web/extract/office/xml_reader.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

using detail::ZipBuilder;

Verdict verdict_of_read(const std::string& archive, const ZipLimits& limits = {}) {
  auto zip = ZipReader::open(archive, limits);
  if (!zip) return verdict_of(zip.error());
  const auto read = zip->read(zip->entries().front());
  return read ? Verdict::kOk : verdict_of(read.error());
}

TEST(ZipReader, ReadsStoredAndDeflatedEntries) {
  const std::string long_text(100'000, 'x');
  const std::string archive = ZipBuilder()
                                  .store("a/b.txt", "stored")
                                  .deflate("c.xml", long_text)
                                  .store("empty", "")
                                  .finish();
  auto zip = ZipReader::open(archive);
  ASSERT_TRUE(zip) << zip.error().message;
  ASSERT_EQ(zip->entries().size(), 3U);
  EXPECT_EQ(*zip->read(*zip->find("a/b.txt")), "stored");
  EXPECT_EQ(*zip->read(*zip->find("c.xml")), long_text);
  EXPECT_EQ(*zip->read(*zip->find("empty")), "");
  EXPECT_EQ(zip->find("b.txt"), nullptr);
}

TEST(ZipReader, BombsAreRefused) {
  const std::string zeros(std::size_t{4} << 20, '\0');
  const std::string bomb = ZipBuilder().deflate("a", zeros).finish();
  EXPECT_LT(bomb.size(), 8'192U);
  EXPECT_EQ(verdict_of_read(bomb), Verdict::kTooLarge);
  // The directory says less than there is: no more than it says is unpacked.
  EXPECT_EQ(verdict_of_read(ZipBuilder().deflate("a", zeros).claim_bytes(100).finish()),
            Verdict::kBroken);
  EXPECT_EQ(verdict_of_read(ZipBuilder().store("a", "12345").finish(), {.entry_bytes_max = 4}),
            Verdict::kTooLarge);
  EXPECT_EQ(
      verdict_of_read(ZipBuilder().store("a", "").store("b", "").finish(), {.entries_max = 1}),
      Verdict::kTooLarge);
  // Many entries share the total.
  const std::string two = ZipBuilder().store("a", "1234").store("b", "1234").finish();
  auto zip = ZipReader::open(two, {.total_bytes_max = 6});
  ASSERT_TRUE(zip);
  EXPECT_TRUE(zip->read(*zip->find("a")));
  const auto second = zip->read(*zip->find("b"));
  ASSERT_FALSE(second);
  EXPECT_EQ(verdict_of(second.error()), Verdict::kTooLarge);
}

TEST(ZipReader, DamageIsATypedFailure) {
  EXPECT_EQ(verdict_of_read(""), Verdict::kBroken);
  EXPECT_EQ(verdict_of_read("PK\x03\x04 and no more"), Verdict::kBroken);
  const std::string whole = ZipBuilder().deflate("a", "some text of it").finish();
  EXPECT_EQ(verdict_of_read(whole.substr(0, whole.size() - 5)), Verdict::kBroken);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string hurt = whole;
    hurt[at] = static_cast<char>(hurt[at] ^ 0x55);
    (void)verdict_of_read(hurt);  // any verdict, but one
  }
  std::string wrong = ZipBuilder().store("a", "text").finish();
  wrong[31] = 'T';
  EXPECT_EQ(verdict_of_read(wrong), Verdict::kBroken);
  EXPECT_EQ(verdict_of_read(ZipBuilder().store("a", "x").claim_encrypted().finish()),
            Verdict::kEncrypted);
}

std::string events(std::string_view text) {
  XmlReader xml(text);
  std::string out;
  for (auto event = xml.next(); event != XmlReader::Event::kDone; event = xml.next()) {
    if (event == XmlReader::Event::kStart) out += "<" + std::string(xml.name()) + ">";
    if (event == XmlReader::Event::kEnd) out += "</" + std::string(xml.name()) + ">";
    if (event == XmlReader::Event::kText) out += xml.text();
  }
  return out + (xml.damaged() ? "!" : "");
}

TEST(XmlReader, ReadsWhatIsThere) {
  EXPECT_EQ(events("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b '<c>'>]><a x='>'><!-- n -->1&lt;2"
                   "<w:b/><![CDATA[<&amp;]]></a>"),
            "<a>1<2<w:b></w:b><&amp;</a>");
  XmlReader xml("<w:a w:val=\"1 &amp; 2\" val='no' r:id=x></w:a>");
  EXPECT_EQ(xml.next(), XmlReader::Event::kStart);
  EXPECT_EQ(xml.local(), "a");
  EXPECT_EQ(xml.prefix(), "w");
  EXPECT_EQ(xml.attribute("val"), "1 & 2");
  EXPECT_EQ(xml.attribute_named("val"), "no");
  EXPECT_EQ(xml.attribute_named("r:id"), "x");
  EXPECT_FALSE(xml.attribute("id2"));
}

TEST(XmlReader, MendsWhatIsNot) {
  EXPECT_EQ(events("<a><b>x</a>y"), "<a><b>x</b></a>y!");
  EXPECT_EQ(events("<a></c>1 < 2 & 3</a>"), "<a>1 < 2 & 3</a>!");
  EXPECT_EQ(events("<a><b"), "<a><b></b></a>!");
  EXPECT_EQ(events("<a><!-- never"), "<a></a>!");
  // No entity is ever defined.
  EXPECT_EQ(events("<!DOCTYPE x [<!ENTITY lol 'lol'><!ENTITY l2 '&lol;&lol;'>]><a>&l2;</a>"),
            "<a>&l2;</a>");
}

TEST(XmlReader, TakesSubtreesAsOne) {
  XmlReader xml("<a><b>1<i>2</i></b><c/><d>x<e/>y</d><f></f></a>");
  xml.next();
  xml.next();
  EXPECT_EQ(xml.inner_text(100), "12");
  EXPECT_EQ(xml.next(), XmlReader::Event::kStart);
  EXPECT_EQ(xml.name(), "c");
  xml.skip();
  xml.next();
  EXPECT_EQ(xml.name(), "d");
  EXPECT_EQ(xml.inner_markup(), "x<e/>y");
  xml.next();
  EXPECT_EQ(xml.name(), "f");
  EXPECT_EQ(xml.inner_markup(), "");
  EXPECT_EQ(xml.next(), XmlReader::Event::kEnd);
  EXPECT_EQ(xml.next(), XmlReader::Event::kDone);
}

}  // namespace
}  // namespace seine::web
