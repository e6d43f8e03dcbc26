// Templates: no crash, no hang, whatever the text; what parses renders or fails within its limits.
#include <cstdint>

#include "base/json.h"
#include "engine/template/template.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace seine;
  static const base::Json kContext = *base::parse_json(
      R"({"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"a</think>b",
      "tool_calls":[{"type":"function","function":{"name":"f","arguments":{"x":[1,2.5,null,"é"]}}}]}],
      "tools":null,"add_generation_prompt":true,"bos_token":"<s>","eos_token":"</s>","n":3})");
  const auto made =
      engine::Template::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!made) return 0;
  engine::jinja::Dict globals;
  for (const auto& [name, value] : kContext.items()) {
    globals.set(name, engine::jinja::Value::of_json(value));
  }
  const base::ManualClock clock;
  static_cast<void>(
      made->render(globals, clock, {.steps_max = 50'000, .output_bytes_max = 1 << 20}));
  return 0;
}
