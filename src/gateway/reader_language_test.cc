#include "gateway/reader_language.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace seine::gateway {
namespace {

using base::Json;
using base::Language;

const Json kRecord = {
    {"text", "Connection refused"},  // the answer's own words
    {"steps",
     {{{"reason", "example.org cannot be reached"}, {"state", "failed"}}, {{"reason", nullptr}}}},
    {"error", {{"message", "no model is loaded"}, {"type", "UNAVAILABLE"}}},
    {"models", {{{"error", "open /m.gguf: No such file or directory"}}}}};

TEST(ReaderLanguage, PutsReasonsAndErrorsIntoChineseAndNothingElse) {
  Json json = kRecord;
  speak(json, Language::kChinese);
  EXPECT_EQ(json["text"], "Connection refused");
  EXPECT_EQ(json["steps"][0]["reason"], "无法访问 example.org");
  EXPECT_TRUE(json["steps"][1]["reason"].is_null());
  EXPECT_EQ(json["error"]["message"], "没有加载模型");
  EXPECT_EQ(json["error"]["type"], "UNAVAILABLE");
  EXPECT_EQ(json["models"][0]["error"], "打开 /m.gguf：文件或目录不存在");
}

TEST(ReaderLanguage, LeavesEnglishAndWhatIsNoJsonAlone) {
  Json json = kRecord;
  speak(json, Language::kEnglish);
  EXPECT_EQ(json, kRecord);
  EXPECT_EQ(spoken("# a chat as Markdown", Language::kChinese), "# a chat as Markdown");
  EXPECT_EQ(spoken(R"({"error":"no chat 'x'"})", Language::kChinese), R"({"error":"没有对话“x”"})");
}

}  // namespace
}  // namespace seine::gateway
