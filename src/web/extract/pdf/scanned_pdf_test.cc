#include "web/extract/pdf/scanned_pdf.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "web/extract/image/image_page.h"
#include "web/read/extract_document.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (const char c : bytes.substr(at, 4)) out = out << 8 | static_cast<unsigned char>(c);
  return out;
}

// Each page is the notice of tests/fixtures, whose compressed rows a PDF takes as they are, or
// blank.
std::string make_scan(const std::vector<bool>& pages) {
  std::ifstream file(SEINE_SOURCE_DIR "/tests/fixtures/notice.png", std::ios::binary);
  const std::string png{std::istreambuf_iterator<char>(file), {}};
  std::string rows;
  for (std::size_t at = 8; at + 12 <= png.size(); at += 12 + number_at(png, at)) {
    if (png.substr(at + 4, 4) == "IDAT") rows += png.substr(at + 8, number_at(png, at));
  }
  const std::uint32_t width = number_at(png, 16);
  const std::uint32_t height = number_at(png, 20);
  std::vector<std::string> objects = {"<< /Type /Catalog /Pages 2 0 R >>"};
  std::string kids;
  for (std::size_t i = 0; i < pages.size(); ++i) kids += fmt::format("{} 0 R ", 4 + 2 * i);
  objects.push_back(fmt::format("<< /Type /Pages /Kids [{}] /Count {} >>", kids, pages.size()));
  objects.push_back(fmt::format(
      "<< /Type /XObject /Subtype /Image /Width {} /Height {} /ColorSpace /DeviceRGB "
      "/BitsPerComponent 8 /Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns {} "
      "/Colors 3 >> /Length {} >>\nstream\n{}\nendstream",
      width, height, width, rows.size(), rows));
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const std::string draw = pages[i] ? "340 0 0 210 30 600 cm /P Do" : "";
    objects.push_back(
        fmt::format("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 842] /Resources << /XObject "
                    "<< /P 3 0 R >> >> /Contents {} 0 R >>",
                    5 + 2 * i));
    objects.push_back(fmt::format("<< /Length {} >>\nstream\n{}\nendstream", draw.size(), draw));
  }
  std::string out = "%PDF-1.4\n";
  for (std::size_t i = 0; i < objects.size(); ++i)
    out += fmt::format("{} 0 obj\n{}\nendobj\n", i + 1, objects[i]);
  return out + "trailer << /Root 1 0 R >>\n%%EOF\n";  // readers rebuild the table
}

class ScannedPdf : public testing::Test {
 protected:
  void SetUp() override {
    if (find_tesseract().empty() || ::access("/usr/bin/pdftoppm", X_OK) != 0)
      GTEST_SKIP() << "no tesseract (tesseract-ocr) or pdftoppm (poppler-utils)";
  }
};

TEST_F(ScannedPdf, EachPageIsReadAndNamed) {
  const auto page = scanned_pdf_page(make_scan({true, false, true}));
  ASSERT_TRUE(page) << page.error().to_string();
  ASSERT_GE(page->blocks.size(), 4u);
  EXPECT_EQ(page->blocks.front().markdown, "Ferry notice");
  EXPECT_EQ(page->blocks.front().anchor, "page=1");
  EXPECT_EQ(page->blocks.back().anchor, "page=3");
  EXPECT_FALSE(page->truncated);
}

TEST_F(ScannedPdf, ABoundIsSaid) {
  const auto page = scanned_pdf_page(make_scan({true, true}), {}, {.pages_max = 1});
  ASSERT_TRUE(page) << page.error().to_string();
  EXPECT_TRUE(page->truncated);
  EXPECT_EQ(page->blocks.back().anchor, "page=1");
}

TEST_F(ScannedPdf, FailuresAreTyped) {
  const auto verdict = [](const std::string& file, std::stop_token stop,
                          const ScannedLimits& limits) {
    const auto page = scanned_pdf_page(file, std::move(stop), limits);
    return page ? Verdict::kOk : verdict_of(page.error());
  };
  EXPECT_EQ(verdict(make_scan({false}), {}, {}), Verdict::kNoTextLayer);
  EXPECT_EQ(verdict(make_scan({true}), {}, {.deadline = std::chrono::milliseconds(1)}),
            Verdict::kTimeout);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(verdict(make_scan({true}), stop.get_token(), {}), Verdict::kCancelled);
}

TEST_F(ScannedPdf, IsReadWhereItIsAskedFor) {
  ExtractOptions options{.url = "", .content_type = "", .name = "scan.pdf"};
  const std::string scan = make_scan({true});
  const auto left = extract_document(scan, options);
  ASSERT_FALSE(left);
  EXPECT_EQ(verdict_of(left.error()), Verdict::kNoTextLayer);
  options.recognise = true;
  const auto page = extract_document(scan, options);
  ASSERT_TRUE(page) << page.error().to_string();
  EXPECT_THAT(page->markdown, testing::HasSubstr("leaves at 9:40 every morning."));
  EXPECT_EQ(page->blocks.front().anchor, "page=1");
}

}  // namespace
}  // namespace seine::web
