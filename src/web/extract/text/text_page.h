// Texts that are no HTML to Markdown blocks: plain text and Markdown, JSON and lines of JSON,
// comma-separated values, any XML. The text is UTF-8; offsets are bytes of it. Pure, bounded in
// blocks, bytes, rows and columns; what is past a bound is left out and said (Page::truncated). One
// thread a call.
#pragma once

#include <string_view>

#include "base/error.h"
#include "web/extract/page.h"

namespace seine::web {

// Paragraphs as they stand.
Page plain_text_page(std::string_view text);
// The same with headings, fences and lists told apart; the first heading is the title.
Page markdown_page(std::string_view text);

// Rows as a table with the first one as its head. The delimiter is the one of , ; tab | that parts
// most rows into equally many fields; quotes by RFC 4180.
Page csv_page(std::string_view text);

// A list of flat objects is a table; an object's members are headings over tables and lists, plain
// members a list; what nests deeper is code. A JSON feed is read as a feed, with `url` as the base
// of its links. Errors: kBroken, kTooLarge.
base::Result<Page> json_page(std::string_view text, std::string_view url);
base::Result<Page> json_lines_page(std::string_view text);

Page xml_page(std::string_view text);

}  // namespace seine::web
