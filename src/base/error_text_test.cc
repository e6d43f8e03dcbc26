#include "base/error_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>

#include "base/detail/phrases.h"
#include "base/utf8.h"

namespace seine::base {
namespace {

std::string zh(std::string_view message) {
  return message_text(message, Language::kChinese);
}

std::size_t holes(std::string_view phrase) {
  std::size_t count = 0;
  for (std::size_t at = phrase.find('{'); at != std::string_view::npos;
       at = phrase.find('{', at + 1))
    ++count;
  return count;
}

TEST(ErrorText, EnglishIsTheMessageItself) {
  const Error error = errno_error("open /data/x", ENOENT);
  EXPECT_EQ(error_text(error, Language::kEnglish), "open /data/x: No such file or directory");
  EXPECT_EQ(message_text("anything", Language::kEnglish), "anything");
}

TEST(ErrorText, ChineseNamesTheDoingAndTheCause) {
  const auto text = [](const Error& error) { return error_text(error, Language::kChinese); };
  EXPECT_EQ(text(errno_error("open /data/x", ENOENT)), "打开 /data/x：文件或目录不存在");
  EXPECT_EQ(text(errno_error("listen on 127.0.0.1", EADDRINUSE).within("listen on 127.0.0.1:80")),
            "监听 127.0.0.1:80：监听 127.0.0.1：地址已被占用");
  EXPECT_EQ(zh("write /d/blobs/tmp/1-1: No space left on device (3.0 MiB free)"),
            "写入 /d/blobs/tmp/1-1：磁盘空间不足（剩余 3.0 MiB）");
  EXPECT_EQ(zh("cannot connect to localhost:81: Connection refused"),
            "无法连接 localhost:81：连接被拒绝");
  EXPECT_EQ(zh("/d/seine.db: prepare \"SELECT 1\": database is locked"),
            "/d/seine.db：准备语句“SELECT 1”：数据库被占用");
  EXPECT_EQ(zh("/d/seine.db: open: file is not a database; the file is damaged: restore a backup"),
            "/d/seine.db：打开：文件不是数据库；文件已损坏：请恢复备份");
  EXPECT_EQ(zh("certificate not accepted: certificate has expired"), "证书未被接受：证书已过期");
  EXPECT_EQ(zh("the data directory /d is already used by process 7"),
            "数据目录 /d 正由进程 7 使用");
  EXPECT_EQ(zh("/d/a.db: migration 3 of 'blob' is not on record but later ones are"),
            "/d/a.db：“blob”的迁移 3 没有记录，而后面的却有");
}

TEST(ErrorText, APhraseStandsBehindItsContext) {
  EXPECT_EQ(zh("robots.txt of a.example cannot be read: a.example cannot be reached"),
            "无法读取 a.example 的 robots.txt：无法访问 a.example");
}

TEST(ErrorText, SeveralMessagesInOneAreEachTranslated) {
  EXPECT_EQ(message_text("no search provider answered: brave [bad_key]: it answers 401; "
                         "wikipedia [timeout]: no answer came in time",
                         Language::kChinese),
            "没有搜索服务给出回答：brave [bad_key]：返回 401；wikipedia [timeout]：未在时限内响应");
}

TEST(ErrorText, TheUnknownKeepsItsWordsBehindItsCode) {
  EXPECT_EQ(error_text({Code::kDataLoss, "the moon is cut"}, Language::kChinese),
            "数据损坏：the moon is cut");
  EXPECT_EQ(error_text({Code::kNotFound, ""}, Language::kChinese), "未找到");
  EXPECT_EQ(zh("the moon is cut"), "the moon is cut");
  // Chinese already.
  EXPECT_EQ(error_text({Code::kInvalidArgument, "未知命令“x”"}, Language::kChinese), "未知命令“x”");
  // A sentence that only ends like one of ours is not taken for it.
  EXPECT_EQ(zh("whoever said this has no text"), "whoever said this has no text");
  EXPECT_EQ(zh("example.org has no text"), "example.org 没有正文");
  // A colon that separates nothing known stays.
  EXPECT_EQ(zh("a: b"), "a: b");
}

TEST(ErrorText, KnowsTheSixteenCodesInBothLanguages) {
  std::set<std::string_view> seen;
  for (int i = 1; i <= 16; ++i) {
    const auto code = static_cast<Code>(i);
    for (const Language language : {Language::kEnglish, Language::kChinese}) {
      EXPECT_FALSE(code_text(code, language).empty());
      seen.insert(code_text(code, language));
    }
  }
  EXPECT_EQ(seen.size(), 32U);
}

// Every number that errno_error may meet on a file, a socket or a process: those that libc names
// between EPERM and EHWPOISON, without the STREAMS and XENIX relics that Linux never returns.
TEST(ErrorText, KnowsEveryErrnoThatACallOfOursGives) {
  const int relics[] = {
      EBADE,    EBADR,       EXFULL,       ENOANO,       EBADRQC,         EBADSLT, EBFONT,
      ENOSTR,   ENOSR,       ENONET,       ENOPKG,       EREMOTE,         ENOLINK, EADV,
      ESRMNT,   ECOMM,       EMULTIHOP,    EDOTDOT,      ENOTUNIQ,        EBADFD,  EREMCHG,
      ELIBACC,  ELIBBAD,     ELIBSCN,      ELIBMAX,      ELIBEXEC,        EILSEQ,  ERESTART,
      ESTRPIPE, EUSERS,      ETOOMANYREFS, ENOTNAM,      ENAVAIL,         EISNAM,  EMEDIUMTYPE,
      ENOKEY,   EKEYEXPIRED, EKEYREVOKED,  EKEYREJECTED, ENOTRECOVERABLE, ERFKILL, ENOMSG,
      EIDRM,    ECHRNG,      EL2NSYNC,     EL3HLT,       EL3RST,          ELNRNG,  EUNATCH,
      ENOCSI,   EL2HLT,      ENOTBLK,      EDOM};
  const std::set<int> left_out(std::begin(relics), std::end(relics));
  for (int number = EPERM; number <= EHWPOISON; ++number) {
    if (left_out.contains(number)) continue;
    const std::string text = error_text(errno_error("open x", number), Language::kChinese);
    EXPECT_THAT(text, testing::StartsWith("打开 x：")) << number;
    EXPECT_EQ(text.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), std::string::npos) << text;
  }
}

TEST(ErrorText, ThePhrasesAreWholePairs) {
  for (const auto table : {detail::kCauses, detail::kSentences, detail::kEngineSentences,
                           detail::kWebSentences, detail::kDoings}) {
    std::set<std::string_view> seen;
    for (const Bilingual& phrase : table) {
      EXPECT_TRUE(seen.insert(phrase.en).second) << "twice: " << phrase.en;
      EXPECT_FALSE(phrase.zh.empty()) << phrase.en;
      EXPECT_EQ(holes(phrase.en), holes(phrase.zh)) << phrase.en;
      EXPECT_TRUE(is_valid_utf8(phrase.zh)) << phrase.en;
    }
  }
}

TEST(ErrorText, AnyTextEndsSoon) {
  std::string nested;
  while (nested.size() < 2000) nested += "a: cannot resolve {}: ";
  EXPECT_FALSE(zh(nested).empty());
  const std::string large(100'000, ':');
  EXPECT_EQ(zh(large), large);
}

}  // namespace
}  // namespace seine::base
