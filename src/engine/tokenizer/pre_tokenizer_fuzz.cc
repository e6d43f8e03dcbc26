// Any bytes through every pre-tokenizer: the pieces cover the text in order and none is empty.
#include <string_view>
#include <vector>

#include "base/assert.h"
#include "engine/tokenizer/pre_tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const char* name : {"deepseek-llm", "deepseek-coder", "deepseek-v3", "qwen2", "llama-bpe",
                           "gpt-2", "seine-mini"}) {
    std::vector<std::size_t> ends;
    seine::engine::PreTokenizer::of_name(name)->split(text, ends);
    std::size_t last = 0;
    for (const std::size_t end : ends) {
      SEINE_ASSERT(end > last, "pieces go forward");
      last = end;
    }
    SEINE_ASSERT(last == size, "pieces cover the text");
  }
  return 0;
}
