#include "server/file_text.h"

#include "base/text.h"
#include "web/extract/page.h"

namespace seine::server {
namespace {

bool looks_like_html(std::string_view name, std::string_view bytes) {
  const std::string lower = base::ascii_lower(name);
  if (lower.ends_with(".html") || lower.ends_with(".htm") || lower.ends_with(".xhtml")) return true;
  const std::string start = base::ascii_lower(base::trim(bytes.substr(0, 256)));
  return start.starts_with("<!doctype html") || start.starts_with("<html");
}

}  // namespace

base::Result<gateway::FileText> read_file_text(std::string_view name, std::string_view bytes) {
  if (!looks_like_html(name, bytes)) return gateway::read_plain_file(name, bytes);
  const web::Page page = SEINE_TRY(web::read_page(
      bytes, {.url = {}, .header_charset = {}, .main_content = false, .images = false}));
  std::string text = page.markdown();
  if (base::trim(text).empty()) {
    return base::fail_field(base::Code::kInvalidArgument, "body", "'{}' holds no text", name);
  }
  return gateway::FileText{
      .type = "text/html", .title = page.metadata.title, .text = std::move(text)};
}

}  // namespace seine::server
