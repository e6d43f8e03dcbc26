#include "web/extract/image/image_page.h"

#include <unistd.h>

#include <array>
#include <filesystem>
#include <vector>

#include "base/text.h"
#include "base/utf8.h"
#include "web/detail/confined_process.h"
#include "web/extract/text/join.h"
#include "web/extract/text/text_page.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

constexpr std::size_t kWordsMax = 100'000;
// Of 100, on average. Text comes at 80 and more; icons, edges and textures that are taken for
// letters below 60. A doubtful word in a sure paragraph stays: without it the sentence would say
// another thing.
constexpr double kSureParagraph = 60;

// What Seine's readers read, of what is installed; more languages slow each other down.
std::string languages() {
  static constexpr std::array<std::string_view, 3> kFolders = {
      "/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tesseract-ocr/4.00/tessdata",
      "/usr/share/tessdata"};
  std::string names = "eng";
  for (const std::string_view name : {"chi_sim", "chi_tra"}) {
    for (const std::string_view folder : kFolders) {
      std::error_code ignored;
      if (!std::filesystem::exists(fmt::format("{}/{}.traineddata", folder, name), ignored))
        continue;
      names += fmt::format("+{}", name);
      break;
    }
  }
  return names;
}

struct Paragraph {
  std::string text = {};
  double sure = 0;  // the sum over its letters
  double letters = 0;
};

// The rows of words, put together. A row is: level, page, block, paragraph, line, word, left, top,
// width, height, confidence, text.
class Reader {
 public:
  void row(const std::vector<std::string_view>& fields) {
    if (fields.size() != 12) return;
    if (fields[0] == "3") return end_paragraph();
    if (fields[0] == "4") return end_line();
    const std::string_view word = base::trim(fields[11]);
    const std::optional<double> sure = base::parse_double(fields[10]);
    if (fields[0] != "5" || word.empty() || !sure || *sure < 0 || words_ == kWordsMax) return;
    ++words_;
    append_word(line_, word);
    const auto letters = static_cast<double>(base::count_points(word));
    paragraph_.sure += *sure * letters;
    paragraph_.letters += letters;
  }
  std::string finish() {
    end_paragraph();
    return std::move(text_);
  }
  bool full() const { return words_ == kWordsMax; }

 private:
  void end_line() {
    if (!line_.empty()) append_line(paragraph_.text, line_);
    line_.clear();
  }
  void end_paragraph() {
    end_line();
    const Paragraph done = std::exchange(paragraph_, {});
    if (done.text.empty() || done.sure < kSureParagraph * done.letters) return;
    if (!text_.empty()) text_ += "\n\n";
    text_ += done.text;
  }

  std::string text_;
  std::string line_;
  Paragraph paragraph_;
  std::size_t words_ = 0;
};

}  // namespace

std::string find_tesseract() {
  for (const char* usual : {"/usr/bin/tesseract", "/usr/local/bin/tesseract"}) {
    if (::access(usual, X_OK) == 0) return usual;
  }
  return {};
}

Page words_page(std::string_view table) {
  Reader reader;
  for (const std::string_view row : base::split(table, '\n')) reader.row(base::split(row, '\t'));
  const bool full = reader.full();
  Page page = plain_text_page(reader.finish());
  page.truncated = page.truncated || full;
  return page;
}

base::Result<Page> image_page(std::string_view bytes, std::stop_token stop,
                              const ImageLimits& limits) {
  const std::string program = find_tesseract();
  if (program.empty())
    return fail_verdict(Verdict::kUnsupported,
                        "the text in a picture is read by tesseract, which is not installed; the "
                        "packages tesseract-ocr and tesseract-ocr-chi-sim bring it");
  const auto read = detail::run_confined(
      program, {"-", "-", "-l", languages(), "-c", "tessedit_create_tsv=1"}, bytes,
      {.deadline = limits.deadline,
       .cpu = std::chrono::ceil<std::chrono::seconds>(limits.deadline)},
      std::move(stop));
  if (!read) {
    switch (read.error().code) {
      case base::Code::kCancelled:
        return fail_verdict(Verdict::kCancelled, "reading the picture was cancelled");
      case base::Code::kDeadlineExceeded:
        return fail_verdict(Verdict::kTimeout, "reading the picture took more than {}",
                            base::format_duration(limits.deadline));
      default:
        return fail_verdict(Verdict::kInternal, "the picture cannot be read: {}",
                            read.error().message);
    }
  }
  if (read->exit_code != 0 || read->signal != 0)
    return fail_verdict(Verdict::kBroken, "the picture is damaged, or of a kind that is not read");
  Page page = words_page(base::to_valid_utf8(read->output));
  if (page.blocks.empty())
    return fail_verdict(Verdict::kEmpty, "no text is recognised in the picture");
  page.truncated = page.truncated || read->cut;
  return page;
}

}  // namespace seine::web
