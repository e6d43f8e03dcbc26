#include <gtest/gtest.h>

#include "web/detail/zip_builder.h"
#include "web/extract/office/cell_format.h"
#include "web/extract/office/office_page.h"
#include "web/extract/office/package.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

using detail::ZipBuilder;

constexpr std::string_view kCore =
    "<cp:coreProperties xmlns:cp='c' xmlns:dc='d' xmlns:dcterms='t'><dc:title>The report</dc:title>"
    "<dc:creator>Ann Lee</dc:creator>"
    "<dcterms:modified>2025-03-04T05:06:07Z</dcterms:modified></cp:coreProperties>";

std::string relationships(std::string_view rows) {
  return "<Relationships>" + std::string(rows) + "</Relationships>";
}

std::string relationship(std::string_view id, std::string_view type, std::string_view target,
                         std::string_view mode = "") {
  return "<Relationship Id='" + std::string(id) + "' Type='http://x/" + std::string(type) +
         "' Target='" + std::string(target) + "'" +
         (mode.empty() ? "" : " TargetMode='" + std::string(mode) + "'") + "/>";
}

// ---- DOCX

std::string docx(std::string_view body, std::string_view styles = "",
                 std::string_view numbering = "", std::string_view footnotes = "") {
  return ZipBuilder()
      .store("[Content_Types].xml", "<Types/>")
      .store("_rels/.rels",
             relationships(relationship("rId1", "officeDocument", "word/document.xml")))
      .deflate("word/document.xml", "<?xml version='1.0' encoding='UTF-8'?><w:document><w:body>" +
                                        std::string(body) + "</w:body></w:document>")
      .store("word/styles.xml", "<w:styles>" + std::string(styles) + "</w:styles>")
      .store("word/numbering.xml", "<w:numbering>" + std::string(numbering) + "</w:numbering>")
      .store("word/footnotes.xml", "<w:footnotes>" + std::string(footnotes) + "</w:footnotes>")
      .store("word/_rels/document.xml.rels",
             relationships(relationship("rId1", "styles", "styles.xml") +
                           relationship("rId2", "numbering", "/word/numbering.xml") +
                           relationship("rId3", "footnotes", "footnotes.xml") +
                           relationship("rId4", "hyperlink", "https://a.example/x", "External") +
                           relationship("rId5", "hyperlink", "javascript:alert(1)", "External")))
      .store("docProps/core.xml", kCore)
      .finish();
}

std::string p(std::string_view inside, std::string_view properties = "") {
  return "<w:p>" + (properties.empty() ? "" : "<w:pPr>" + std::string(properties) + "</w:pPr>") +
         std::string(inside) + "</w:p>";
}

std::string r(std::string_view text, std::string_view properties = "") {
  return "<w:r>" + (properties.empty() ? "" : "<w:rPr>" + std::string(properties) + "</w:rPr>") +
         "<w:t xml:space='preserve'>" + std::string(text) + "</w:t></w:r>";
}

std::string docx_markdown(const std::string& file) {
  const auto page = docx_page(file);
  if (!page) return page.error().to_string();
  return page->markdown();
}

TEST(Docx, HeadingsByStyleAndOutline) {
  const std::string styles =
      "<w:style w:styleId='1'><w:name w:val='heading 1'/></w:style>"
      "<w:style w:styleId='my'><w:name w:val='My head'/><w:basedOn w:val='1'/></w:style>"
      "<w:style w:styleId='T'><w:name w:val='Title'/></w:style>"
      "<w:style w:styleId='C'><w:name w:val='toc 1'/></w:style>"
      "<w:style w:styleId='loop'><w:name w:val='l'/><w:basedOn w:val='loop'/></w:style>";
  const std::string file = docx(
      p(r("The report"), "<w:pStyle w:val='T'/>") + p(r("1 Begin"), "<w:pStyle w:val='C'/>") +
          p(r("Begin", "<w:b/>"), "<w:pStyle w:val='my'/>") +
          p(r("Deeper"), "<w:outlineLvl w:val='2'/>") + p(r("# Text"), "<w:pStyle w:val='loop'/>"),
      styles);
  EXPECT_EQ(docx_markdown(file), "# The report\n\n# Begin\n\n### Deeper\n\n\\# Text\n");
  const auto page = docx_page(file);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->metadata.title, "The report");
  EXPECT_EQ(page->metadata.author, "Ann Lee");
  EXPECT_TRUE(page->metadata.modified.starts_with("2025-03-04"));
}

