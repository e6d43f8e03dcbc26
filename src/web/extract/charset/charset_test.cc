#include <gtest/gtest.h>

#include <string>

#include "web/extract/charset/encoding.h"
#include "web/extract/charset/sniff.h"

namespace seine::web {
namespace {

TEST(Encoding, LabelsByTheStandardsTable) {
  EXPECT_EQ(encoding_from_label(" GB2312 "), Encoding::kGbk);
  EXPECT_EQ(encoding_from_label("latin1"), Encoding::kWindows1252);
  EXPECT_EQ(encoding_from_label("Shift-JIS"), Encoding::kShiftJis);
  EXPECT_EQ(encoding_from_label("hz-gb-2312"), Encoding::kReplacement);
  EXPECT_FALSE(encoding_from_label("utf-7"));
  EXPECT_FALSE(encoding_from_label("utf-8 gbk"));
}

TEST(Decode, ChineseSupersets) {
  EXPECT_EQ(decode("\xD6\xD0\xB9\xFA", Encoding::kGbk).text, "中国");
  EXPECT_EQ(decode("\x80", Encoding::kGbk).text, "€");
  EXPECT_EQ(decode("\x90\x30\x81\x30", Encoding::kGb18030).text, "\U00010000");
  EXPECT_EQ(decode("\xA4\xA4\xA4\xE5", Encoding::kBig5).text, "中文");
  EXPECT_EQ(decode("\x87\x56", Encoding::kBig5).errors, 0U);  // Hong Kong supplement
}

TEST(Decode, JapaneseAndKorean) {
  EXPECT_EQ(decode("\x93\xFA\x96\x7B", Encoding::kShiftJis).text, "日本");
  EXPECT_EQ(decode("\x81\x60", Encoding::kShiftJis).text, "～");  // U+FF5E, not the wave dash
  EXPECT_EQ(decode("\xC6\xFC\xCB\xDC\xA1\xC1", Encoding::kEucJp).text, "日本～");
  EXPECT_EQ(decode("\x1B$BF|K\\\x1B(B", Encoding::kIso2022Jp).text, "日本");
  EXPECT_EQ(decode("\xB0\xA1\x81\x41", Encoding::kEucKr).text, "가갂");
}

TEST(Decode, MalformedInputBecomesReplacementsAndKeepsAscii) {
  const Decoded gbk = decode("a\xD6<b>", Encoding::kGbk);
  EXPECT_EQ(gbk.text, "a\xEF\xBF\xBD<b>");
  EXPECT_EQ(gbk.errors, 1U);
  EXPECT_EQ(decode("\xC3(\xE4\xB8", Encoding::kUtf8).errors, 2U);
  EXPECT_EQ(decode("anything", Encoding::kReplacement).text, "\xEF\xBF\xBD");
}

TEST(Decode, SurrogatePairsSurviveTheConversionBuffer) {
  std::string bytes;
  std::string expected;
  for (int i = 0; i < 9000; ++i) {
    bytes += std::string("\x3D\xD8\x00\xDE", 4);
    expected += "😀";
  }
  EXPECT_TRUE(decode("A" + std::string(1, '\0') + bytes, Encoding::kUtf16Le).text ==
              "A" + expected);
}

TEST(Prescan, FindsDeclarations) {
  EXPECT_EQ(prescan_meta("<!-- <meta charset=big5> --><META  charset = 'gbk'>"), Encoding::kGbk);
  EXPECT_EQ(prescan_meta("<meta http-equiv=Content-Type content='text/html; charset=shift_jis'>"),
            Encoding::kShiftJis);
  EXPECT_FALSE(prescan_meta("<meta content='text/html; charset=shift_jis'>"));
  EXPECT_EQ(prescan_meta("<meta charset=utf-16>"), Encoding::kUtf8);
  EXPECT_FALSE(prescan_meta("<p title='<meta charset=gbk>'>"));
  EXPECT_FALSE(prescan_meta(std::string(1024, ' ') + "<meta charset=gbk>"));
  EXPECT_EQ(prescan_xml("<?xml version='1.0' encoding='Big5'?>"), Encoding::kBig5);
}

TEST(Choose, Order) {
  EXPECT_EQ(choose_charset("\xEF\xBB\xBFx", "gbk").source, CharsetSource::kBom);
  EXPECT_EQ(choose_charset("<meta charset=big5>\xD6\xD0", "gbk").encoding, Encoding::kGbk);
  // The server's default loses to what the page says and fits.
  EXPECT_EQ(choose_charset("<meta charset=gbk>\xD6\xD0\xB9\xFA", "ISO-8859-1").encoding,
            Encoding::kGbk);
  // A template's declaration loses to bytes that can only be UTF-8.
  EXPECT_EQ(choose_charset("<meta charset=gbk>中华人民共和国宪法", "").encoding, Encoding::kUtf8);
  EXPECT_EQ(choose_charset("plain", "").encoding, Encoding::kUtf8);
  EXPECT_EQ(choose_charset("caf\xE9 na\xEFve r\xF4le d\xE9j\xE0", "").encoding,
            Encoding::kWindows1252);
}

TEST(Choose, DecodesWithoutTheMark) {
  EXPECT_EQ(decode_page(std::string("\xFF\xFEh\0i\0", 6), "").text, "hi");
}

}  // namespace
}  // namespace seine::web
