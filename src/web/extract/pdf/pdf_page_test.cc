#include "web/extract/pdf/pdf_page.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "web/verdict.h"

namespace seine::web {
namespace {

// A PDF of pages that each draw one stream of operators; `extra` goes into the trailer.
std::string make_pdf(const std::vector<std::string>& pages, const std::string& extra = "") {
  std::vector<std::string> objects = {"<< /Type /Catalog /Pages 2 0 R >>"};
  std::string kids;
  for (std::size_t i = 0; i < pages.size(); ++i) kids += fmt::format("{} 0 R ", 4 + 2 * i);
  objects.push_back(fmt::format("<< /Type /Pages /Kids [{}] /Count {} >>", kids, pages.size()));
  objects.push_back(
      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
  for (std::size_t i = 0; i < pages.size(); ++i) {
    objects.push_back(
        fmt::format("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
                    "/Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R >>",
                    5 + 2 * i));
    objects.push_back(
        fmt::format("<< /Length {} >>\nstream\n{}\nendstream", pages[i].size(), pages[i]));
  }
  std::string out = "%PDF-1.4\n";
  std::string table = fmt::format("xref\n0 {}\n0000000000 65535 f \n", objects.size() + 1);
  for (std::size_t i = 0; i < objects.size(); ++i) {
    table += fmt::format("{:010} 00000 n \n", out.size());
    out += fmt::format("{} 0 obj\n{}\nendobj\n", i + 1, objects[i]);
  }
  const std::size_t at = out.size();
  return out + table +
         fmt::format("trailer << /Size {} /Root 1 0 R {} >>\nstartxref\n{}\n%%EOF\n",
                     objects.size() + 1, extra, at);
}

std::string draw(int size, int y, std::string_view text) {
  return fmt::format("BT /F1 {} Tf 72 {} Td ({}) Tj ET\n", size, y, text);
}

std::string body(int y) {
  return draw(11, y, "The Seine is 777 kilometres long, as every-") +
         draw(11, y - 14, "body knows who has read of it before.");
}

Verdict verdict_of_pdf(const std::string& file) {
  const auto page = pdf_page(file);
  return page ? Verdict::kOk : verdict_of(page.error());
}

class Pdf : public testing::Test {
 protected:
  void SetUp() override {
    if (find_pdftotext().empty()) GTEST_SKIP() << "no pdftotext (poppler-utils)";
  }
};

TEST_F(Pdf, TextWithHeadingsAndPages) {
  const auto page = pdf_page("a line before\n" +
                             make_pdf({draw(24, 740, "The River") + body(700),
                                       draw(16, 740, "1. Its \\(short\\) course") + body(700)},
                                      "/Info << /Title (Of rivers) /Author (Ann Lee) "
                                      "/CreationDate (D:20250304050607Z) >>"));
  ASSERT_TRUE(page) << page.error().to_string();
  EXPECT_EQ(
      page->markdown(),
      "# The River\n\nThe Seine is 777 kilometres long, as everybody knows who has read of it "
      "before.\n\n## 1. Its (short) course\n\nThe Seine is 777 kilometres long, as everybody "
      "knows who has read of it before.\n");
  EXPECT_EQ(page->blocks[1].anchor, "page=1");
  EXPECT_EQ(page->blocks[2].anchor, "page=2");
  EXPECT_EQ(page->metadata.title, "Of rivers");
  EXPECT_EQ(page->metadata.author, "Ann Lee");
  EXPECT_EQ(page->metadata.published, "2025-03-04T05:06:07Z");
}

TEST_F(Pdf, FailuresHaveTypes) {
  EXPECT_EQ(verdict_of_pdf(make_pdf({"0 0 100 100 re f"})), Verdict::kNoTextLayer);
  EXPECT_EQ(verdict_of_pdf("%PDF-1.7\nnothing more"), Verdict::kBroken);
  const std::string whole = make_pdf({body(700)});
  EXPECT_EQ(verdict_of_pdf(whole.substr(0, 40)), Verdict::kBroken);
  const std::string key(64, '5');
  EXPECT_EQ(verdict_of_pdf(make_pdf({body(700)},
                                    "/ID [<00> <00>] /Encrypt << /Filter /Standard /V 1 "
                                    "/R 2 /P -4 /O <" +
                                        key + "> /U <" + key + "> >>")),
            Verdict::kEncrypted);
}

TEST_F(Pdf, IsCancelledAndHasADeadline) {
  std::stop_source stop;
  stop.request_stop();
  const auto cancelled = pdf_page(make_pdf({body(700)}), stop.get_token());
  // It may have been quicker than the stop.
  if (!cancelled) EXPECT_EQ(verdict_of(cancelled.error()), Verdict::kCancelled);
  const auto late = pdf_page(make_pdf({body(700)}), {}, {.deadline = std::chrono::milliseconds(0)});
  ASSERT_FALSE(late);
  EXPECT_EQ(verdict_of(late.error()), Verdict::kTimeout);
}

// ---- The layout alone

std::string line(double left, double top, double height, std::string_view text) {
  return fmt::format(
      "<line xMin='{0}' yMin='{1}' xMax='500' yMax='{2}'><word xMin='{0}' yMin='{1}' xMax='500' "
      "yMax='{2}'>{3}</word></line>",
      left, top, top + height, text);
}

std::string block(std::string_view lines) {
  return fmt::format("<flow><block xMin='0' yMin='0' xMax='1' yMax='1'>{}</block></flow>", lines);
}

std::string pdf_page_of(std::string_view blocks) {
  return fmt::format("<page width='595.0' height='842.0'>{}</page>", blocks);
}

TEST(PdfLayout, ParagraphsBulletsAndHan) {
  const Page page = layout_page(
      pdf_page_of(block(line(72, 200, 10, "塞纳河全长") + line(72, 214, 10, "777公里。") +
                        line(92, 228, 10, "它流经 Paris") + line(72, 242, 10, "and Rouen.")) +
                  block(line(72, 300, 10, "• first") + line(82, 314, 10, "goes on") +
                        line(72, 328, 10, "• second"))));
  EXPECT_EQ(page.markdown(),
            "塞纳河全长777公里。\n\n它流经 Paris and Rouen.\n\n- first goes on\n- second\n");
}

TEST(PdfLayout, AHeadingIsOneOnlyWhenSure) {
  const std::string text = block(line(72, 300, 10, std::string(400, 'a')));
  EXPECT_TRUE(layout_page(pdf_page_of(block(line(72, 200, 14, "Results")) + text))
                  .markdown()
                  .starts_with("# Results"));
  for (const std::string& unsure :
       {line(72, 200, 11, "A little larger"), line(72, 200, 14, "A large sentence, but one."),
        line(72, 200, 30, "42"), line(72, 200, 14, std::string(300, 'b')),
        line(72, 200, 14, "Large") + line(72, 214, 10, "with small below")}) {
    EXPECT_FALSE(layout_page(pdf_page_of(block(unsure) + text)).markdown().contains("# "))
        << unsure;
  }
}

TEST(PdfLayout, RunningLinesAreLeftOut) {
  std::string pages;
  for (int i = 1; i <= 4; ++i) {
    pages += pdf_page_of(block(line(72, 20, 10, "Annual report 2025")) +
                         block(line(72, 300, 10, fmt::format("Text of page {}", i))) +
                         block(line(280, 810, 10, std::to_string(i))));
  }
  const Page page = layout_page(pages);
  EXPECT_EQ(page.markdown(),
            "Text of page 1\n\nText of page 2\n\nText of page 3\n\nText of page 4\n");
}

}  // namespace
}  // namespace seine::web