TEST(Docx, RunsLinksAndWhatIsNotThere) {
  EXPECT_EQ(docx_markdown(docx(
                p(r("The ") + r("Sei", "<w:b/>") + r("ne", "<w:b w:val='1'/>") + r(" is ") +
                  r("long", "<w:i/>") + "<w:del>" + r("deleted") + "</w:del><w:ins>" + r(", new") +
                  "</w:ins>" + r("HIDDEN", "<w:vanish/>") + r(".")) +
                p("<w:hyperlink r:id='rId4'>" + r("a link") +
                  "</w:hyperlink><w:r><w:tab/></w:r>"
                  "<w:hyperlink r:id='rId5'>" +
                  r("no link") + "</w:hyperlink>") +
                p("<w:r><mc:AlternateContent><mc:Choice><w:txbxContent>" + p(r("In a box")) +
                  "</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>" + p(r("In a box")) +
                  "</w:txbxContent></mc:Fallback></mc:AlternateContent></w:r>" + r("Around it")))),
            "The **Seine** is *long*, new.\n\n[a link](https://a.example/x) no link\n\nIn a box\n\n"
            "Around it\n");
}

TEST(Docx, ListsTablesAndNotes) {
  const std::string numbering =
      "<w:abstractNum w:abstractNumId='0'><w:lvl w:ilvl='0'><w:numFmt w:val='decimal'/></w:lvl>"
      "<w:lvl w:ilvl='1'><w:numFmt w:val='bullet'/></w:lvl></w:abstractNum>"
      "<w:num w:numId='7'><w:abstractNumId w:val='0'/></w:num>";
  const auto item = [](std::string_view text, int level) {
    return p(r(text), "<w:numPr><w:ilvl w:val='" + std::to_string(level) +
                          "'/><w:numId w:val='7'/></w:numPr>");
  };
  const auto cell = [](std::string_view inside, std::string_view properties = "") {
    return "<w:tc><w:tcPr>" + std::string(properties) + "</w:tcPr>" + std::string(inside) +
           "</w:tc>";
  };
  EXPECT_EQ(
      docx_markdown(
          docx(item("one", 0) + item("under", 1) + item("two", 0) + "<w:tbl><w:tr>" +
                   cell(p(r("A")), "<w:gridSpan w:val='2'/>") + "</w:tr><w:tr>" +
                   cell(p(r("1")) + p(r("2"))) +
                   cell("<w:tbl><w:tr><w:tc>" + p(r("in|ner")) + "</w:tc></w:tr></w:tbl>" + p("")) +
                   "</w:tr></w:tbl>" + p(r("Text") + "<w:r><w:footnoteReference w:id='2'/></w:r>"),
               "", numbering,
               "<w:footnote w:type='separator' w:id='0'>" + p("") +
                   "</w:footnote><w:footnote w:id='2'>" + p(r("A note")) + "</w:footnote>")),
      "1. one\n  - under\n2. two\n\n| A |  |\n| --- | --- |\n| 1<br>2 | in\\|ner |\n\nText[^2]\n\n"
      "[^2]: A note\n");
}

