#include "server/invocation.h"

#include <gtest/gtest.h>

#include "server/config_schema.h"
#include "server/exit_code.h"
#include "server/help.h"
#include "server/service.h"

namespace seine::server {
namespace {

using base::Language;

base::Result<Invocation> parse(std::vector<std::string> words,
                               Language language = Language::kEnglish) {
  return parse_arguments(words, language);
}

TEST(Arguments, OptionsBeforeAndAfterTheCommand) {
  const Invocation invocation = *parse({"--data", "/d", "up", "--listen=[::1]:1", "-q", "--open"});
  EXPECT_EQ(invocation.command->path, "up");
  EXPECT_EQ(invocation.value("--data"), "/d");
  EXPECT_EQ(invocation.value("--listen"), "[::1]:1");
  EXPECT_TRUE(invocation.has("--quiet"));
  EXPECT_TRUE(invocation.has("--open"));
  EXPECT_FALSE(invocation.has("--detach"));
}

TEST(Arguments, TwoWordCommandsAndArguments) {
  const Invocation invocation = *parse({"config", "explain", "log.level", "--json"});
  EXPECT_EQ(invocation.command->path, "config explain");
  EXPECT_EQ(invocation.argument, "log.level");
  EXPECT_TRUE(parse({"config", "get"}));
  EXPECT_EQ(parse({"config", "explain"}).error().message, "'config explain' needs KEY");
  EXPECT_EQ(parse({"down", "now"}).error().message, "'down' does not take 'now'");
}

TEST(Arguments, ListsAddUpAndOthersAreReplaced) {
  const Invocation key = *parse({"key", "create", "x", "--scope", "chat", "--scope=models,admin",
                                 "--expires", "1d", "--expires", "2d"});
  EXPECT_EQ(key.value("--scope"), "chat,models,admin");
  EXPECT_EQ(key.value("--expires"), "2d");
  EXPECT_EQ(parse({"up", "--listen", "a:1", "--listen", "b:2"})->value("--listen"), "a:1,b:2");
  EXPECT_EQ(parse({"ask", "q", "--site", "http://a", "--site", "http://b"})->value("--site"),
            "http://a,http://b");
}

TEST(Arguments, ThreeWordCommandsBesideTwoWordOnes) {
  EXPECT_EQ(parse({"web", "watch", "ls"})->command->path, "web watch ls");
  const Invocation watch = *parse({"web", "watch", "https://a.example/", "--every", "2h"});
  EXPECT_EQ(watch.command->path, "web watch");
  EXPECT_EQ(watch.argument, "https://a.example/");
  EXPECT_EQ(parse({"web", "watch", "show"}).error().message, "'web watch show' needs ID");
}

TEST(Arguments, SlipsNameTheNearestWordInBothLanguages) {
  EXPECT_EQ(parse({"doctr"}).error().message,
            "there is no command 'doctr'; did you mean 'doctor'?");
  EXPECT_EQ(parse({"up", "--lisen=x"}).error().message,
            "'up' has no option '--lisen'; did you mean '--listen'?");
  EXPECT_EQ(parse({"doctr"}, Language::kChinese).error().message,
            "没有命令 'doctr'；是否想写 'doctor'？");
  EXPECT_EQ(parse({"up", "--log", "loud"}).error().message,
            "--log is 'loud' but must be one of debug, info, warn, error, off");
  EXPECT_FALSE(parse({"up", "--listen"}));
  EXPECT_TRUE(
      parse({"web", "raed"}).error().message.contains("'web raed'; did you mean 'web read'"));
}

TEST(Arguments, HelpComesFromEverywhere) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {}, {"--help"}, {"-h"}, {"help"}, {"--lang", "zh", "-h"}}) {
    const auto invocation = parse(words);
    ASSERT_TRUE(invocation) << invocation.error().message;
    EXPECT_TRUE(invocation->has("--help"));
    EXPECT_EQ(invocation->command, nullptr);
  }
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"web"}, {"web", "--help"}, {"help", "web"}}) {
    const auto invocation = parse(words);
    ASSERT_TRUE(invocation) << invocation.error().message;
    EXPECT_TRUE(invocation->has("--help"));
    EXPECT_EQ(invocation->group, "web");
  }
  const std::string web = help_text(nullptr, Language::kChinese, "web");
  EXPECT_TRUE(web.contains("用法： seine web 命令"));
  EXPECT_TRUE(web.contains("web crawl URL"));
  EXPECT_FALSE(web.contains("doctor"));
  EXPECT_EQ(parse({"help", "up"})->command->path, "up");
  EXPECT_EQ(parse({"up", "--help"})->command->path, "up");
  EXPECT_EQ(parse({"--version"})->command->path, "version");
}

