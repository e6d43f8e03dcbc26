#include "base/config_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace seine::base {
namespace {

using testing::HasSubstr;

constexpr std::array kEditable = {
    ConfigKey{"server.listen", KeyType::kList, "127.0.0.1:8480", {"Addresses.", "地址。"}},
    ConfigKey{"server.threads", KeyType::kInteger, "2", {"Threads.", "线程数。"}, {}, {}, 1, 256},
    ConfigKey{"web.enabled", KeyType::kBool, "true", {"Web.", "联网。"}},
    ConfigKey{"data.dir", KeyType::kString, "", {"Data.", "数据。"}},
};

Result<std::string> set(std::string content, std::string_view name, std::string_view text) {
  return set_in_file(kEditable, {"f.toml", std::move(content)}, name, text, Language::kEnglish);
}

TEST(ConfigEdit, AnEmptyFileGetsATable) {
  EXPECT_EQ(set("", "server.threads", "4"), "[server]\nthreads = 4\n");
}

TEST(ConfigEdit, ItsTableIsMadeOrGoesOn) {
  EXPECT_EQ(set("[web]\nenabled = false", "server.threads", "4"),
            "[web]\nenabled = false\n\n[server]\nthreads = 4\n");
  EXPECT_EQ(set("[server] # ours\nlisten = []\n\n[web]\n", "server.threads", "4"),
            "[server] # ours\nthreads = 4\nlisten = []\n\n[web]\n");
  EXPECT_EQ(set("server.listen = []\n", "server.threads", "4"),
            "server.threads = 4\nserver.listen = []\n");
  EXPECT_EQ(set("[server.other]\n", "server.threads", "4"),
            "[server.other]\n\n[server]\nthreads = 4\n");
}

TEST(ConfigEdit, AValueIsReplacedAndAllElseStays) {
  const std::string before =
      "# 河\n[server]\nthreads = 3 # 三\nlisten = [\n  \"a:1\", # one\n  \"b:2\",\n]\n";
  EXPECT_EQ(set(before, "server.threads", "16"),
            "# 河\n[server]\nthreads = 16 # 三\nlisten = [\n  \"a:1\", # one\n  \"b:2\",\n]\n");
  EXPECT_EQ(set(before, "server.listen", "c:3, d:4"),
            "# 河\n[server]\nthreads = 3 # 三\nlisten = [\"c:3\", \"d:4\"]\n");
  EXPECT_EQ(set("data.dir = '河/a' # b\n", "data.dir", "/c"), "data.dir = \"/c\" # b\n");
}

TEST(ConfigEdit, AnyStringIsReadBack) {
  for (const std::string_view text :
       {"", "a'b", "a\"b\\c", "河\tx", "line\nline", "#", "[x]", "'''\"\"\""}) {
    const auto out = set("", "data.dir", text);
    ASSERT_TRUE(out) << text << out.error().message;
    ConfigSources sources;
    sources.files.push_back({"f", *out});
    const auto config = Config::load(kEditable, sources, Language::kEnglish);
    EXPECT_EQ(config->text("data.dir"), text);
  }
}

TEST(ConfigEdit, WhatIsWrongIsNamed) {
  EXPECT_EQ(set("", "server.thread", "4").error().code, Code::kNotFound);
  EXPECT_THAT(set("", "server.thread", "4").error().message, HasSubstr("server.threads"));
  EXPECT_THAT(set("", "server.threads", "1000").error().message, HasSubstr("from 1 to 256"));
  EXPECT_THAT(set("", "web.enabled", "yes").error().message, HasSubstr("true or false"));
  EXPECT_THAT(set("[server\n", "web.enabled", "true").error().message, HasSubstr("f.toml:1"));
  for (const std::string_view form : {"server = { threads = 3 }\n", "[ server ]\n"}) {
    EXPECT_EQ(set(std::string(form), "server.listen", "a").error().code, Code::kFailedPrecondition)
        << form;
  }
}

}  // namespace
}  // namespace seine::base