TEST(Docx, BrokenOnesAreTypedFailures) {
  const auto without = docx_page(ZipBuilder().store("[Content_Types].xml", "<Types/>").finish());
  ASSERT_FALSE(without);
  EXPECT_EQ(verdict_of(without.error()), Verdict::kBroken);
  const std::string whole = docx(p(r("text")));
  const auto cut = docx_page(std::string_view(whole).substr(0, whole.size() / 2));
  ASSERT_FALSE(cut);
  EXPECT_EQ(verdict_of(cut.error()), Verdict::kBroken);
  // XML that never ends, is no XML, or is 15,000 deep.
  EXPECT_EQ(docx_markdown(docx("<w:p><w:r><w:t>half")), "half\n");
  std::string deep;
  for (int i = 0; i < 5'000; ++i) deep += "<w:tbl><w:tr><w:tc>";
  EXPECT_EQ(docx_markdown(docx(p(r("x")) + deep)), "x\n");
}

TEST(Package, PartsStayInside) {
  EXPECT_EQ(resolve_part("ppt/slides/s.xml", "../media/a.png"), "ppt/media/a.png");
  EXPECT_EQ(resolve_part("ppt/slides/s.xml", "/xl/b.xml"), "xl/b.xml");
  EXPECT_FALSE(resolve_part("word/document.xml", "../../../etc/passwd"));
  EXPECT_EQ(safe_link("HTTPS://A.example/b"), "https://a.example/b");
  EXPECT_EQ(safe_link("mailto:a@b.example"), "mailto:a@b.example");
  for (const char* link :
       {"javascript:x", "file:///etc/passwd", "\\\\host\\share", "http://u:p@a/"})
    EXPECT_EQ(safe_link(link), "") << link;
}

// ---- XLSX

std::string xlsx(std::string_view sheet,
                 std::string_view sheets = "<sheet name='Sales' r:id='rId1'/>") {
  return ZipBuilder()
      .store("[Content_Types].xml", "<Types/>")
      .store("xl/workbook.xml", "<workbook><sheets>" + std::string(sheets) + "</sheets></workbook>")
      .store("xl/_rels/workbook.xml.rels",
             relationships(relationship("rId1", "worksheet", "worksheets/sheet1.xml") +
                           relationship("rId2", "sharedStrings", "sharedStrings.xml") +
                           relationship("rId3", "styles", "styles.xml")))
      .store("xl/sharedStrings.xml",
             "<sst><si><t>River</t></si><si><r><t>Len</t></r><r><t>gth</t></r>"
             "<rPh><t>reading</t></rPh></si><si><t>Se_x000D_ine</t></si></sst>")
      .store("xl/styles.xml",
             "<styleSheet><numFmts><numFmt numFmtId='170' formatCode='yyyy\\-mm\\-dd "
             "hh:mm'/></numFmts>"
             "<cellStyleXfs><xf numFmtId='9'/></cellStyleXfs>"
             "<cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='10'/>"
             "<xf numFmtId='170'/></cellXfs></styleSheet>")
      .deflate("xl/worksheets/sheet1.xml", "<worksheet>" + std::string(sheet) + "</worksheet>")
      .finish();
}

TEST(Xlsx, CellsShowWhatTheSheetShows) {
  const auto page = xlsx_page(xlsx(
      "<cols><col min='4' max='4' hidden='1'/></cols><sheetData>"
      "<row r='2'><c r='B2' t='s'><v>0</v></c><c r='C2' t='s'><v>1</v></c><c r='D2'><v>1</v></c>"
      "<c t='inlineStr'><is><t>When</t></is></c></row>"
      "<row><c r='B3' t='s'><v>2</v></c><c r='C3'><f>A1*2</f><v>0.30000000000000004</v></c>"
      "<c r='E3' s='1'><v>45413</v></c><c r='F3' s='2'><v>0.125</v></c><c r='G3' "
      "s='3'><v>45413.5625</v></c>"
      "<c r='H3' t='b'><v>1</v></c><c r='I3' t='e'><v>#N/A</v></c><c r='J3' "
      "t='s'><v>99</v></c></row>"
      "<row hidden='1'><c r='B4'><v>5</v></c></row></sheetData>"));
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(
      page->markdown(),
      "## Sales\n\n| River | Length | When |  |  |  |  |\n| --- | --- | --- | --- | --- | --- | "
      "--- |\n| Seine | 0.3 | 2024-05-01 | 12.50% | 2024-05-01 13:30 | TRUE | #N/A |\n");
  for (const Block& block : page->blocks) EXPECT_EQ(block.anchor, "sheet=Sales");
}

TEST(Xlsx, HiddenSheetsAreNotRead) {
  const auto page = xlsx_page(xlsx(
      "<sheetData><row><c><v>1</v></c></row></sheetData>",
      "<sheet name='Secret' state='veryHidden' r:id='rId1'/><sheet name='Gone' r:id='rId9'/>"));
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->blocks.empty());
}

TEST(Xlsx, IsBounded) {
  std::string rows = "<sheetData>";
  for (int i = 1; i <= 6'000; ++i)
    rows += "<row><c r='A" + std::to_string(i) + "'><v>" + std::to_string(i) +
            "</v></c><c r='XFD1'><v>1</v></c><c r='ZZZZZ9'><v>2</v></c></row>";
  const auto page = xlsx_page(xlsx(rows));
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->truncated);
  EXPECT_EQ(page->blocks.size(), 51U);
}

