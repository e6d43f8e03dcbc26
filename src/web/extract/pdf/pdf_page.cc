#include "web/extract/pdf/pdf_page.h"

#include <unistd.h>

#include "base/text.h"
#include "web/detail/confined_process.h"
#include "web/verdict.h"

namespace seine::web {

std::string find_pdftotext() {
  for (const char* usual : {"/usr/bin/pdftotext", "/usr/local/bin/pdftotext"}) {
    if (::access(usual, X_OK) == 0) return usual;
  }
  return {};
}

base::Result<Page> pdf_page(std::string_view bytes, std::stop_token stop, const PdfLimits& limits) {
  const std::string program = find_pdftotext();
  if (program.empty())
    return fail_verdict(Verdict::kUnsupported,
                        "a PDF is read by pdftotext, which is not installed; the package "
                        "poppler-utils brings it");
  // Some senders put a line or a mail header before the file.
  bytes.remove_prefix(std::min(bytes.substr(0, 1024).find("%PDF-"), bytes.size()));
  const auto read = detail::run_confined(
      program, {"-enc", "UTF-8", "-bbox-layout", "-l", std::to_string(limits.pages_max), "-", "-"},
      bytes,
      {.deadline = limits.deadline,
       .cpu = std::chrono::ceil<std::chrono::seconds>(limits.deadline)},
      std::move(stop));
  if (!read) {
    switch (read.error().code) {
      case base::Code::kCancelled:
        return fail_verdict(Verdict::kCancelled, "reading the PDF was cancelled");
      case base::Code::kDeadlineExceeded:
        return fail_verdict(Verdict::kTimeout, "reading the PDF took more than {}",
                            base::format_duration(limits.deadline));
      default:
        return fail_verdict(Verdict::kInternal, "the PDF cannot be read: {}", read.error().message);
    }
  }
  if (read->errors.contains("Incorrect password"))
    return fail_verdict(Verdict::kEncrypted, "the PDF is encrypted: it asks for a password");
  // Text that was written before an end at a limit is worth having.
  const bool cut = read->cut || read->signal != 0;
  if (read->exit_code != 0 && !cut)
    return fail_verdict(Verdict::kBroken, "the PDF is damaged: {}",
                        std::string_view(read->errors).substr(0, read->errors.find('\n')));
  Page page = layout_page(read->output);
  if (page.blocks.empty()) {
    if (cut)
      return fail_verdict(Verdict::kBroken, "the PDF cannot be read: its reader ended by signal {}",
                          read->signal);
    return fail_verdict(Verdict::kNoTextLayer,
                        "the PDF has no text layer: its pages are pictures or empty");
  }
  page.truncated = page.truncated || cut;
  return page;
}

}  // namespace seine::web
