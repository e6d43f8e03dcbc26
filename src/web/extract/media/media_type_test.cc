#include "web/extract/media/media_type.h"

#include <gtest/gtest.h>

#include "web/detail/zip_builder.h"

namespace seine::web {
namespace {

using namespace std::string_view_literals;

Format format(std::string_view bytes, std::string_view type = "", std::string_view name = "") {
  return identify_media(bytes, {.content_type = type, .name = name}).format;
}

std::string office(std::string_view folder) {
  return detail::ZipBuilder()
      .store("[Content_Types].xml", "<Types/>")
      .store(std::string(folder) + "main.xml", "<a/>")
      .finish();
}

TEST(MediaType, BytesTellWhereNoTypeIsGiven) {
  EXPECT_EQ(format("%PDF-1.7\n\xe2\xe3"), Format::kPdf);
  EXPECT_EQ(format("junk\0\0%PDF-1.7"sv), Format::kPdf);
  EXPECT_EQ(format("  \n<!DOCTYPE html><p>a"), Format::kHtml);
  EXPECT_EQ(format("<table \n><td>a"), Format::kHtml);
  EXPECT_EQ(format("<?xml version='1.0'?><rss version='2.0'><channel/></rss>"), Format::kFeed);
  EXPECT_EQ(format("<feed xmlns='http://www.w3.org/2005/Atom'/>"), Format::kFeed);
  EXPECT_EQ(format("<?xml version='1.0'?><!-- c --><urlset/>"), Format::kXml);
  EXPECT_EQ(format("<?xml version='1.0'?><html xmlns='x'/>"), Format::kHtml);
  EXPECT_EQ(format("{\n \"a\": 1}"), Format::kJson);
  EXPECT_EQ(format("[link](http://a.example/) is no JSON"), Format::kText);
  EXPECT_EQ(format("Just words."), Format::kText);
  EXPECT_EQ(format("a,b\n1,2\n", "", "data/T.CSV"), Format::kCsv);
  EXPECT_EQ(format("# T\n", "", "https://a.example/README.md?raw=1"), Format::kMarkdown);
  EXPECT_EQ(format("a\0b"sv), Format::kOther);
}

TEST(MediaType, OfficeIsToldByTheParts) {
  EXPECT_EQ(format(office("word/"), "application/octet-stream"), Format::kDocx);
  EXPECT_EQ(format(office("xl/"), "application/zip"), Format::kXlsx);
  EXPECT_EQ(format(office("ppt/")), Format::kPptx);
  EXPECT_EQ(identify_media(detail::ZipBuilder().store("a.txt", "a").finish(), {}).type,
            "application/zip");
  // Cut short, it is what it says it is: broken, and not of another kind.
  EXPECT_EQ(format(office("word/").substr(0, 70), "", "a.DOCX"), Format::kDocx);
  EXPECT_EQ(format(office("word/").substr(0, 70), "", "a.zip"), Format::kOther);
  const std::string odt =
      detail::ZipBuilder().store("mimetype", "application/vnd.oasis.opendocument.text").finish();
  EXPECT_EQ(identify_media(odt, {}).type, "application/vnd.oasis.opendocument.text");
}

TEST(MediaType, WhatIsNotReadHasItsName) {
  EXPECT_EQ(identify_media("\x89PNG\r\n\x1a\n\0\0", {.content_type = "text/html"}).type,
            "image/png");
  EXPECT_EQ(identify_media("\x1f\x8b\x08\0\0"sv, {}).type, "application/gzip");
  EXPECT_EQ(identify_media("\x7f"
                           "ELF\2\1"sv,
                           {})
                .type,
            "application/x-executable");
  EXPECT_EQ(identify_media("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"sv, {}).type,
            "application/x-ole-storage");
  EXPECT_EQ(identify_media("\1\2\3", {.content_type = "application/x-thing"}).type,
            "application/x-thing");
  // Two letters begin many a text.
  EXPECT_EQ(format("BMW builds cars."), Format::kText);
}

TEST(MediaType, ATypeIsBelievedAsFarAsTheBytesAgree) {
  EXPECT_EQ(format("<html><p>Not found", "application/pdf"), Format::kHtml);
  EXPECT_EQ(format("<!doctype html>", "application/json"), Format::kHtml);
  EXPECT_EQ(format("<?xml version='1.0'?><rss/>", "text/html; charset=utf-8"), Format::kFeed);
  EXPECT_EQ(format("<?xml version='1.0'?><rss/>", "application/xml"), Format::kFeed);
  EXPECT_EQ(format("%PDF-1.4", "text/plain"), Format::kPdf);
  EXPECT_EQ(format("<p>shown as text", "text/plain"), Format::kText);
  EXPECT_EQ(format("a\1\2", "text/plain"), Format::kOther);
  EXPECT_EQ(format("\xff\xfe"
                   "a\0b\0"sv,
                   "text/plain"),
            Format::kText);
  EXPECT_EQ(format("a;b", "text/plain", "x.csv"), Format::kCsv);
  EXPECT_EQ(format("{}", "application/ld+json"), Format::kJson);
  EXPECT_EQ(format("body{}", "text/css"), Format::kOther);
}

TEST(MediaType, NosniffIsObeyed) {
  const auto strict = [](std::string_view bytes, std::string_view type) {
    return identify_media(bytes, {.content_type = type, .no_sniff = true}).format;
  };
  EXPECT_EQ(strict("<html>", "application/pdf"), Format::kPdf);
  EXPECT_EQ(strict("%PDF-1.4", "text/html"), Format::kHtml);
  EXPECT_EQ(strict("%PDF-1.4", "image/png"), Format::kOther);
  // A type that says nothing is none.
  EXPECT_EQ(strict("%PDF-1.4", "application/octet-stream"), Format::kPdf);
}

}  // namespace
}  // namespace seine::web
