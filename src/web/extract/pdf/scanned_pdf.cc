#include "web/extract/pdf/scanned_pdf.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iterator>
#include <string>
#include <utility>

#include "base/text.h"
#include "web/detail/confined_process.h"
#include "web/extract/image/image_page.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

using std::chrono::milliseconds;

constexpr const char* kDrawer = "/usr/bin/pdftoppm";
// Letters of 10 points are some 28 pixels high then, which is what tesseract was taught with.
constexpr const char* kDotsPerInch = "200";

class Scan {
 public:
  Scan(std::string_view bytes, std::stop_token stop, const ScannedLimits& limits)
      : bytes_(bytes),
        stop_(std::move(stop)),
        limits_(limits),
        end_(std::chrono::steady_clock::now() + limits.deadline) {}

  base::Result<Page> read() {
    for (int number = 1; number <= limits_.pages_max; ++number) {
      const base::Result<std::string> picture = draw(number);
      if (!picture) return stopped(picture.error());
      if (picture->empty()) return finish();  // past the last page
      base::Result<Page> text = image_page(*picture, stop_, {.deadline = left()});
      if (text) {
        add(*std::move(text), number);
      } else if (verdict_of(text.error()) != Verdict::kEmpty) {
        return stopped(text.error());
      }
    }
    page_.truncated = true;
    return finish();
  }

 private:
  milliseconds left() const {
    const auto left = std::chrono::ceil<milliseconds>(end_ - std::chrono::steady_clock::now());
    return std::max(left, milliseconds(1));
  }

  // PNG; empty where there is no such page.
  base::Result<std::string> draw(int number) const {
    const std::string page = std::to_string(number);
    auto drawn = detail::run_confined(
        kDrawer, {"-png", "-gray", "-r", kDotsPerInch, "-f", page, "-l", page, "-"}, bytes_,
        {.deadline = left(), .cpu = std::chrono::ceil<std::chrono::seconds>(limits_.deadline)},
        stop_);
    if (!drawn) {
      const bool late = drawn.error().code == base::Code::kDeadlineExceeded;
      const bool left_alone = drawn.error().code == base::Code::kCancelled;
      return fail_verdict(late         ? Verdict::kTimeout
                          : left_alone ? Verdict::kCancelled
                                       : Verdict::kInternal,
                          "the PDF cannot be read: {}", drawn.error().message);
    }
    return drawn->exit_code == 0 && drawn->signal == 0 ? std::move(drawn->output) : std::string();
  }

  void add(Page text, int number) {
    for (Block& block : text.blocks) {
      block.anchor = fmt::format("page={}", number);
      page_.blocks.push_back(std::move(block));
    }
    page_.truncated = page_.truncated || text.truncated;
  }

  // What was read before is worth having, unless nobody waits for it.
  base::Result<Page> stopped(const base::Error& error) {
    if (page_.blocks.empty() || verdict_of(error) == Verdict::kCancelled)
      return std::unexpected(error);
    page_.truncated = true;
    return std::move(page_);
  }

  base::Result<Page> finish() {
    if (page_.blocks.empty())
      return fail_verdict(Verdict::kNoTextLayer, "no text is recognised in the pages of the PDF");
    return std::move(page_);
  }

  std::string_view bytes_;
  std::stop_token stop_;
  ScannedLimits limits_;
  std::chrono::steady_clock::time_point end_;
  Page page_;
};

}  // namespace

base::Result<Page> scanned_pdf_page(std::string_view bytes, std::stop_token stop,
                                    const ScannedLimits& limits) {
  if (find_tesseract().empty() || ::access(kDrawer, X_OK) != 0)
    return fail_verdict(Verdict::kUnsupported,
                        "a PDF of pictures is read by pdftoppm and tesseract, which are not both "
                        "installed; the packages poppler-utils and tesseract-ocr bring them");
  return Scan(bytes, std::move(stop), limits).read();
}

}  // namespace seine::web
