// The output parser: no crash, and however the text is cut the deltas join to the same.
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "base/utf8.h"
#include "engine/parse/output_parser.h"

namespace {

using namespace seine;
using namespace seine::engine;

std::string joined(std::string_view text, const OutputOptions& options, std::size_t step) {
  OutputParser parser(options);
  std::vector<llm::Delta> deltas;
  for (std::size_t at = 0; at < text.size(); at += step) parser.push(text.substr(at, step), deltas);
  parser.finish(deltas);
  std::string reasoning;
  std::string content;
  std::string calls;
  for (const llm::Delta& delta : deltas) {
    if (const auto* piece = std::get_if<llm::TextDelta>(&delta)) content += piece->text;
    if (const auto* piece = std::get_if<llm::ReasoningDelta>(&delta)) reasoning += piece->text;
    if (const auto* piece = std::get_if<llm::ToolCallDelta>(&delta)) {
      calls += piece->id + piece->name + piece->arguments;
    }
  }
  SEINE_ASSERT(base::is_valid_utf8(content), "text is UTF-8");
  return reasoning + '\0' + content + '\0' + calls;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 4096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const OutputOptions options{.thinking = (data[0] & 1) != 0,
                              .tools = (data[0] & 2) != 0,
                              .format = static_cast<ToolFormat>(data[0] >> 2 & 3)};
  const std::string whole = joined(text, options, size);
  SEINE_ASSERT(joined(text, options, 1) == whole, "cuts change nothing");
  SEINE_ASSERT(joined(text, options, 3) == whole, "cuts change nothing");
  return 0;
}
