// PDF to Markdown blocks. The file is read by pdftotext (poppler-utils), a confined child process:
// a format of scripts, fonts and six picture codecs is not parsed in ours. What comes back is the
// text with its boxes, from which paragraphs, bullets and, where the size of the letters leaves no
// doubt, headings are told. Each block has the page as its anchor: "page=3". Tables come as the
// text of their cells.
#pragma once

#include <stop_token>
#include <string_view>

#include "base/error.h"
#include "web/extract/page.h"

namespace seine::web {

struct PdfLimits {
  std::chrono::milliseconds deadline{20'000};
  int pages_max = 2'000;
};

// Errors carry a Verdict: kEncrypted, kNoTextLayer, kBroken, kTimeout, kCancelled, kUnsupported
// where pdftotext is not installed. Blocks until done.
base::Result<Page> pdf_page(std::string_view bytes, std::stop_token stop = {},
                            const PdfLimits& limits = {});

// The second half: pages, blocks, lines and words as `pdftotext -bbox-layout` writes them. Pure.
Page layout_page(std::string_view xml);

// The program, or empty.
std::string find_pdftotext();

}  // namespace seine::web
