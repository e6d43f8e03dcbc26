#include "server/file_text.h"

#include "web/read/extract_document.h"

namespace seine::server {

base::Result<gateway::FileText> read_file_text(std::string_view name, std::string_view bytes) {
  web::ExtractOptions options{.url = "", .content_type = "", .name = std::string(name)};
  // What somebody hands in is meant whole.
  options.main_content = false;
  options.images = false;
  options.recognise = true;
  auto page = web::extract_document(bytes, options);
  if (!page) {
    // To whoever sends a file it is the file that is wrong, whichever way.
    return base::fail_field(base::Code::kInvalidArgument, "body", "{}", page.error().message);
  }
  std::vector<gateway::FilePlace> places;
  for (web::PageBlock& block : page->blocks) {
    const bool same = places.empty() ? block.anchor.empty() : places.back().anchor == block.anchor;
    if (!same) places.push_back({block.start, std::move(block.anchor)});
  }
  return gateway::FileText{.type = std::move(page->content_type),
                           .title = std::move(page->title),
                           .text = std::move(page->markdown),
                           .places = std::move(places)};
}

}  // namespace seine::server
