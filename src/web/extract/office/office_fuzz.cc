// The front door of Office files on any bytes, and their readers on any XML: the input is taken as
// an archive, and again as every part of one.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "web/detail/zip_builder.h"
#include "web/extract/office/office_page.h"

namespace {

using namespace seine;

void check(const base::Result<web::Page>& page) {
  if (!page) return;
  for (const web::Block& block : page->blocks) {
    if (!base::is_valid_utf8(block.markdown) || block.markdown.empty()) std::abort();
  }
}

// Relationships that bind each part, whichever name the input gives it.
constexpr std::string_view kRelationships =
    R"(<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="part.xml"/>)"
    R"(<Relationship Id="rId2" Type="x/styles" Target="part.xml"/>)"
    R"(<Relationship Id="rId3" Type="x/numbering" Target="part.xml"/>)"
    R"(<Relationship Id="rId4" Type="x/sharedStrings" Target="part.xml"/>)"
    R"(<Relationship Id="rId5" Type="x/slide" Target="part.xml"/>)"
    R"(<Relationship Id="rId6" Type="x/footnotes" Target="part.xml"/>)"
    R"(<Relationship Id="rId7" Type="x/notesSlide" Target="part.xml"/>)"
    R"(<Relationship Id="rId8" Type="x/hyperlink" Target="http://a.example/" TargetMode="External"/>)"
    R"(</Relationships>)";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(web::docx_page(bytes));
  check(web::xlsx_page(bytes));
  check(web::pptx_page(bytes));
  web::detail::ZipBuilder zip;
  zip.store("[Content_Types].xml", "<Types/>");
  for (const std::string_view part :
       {"word/document.xml", "word/part.xml", "xl/workbook.xml", "xl/part.xml",
        "ppt/presentation.xml", "ppt/part.xml", "docProps/core.xml"})
    zip.store(part, bytes);
  for (const std::string_view part : {"word/_rels/document.xml.rels", "xl/_rels/workbook.xml.rels",
                                      "ppt/_rels/presentation.xml.rels", "ppt/_rels/part.xml.rels"})
    zip.store(part, kRelationships);
  const std::string archive = zip.finish();
  check(web::docx_page(archive));
  check(web::xlsx_page(archive));
  check(web::pptx_page(archive));
  return 0;
}
