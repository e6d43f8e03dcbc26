// Configuration files: any bytes give a configuration or an error that names the file.
#include <array>
#include <cstdint>

#include "base/assert.h"
#include "base/config.h"

using namespace seine::base;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::array kSchema = {
      ConfigKey{"a", KeyType::kInteger, "1", {"a", "a"}},
      ConfigKey{"b.c", KeyType::kList, "", {"b", "b"}},
      ConfigKey{"b.d", KeyType::kDuration, "1s", {"b", "b"}},
  };
  ConfigSources sources;
  sources.files = {{"f.toml", std::string(reinterpret_cast<const char*>(data), size)}};
  const auto config = Config::load(kSchema, sources, Language::kEnglish);
  SEINE_ASSERT(config || config.error().message.starts_with("f.toml"), "errors name the file");
  return 0;
}