TEST(Help, EveryCommandIsCompleteInBothLanguages) {
  for (const Command& command : commands()) {
    EXPECT_FALSE(command.help.en.empty() || command.help.zh.empty()) << command.path;
    for (const Option& option : command.options)
      EXPECT_FALSE(option.help.en.empty() || option.help.zh.empty()) << option.name;
    for (const Language language : {Language::kEnglish, Language::kChinese}) {
      EXPECT_NE(help_text(&command, language).find(command.help.in(language)), std::string::npos);
    }
    EXPECT_NE(help_text(nullptr, Language::kEnglish).find(command.path), std::string::npos);
  }
  for (const base::ConfigKey& key : config_schema())
    EXPECT_FALSE(key.help.en.empty() || key.help.zh.empty()) << key.name;
}

TEST(Help, ConfigKeysOfOptionsExist) {
  const auto check = [](std::span<const Option> options) {
    for (const Option& option : options) {
      if (option.config_key.empty()) continue;
      const base::ConfigKey* key = base::find_key(config_schema(), option.config_key);
      ASSERT_NE(key, nullptr) << option.name;
      EXPECT_EQ(option.value.empty(), key->type == base::KeyType::kBool) << option.name;
    }
  };
  check(global_options());
  for (const Command& command : commands()) check(command.options);
}

TEST(Help, ScriptsNameEveryCommand) {
  for (const std::string_view shell : {"bash", "zsh", "fish"}) {
    const std::string script = *completion_script(shell);
    for (const std::string_view word : {"up", "down", "doctor", "config", "explain", "log.level"}) {
      EXPECT_NE(script.find(word), std::string::npos) << shell << " " << word;
    }
  }
  EXPECT_FALSE(completion_script("cmd"));
  EXPECT_NE(man_page("1").find("server.listen"), std::string::npos);
}

TEST(Configuration, FlagsReachTheirKeys) {
  const Terminal terminal(Language::kEnglish, ColorMode::kNever, true);
  Invocation invocation =
      *parse({"up", "--data", "/d", "--no-auth-on-loopback", "--listen", "127.0.0.1:1,[::1]:2"});
  invocation.terminal = &terminal;
  invocation.environment = {{"SEINE_SERVER_THREADS", "3"}, {"SEINE_LOG", "debug"}};
  const base::Config config = *load_config(invocation);
  EXPECT_TRUE(config.flag("server.open_on_loopback"));
  EXPECT_EQ(config.text("log.level"), "debug");
  const ServiceSettings settings =
      service_settings(config, *data_directory(config, invocation.environment, Language::kEnglish));
  EXPECT_EQ(settings.data_dir, "/d");
  EXPECT_EQ(settings.threads, 3u);
  EXPECT_EQ(settings.listen, (std::vector<std::string>{"127.0.0.1:1", "[::1]:2"}));
}

TEST(Configuration, DataDirectoryFollowsTheEnvironment) {
  const base::Config config = *base::Config::load(config_schema(), {}, Language::kEnglish);
  const auto directory = [&](Environment environment) {
    return data_directory(config, environment, Language::kEnglish);
  };
  EXPECT_EQ(*directory({{"HOME", "/h"}}), "/h/.local/share/seine");
  EXPECT_EQ(*directory({{"HOME", "/h"}, {"XDG_DATA_HOME", "/x"}}), "/x/seine");
  EXPECT_EQ(*directory({{"STATE_DIRECTORY", "/var/lib/seine:/other"}, {"HOME", "/h"}}),
            "/var/lib/seine");
  EXPECT_EQ(directory({}).error().message, "no data directory: set --data, SEINE_DATA or HOME");
}

TEST(Listen, Addresses) {
  EXPECT_EQ(parse_listen("127.0.0.1:8480")->port, 8480);
  EXPECT_EQ(parse_listen("[::1]:0")->host, "::1");
  EXPECT_EQ(parse_listen("unix:/run/seine.sock")->unix_path, "/run/seine.sock");
  for (const std::string_view bad :
       {"", "8480", ":8480", "localhost", "localhost:99999", "::1:8480", "localhost:x", "unix:"}) {
    EXPECT_FALSE(parse_listen(bad)) << bad;
  }
}

TEST(ExitCode, FollowsTheTable) {
  EXPECT_EQ(exit_code(base::Code::kInvalidArgument), 2);
  EXPECT_EQ(exit_code(base::Code::kNotFound), 3);
  EXPECT_EQ(exit_code(base::Code::kResourceExhausted), 7);
  EXPECT_EQ(exit_code(base::Code::kDeadlineExceeded), 124);
}

}  // namespace
}  // namespace seine::server
