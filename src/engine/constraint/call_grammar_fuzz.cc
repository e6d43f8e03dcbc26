// Any text as the schema and the name of a tool, in each form: a grammar or an error.
#include <cstdint>
#include <string>

#include "engine/constraint/call_grammar.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine::engine;
  if (size < 3) return 0;
  static const auto kVocabulary =
      Tokenizer::of_tiktoken("YQ== 0\n", "gpt-2", false);  // no sign is a token
  if (!kVocabulary) return 0;
  static const CallSigns kSigns(**kVocabulary);
  const std::string text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = data[1] % (text.size() + 1);
  const CallRules rules{.format = static_cast<ToolFormat>(data[0] & 3),
                        .tools = {{.name = text.substr(0, cut),
                                   .description = "",
                                   .parameters = text.substr(cut),
                                   .strict = (data[0] & 4) != 0}},
                        .required = (data[0] & 8) != 0,
                        .several = (data[0] & 16) != 0,
                        .thinking = (data[0] & 32) != 0};
  (void)call_grammar(rules, kSigns);
  return 0;
}
