#include "server/file_text.h"

#include "web/read/extract_document.h"

namespace seine::server {

base::Result<gateway::FileText> read_file_text(std::string_view name, std::string_view bytes) {
  web::ExtractOptions options{.url = "", .content_type = "", .name = std::string(name)};
  // What somebody hands in is meant whole.
  options.main_content = false;
  options.images = false;
  auto page = web::extract_document(bytes, options);
  if (!page) {
    // To whoever sends a file it is the file that is wrong, whichever way.
    return base::fail_field(base::Code::kInvalidArgument, "body", "{}", page.error().message);
  }
  return gateway::FileText{.type = std::move(page->content_type),
                           .title = std::move(page->title),
                           .text = std::move(page->markdown)};
}

}  // namespace seine::server
