// Comma-separated values on any text: within the limits, every row as wide.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/utf8.h"
#include "web/extract/text/csv.h"
#include "web/extract/text/text_page.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine;
  const std::string text = base::to_valid_utf8({reinterpret_cast<const char*>(data), size});
  const web::CsvLimits limits{.rows_max = 50, .columns_max = 8, .field_bytes_max = 100};
  const web::CsvTable table = web::parse_csv(text, web::guess_delimiter(text), limits);
  if (table.rows.size() > limits.rows_max) std::abort();
  for (const auto& row : table.rows) {
    if (row.size() != table.rows.front().size() || row.size() > limits.columns_max) std::abort();
    for (const std::string& field : row) {
      if (field.size() > limits.field_bytes_max || !base::is_valid_utf8(field)) std::abort();
    }
  }
  for (const web::Block& block : web::csv_page(text).blocks) {
    if (!base::is_valid_utf8(block.markdown)) std::abort();
  }
  return 0;
}
