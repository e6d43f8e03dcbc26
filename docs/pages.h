// Seine's own documentation and the sample site as they lie in the binary: Markdown by path, in
// English and Chinese. Read-only data, made at build time by cmake/docs.cmake; usable from any
// thread at any time.
#pragma once

#include <span>
#include <string_view>

namespace seine::docs {

struct Page {
  std::string_view path;  // "guides/models"; empty: the table of contents
  bool chinese;
  std::string_view markdown;
};

// In no order that means anything.
std::span<const Page> pages();
// The pages of `seine demo`.
std::span<const Page> sample_site();

// The style sheet of both: the console's palette, then rules for text.
std::string_view style();
// Changes whenever a page of the documentation does; hex.
std::string_view digest();

}  // namespace seine::docs
