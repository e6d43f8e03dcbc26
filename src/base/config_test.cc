#include "base/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace seine::base {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::array kSchema = {
    ConfigKey{"server.listen", KeyType::kList, "127.0.0.1:8480", {"Addresses.", "地址。"}},
    ConfigKey{"server.threads", KeyType::kInteger, "2", {"Threads.", "线程数。"}, {}, {}, 1, 256},
    ConfigKey{"limits.body", KeyType::kSize, "32MiB", {"Body.", "请求体。"}},
    ConfigKey{"limits.idle", KeyType::kDuration, "1m", {"Idle.", "空闲。"}},
    ConfigKey{"log.level",
              KeyType::kChoice,
              "info",
              {"Level.", "级别。"},
              "SEINE_LOG",
              "debug|info|warn|error"},
    ConfigKey{"web.enabled", KeyType::kBool, "true", {"Web.", "联网。"}},
};

Result<Config> load(ConfigSources sources, Language language = Language::kEnglish) {
  return Config::load(kSchema, sources, language);
}

TEST(Config, BuiltInValues) {
  const Config config = *load({});
  EXPECT_THAT(config.list("server.listen"), ElementsAre("127.0.0.1:8480"));
  EXPECT_EQ(config.integer("server.threads"), 2);
  EXPECT_EQ(config.size_bytes("limits.body"), 32u << 20);
  EXPECT_EQ(config.duration("limits.idle"), 60s);
  EXPECT_EQ(config.text("log.level"), "info");
  EXPECT_TRUE(config.flag("web.enabled"));
}

TEST(Config, FlagBeatsVariableBeatsFilesBeatsBuiltIn) {
  ConfigSources sources;
  sources.flags["log.level"] = "error";
  sources.variables["SEINE_LOG"] = "debug";
  sources.variables["SEINE_SERVER_THREADS"] = "4";
  sources.files = {{"a.toml", "[server]\nthreads = 8\nlisten = [\"[::1]:1\", \"0.0.0.0:2\"]\n"},
                   {"b.toml", "log.level = \"warn\"\nlimits.idle = \"5s\"\n"}};
  const Config config = *load(sources);
  EXPECT_EQ(config.text("log.level"), "error");
  EXPECT_EQ(config.integer("server.threads"), 4);
  EXPECT_THAT(config.list("server.listen"), ElementsAre("[::1]:1", "0.0.0.0:2"));
  EXPECT_EQ(config.duration("limits.idle"), 5s);

  std::vector<std::string> chain;
  for (const ConfigOrigin& origin : *config.explain("log.level", Language::kEnglish)) {
    chain.push_back(origin.source + "=" + origin.value);
  }
  EXPECT_THAT(chain, ElementsAre("flag=error", "variable SEINE_LOG=debug", "b.toml:1:5=warn",
                                 "built-in=info"));
}

TEST(Config, UnknownKeysNameThePlaceAndTheNearestKey) {
  ConfigSources sources;
  sources.files = {{"seine.toml", "[server]\nthreads = 2\n\n  lisen = \"x\"\n"}};
  EXPECT_EQ(load(sources).error().message,
            "seine.toml:4:3: unknown key 'server.lisen'; did you mean 'server.listen'?");
  EXPECT_EQ(load(sources, Language::kChinese).error().message,
            "seine.toml:4:3：未知的配置项 'server.lisen'；是否想写 'server.listen'？");
  EXPECT_EQ(Config(*load({})).explain("log.levle", Language::kEnglish).error().message,
            "unknown key 'log.levle'; did you mean 'log.level'?");
}

TEST(Config, WrongValuesSayWhatIsWanted) {
  ConfigSources sources;
  sources.variables["SEINE_LOG"] = "loud";
  EXPECT_EQ(
      load(sources).error().message,
      "variable SEINE_LOG: 'log.level' is 'loud' but must be one of debug, info, warn, error");
  sources = {};
  sources.files = {{"f.toml", "server.threads = 0"}};
  EXPECT_EQ(load(sources).error().message,
            "f.toml:1:8: 'server.threads' is '0' but must be a whole number from 1 to 256");
  sources.files = {{"f.toml", "limits.idle = 1979-05-27"}};
  EXPECT_THAT(load(sources).error().message,
              HasSubstr("must be a string, number, boolean or list of strings"));
}

TEST(Config, BrokenFilesGiveThePlace) {
  ConfigSources sources;
  sources.files = {{"f.toml", "a = 1\nb = = 2\n"}};
  EXPECT_THAT(load(sources).error().message, testing::StartsWith("f.toml:2:5: not TOML: "));
  sources.files = {{"f.toml", "server.threads = 1\nserver.threads = 2\n"}};
  EXPECT_THAT(load(sources).error().message, testing::StartsWith("f.toml:2:"));
}

TEST(Config, StrayVariablesAreRemembered) {
  ConfigSources sources;
  sources.variables = {{"SEINE_LGO", "debug"}, {"SEINE_LANG", "zh"}, {"HOME", "/root"}};
  EXPECT_THAT(load(sources)->unknown_variables(), ElementsAre("SEINE_LGO"));
}

}  // namespace
}  // namespace seine::base
