// A PDF of pictures to paragraphs: each page is drawn by pdftoppm (poppler-utils), a confined child
// process, and its text recognised as that of a picture is (extract/image). Each block has its page
// as the anchor: "page=3".
#pragma once

#include <chrono>
#include <stop_token>
#include <string_view>

#include "base/error.h"
#include "web/extract/page.h"

namespace seine::web {

struct ScannedLimits {
  std::chrono::milliseconds deadline{30'000};  // for all pages; what was read by then is kept
  int pages_max = 100;
};

// Errors carry a Verdict: kNoTextLayer where no page has text, kTimeout where none was read in
// time, kCancelled, kUnsupported where pdftoppm or tesseract is not installed. Blocks until done.
base::Result<Page> scanned_pdf_page(std::string_view bytes, std::stop_token stop = {},
                                    const ScannedLimits& limits = {});

}  // namespace seine::web
