// What SQLite says of its result codes is known to base/error_text.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>

#include "base/error_text.h"
#include "store/database.h"
#include "store/detail/temporary_directory.h"

namespace seine::store {
namespace {

using base::Language;

TEST(ErrorWords, EveryResultCodeIsKnownInChinese) {
  for (int code = SQLITE_OK; code <= SQLITE_NOTADB; ++code) {
    const std::string english = sqlite3_errstr(code);
    const std::string chinese = base::message_text(english, Language::kChinese);
    EXPECT_NE(chinese, english) << code;
  }
  for (const int code : {SQLITE_ABORT_ROLLBACK, SQLITE_BUSY_SNAPSHOT, SQLITE_IOERR_WRITE,
                         SQLITE_CONSTRAINT_UNIQUE, SQLITE_READONLY_DBMOVED}) {
    const std::string english = sqlite3_errstr(code);
    EXPECT_NE(base::message_text(english, Language::kChinese), english) << code;
  }
}

TEST(ErrorWords, ADamagedFileIsToldInBothLanguages) {
  const detail::TemporaryDirectory dir;
  std::ofstream(dir / "a.db") << std::string(8192, 'x');
  const auto opened = Database::open(dir / "a.db");
  ASSERT_FALSE(opened);
  const base::Error& error = opened.error();
  EXPECT_THAT(base::error_text(error, Language::kEnglish),
              testing::HasSubstr("file is not a database; the file is damaged"));
  EXPECT_THAT(base::error_text(error, Language::kChinese),
              testing::EndsWith("：文件不是数据库；文件已损坏：请恢复备份"));
}

TEST(ErrorWords, AMissingFolderIsToldInBothLanguages) {
  const detail::TemporaryDirectory dir;
  const auto opened = Database::open(dir / "none/a.db");
  ASSERT_FALSE(opened);
  EXPECT_THAT(base::error_text(opened.error(), Language::kEnglish),
              testing::EndsWith("No such file or directory"));
  EXPECT_THAT(
      base::error_text(opened.error(), Language::kChinese),
      testing::AllOf(testing::StartsWith("打开 "), testing::EndsWith("：文件或目录不存在")));
}

}  // namespace
}  // namespace seine::store
