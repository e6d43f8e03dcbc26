// For tests: a page of one paragraph.
#pragma once

#include <string>
#include <utility>

#include "answer/types.h"

namespace seine::answer {

inline Page test_page(std::string title, std::string text) {
  Page out{.url = "https://example.org/" + title,
           .title = title,
           .markdown = std::move(text),
           .blocks = {}};
  out.blocks.push_back({"paragraph", {0, out.markdown.size()}, ""});
  return out;
}

}  // namespace seine::answer
