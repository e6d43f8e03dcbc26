// Configuration files: any bytes give a configuration or an error that names the file, and a value
// is set in one that loads or left to its writer.
#include <array>
#include <cstdint>
#include <utility>

#include "base/assert.h"
#include "base/config.h"
#include "base/config_edit.h"

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
  for (const auto& [name, value] : {std::pair("a", "7"), std::pair("b.c", "x,y")}) {
    const auto edited =
        set_in_file(kSchema, sources.files.front(), name, value, Language::kEnglish);
    SEINE_ASSERT(!config || edited || edited.error().code == Code::kFailedPrecondition,
                 "what loads is edited or left alone");
    if (!edited) continue;
    ConfigSources after;
    after.files.push_back({"f", *edited});
    const auto again = Config::load(kSchema, after, Language::kEnglish);
    SEINE_ASSERT(again->explain(name, Language::kEnglish)->front().value == value,
                 "what was set is read back");
  }
  return 0;
}
