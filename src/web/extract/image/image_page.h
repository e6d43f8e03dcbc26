// A picture to paragraphs: the text that tesseract recognises in it. Tesseract and the picture
// codecs it needs run as a confined child process, so no format of pictures is parsed in ours.
// Paragraphs that it is not sure of are left out, since most are no text at all. Takes seconds of a
// processor.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.h"
#include "web/extract/page.h"

namespace seine::web {

struct ImageLimits {
  std::chrono::milliseconds deadline{30'000};
};

// Errors carry a Verdict: kEmpty where there is no text, kBroken, kTimeout, kCancelled,
// kUnsupported where tesseract is not installed. Blocks until done.
base::Result<Page> image_page(std::string_view bytes, std::stop_token stop = {},
                              const ImageLimits& limits = {});

// The second half: the table of words that tesseract writes (TSV, its levels 1 to 5). Pure.
Page words_page(std::string_view table);

// The program, or empty.
std::string find_tesseract();

}  // namespace seine::web
