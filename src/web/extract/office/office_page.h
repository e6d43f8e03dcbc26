// Documents of Office Open XML to Markdown blocks. Text only: no macro, no embedded object, no
// picture, nothing outside of the file is looked at. Deleted and hidden text, hidden slides and
// hidden sheets are not read. Pure over the bytes, bounded by the archive's limits and the sink's.
// One thread a call.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.h"
#include "web/extract/page.h"

namespace seine::web {

// Columns of a table that are read; further ones are not.
inline constexpr std::size_t kTableColumnsMax = 64;

// Errors of all three carry a Verdict: kBroken, kTooLarge, kEncrypted, kUnsupported.

// Headings by the styles' outline levels, lists by their numbering, tables, links, foot- and
// endnotes last.
base::Result<Page> docx_page(std::string_view bytes);
// A heading and a table for each sheet, anchors "sheet=Name"; what cells show, not their formulas.
base::Result<Page> xlsx_page(std::string_view bytes);
// A heading for each slide's title, its text, tables, and the speaker's notes as a quote; anchors
// "slide=3".
base::Result<Page> pptx_page(std::string_view bytes);

}  // namespace seine::web