TEST(CellFormat, Codes) {
  EXPECT_EQ(format_of_code("#,##0.00").kind, CellKind::kNumber);
  EXPECT_EQ(format_of_code("0.0%").kind, CellKind::kPercent);
  EXPECT_EQ(format_of_code("0.0%").decimals, 1);
  EXPECT_EQ(format_of_code("[$-409]d\\ mmm\\ yyyy;@").kind, CellKind::kDate);
  EXPECT_EQ(format_of_code("[h]:mm:ss").kind, CellKind::kTime);
  EXPECT_EQ(format_of_code("yyyy\"年\"m\"月\"d\"日\"").kind, CellKind::kDate);
  EXPECT_EQ(format_of_code("0\" days\"").kind, CellKind::kNumber);
  EXPECT_EQ(show_number("1", {CellKind::kDate}, DateSystem::k1900), "1900-01-01");
  EXPECT_EQ(show_number("0", {CellKind::kDate}, DateSystem::k1904), "1904-01-01");
  EXPECT_EQ(show_number("0.75", {CellKind::kTime}, DateSystem::k1900), "18:00");
  EXPECT_EQ(show_number("45413.99999999", {CellKind::kDateTime}, DateSystem::k1900), "2024-05-02");
  EXPECT_EQ(show_number("-3", {CellKind::kDate}, DateSystem::k1900), "-3");
  EXPECT_EQ(show_number("1e400", {CellKind::kDate}, DateSystem::k1900), "1e400");
  EXPECT_EQ(show_number("12345678901234567890", {}, DateSystem::k1900), "1.23456789012346e+19");
}

// ---- PPTX

std::string shape(std::string_view role, std::string_view paragraphs) {
  return "<p:sp><p:nvSpPr><p:cNvPr id='1' name='x'/><p:nvPr>" +
         (role == "-" ? std::string() : "<p:ph type='" + std::string(role) + "'/>") +
         "</p:nvPr></p:nvSpPr><p:txBody>" + std::string(paragraphs) + "</p:txBody></p:sp>";
}

std::string ap(std::string_view text, std::string_view properties = "") {
  return "<a:p>" + std::string(properties) + "<a:r><a:rPr/><a:t>" + std::string(text) +
         "</a:t></a:r></a:p>";
}

TEST(Pptx, SlidesInTheirOrderWithNotes) {
  const std::string file =
      ZipBuilder()
          .store("[Content_Types].xml", "<Types/>")
          .store("ppt/presentation.xml",
                 "<p:presentation><p:sldIdLst><p:sldId id='256' r:id='rId2'/>"
                 "<p:sldId id='257' r:id='rId3'/><p:sldId id='258' r:id='rId1'/></p:sldIdLst>"
                 "</p:presentation>")
          .store("ppt/_rels/presentation.xml.rels",
                 relationships(relationship("rId1", "slide", "slides/slide1.xml") +
                               relationship("rId2", "slide", "slides/slide2.xml") +
                               relationship("rId3", "slide", "slides/slide3.xml")))
          .store("ppt/slides/slide2.xml",
                 "<p:sld>" + shape("sldNum", ap("1")) +
                     shape("body", ap("Point") + ap("Below", "<a:pPr lvl='1'/>") +
                                       ap("Plain", "<a:pPr><a:buNone/></a:pPr>")) +
                     shape("title", ap("The ") + ap("river")) + "</p:sld>")
          .store("ppt/slides/_rels/slide2.xml.rels",
                 relationships(relationship("rId1", "notesSlide", "../notesSlides/n.xml")))
          .store("ppt/notesSlides/n.xml", "<p:notes>" + shape("sldImg", ap("no")) +
                                              shape("body", ap("Say this.")) + "</p:notes>")
          .store("ppt/slides/slide3.xml",
                 "<p:sld show='0'>" + shape("title", ap("Hidden")) + "</p:sld>")
          .store("ppt/slides/slide1.xml",
                 "<p:sld>" + shape("-", ap("A box")) + "<p:graphicFrame><a:tbl><a:tr><a:tc>" +
                     ap("a") + "</a:tc><a:tc>" + ap("b") + "</a:tc></a:tr><a:tr><a:tc>" + ap("1") +
                     "</a:tc></a:tr></a:tbl>"
                     "</p:graphicFrame></p:sld>")
          .finish();
  const auto page = pptx_page(file);
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->markdown(),
            "## The river\n\n- Point\n  - Below\n\nPlain\n\n> Say this.\n\nA box\n\n"
            "| a | b |\n| --- | --- |\n| 1 |  |\n");
  EXPECT_EQ(page->blocks.front().anchor, "slide=1");
  EXPECT_EQ(page->blocks.back().anchor, "slide=3");
}

}  // namespace
}  // namespace seine::web
