#include "web/detail/confined_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace seine::web::detail {
namespace {

using base::Code;
using namespace std::chrono_literals;

base::Result<ConfinedResult> run(const std::string& program, std::vector<std::string> arguments,
                                 std::string_view input = "", const ConfinedLimits& limits = {},
                                 std::stop_token stop = {}) {
  return run_confined(program, arguments, input, limits, std::move(stop));
}

// What a script answers that tries something; it prints the error's number.
std::string attempt(const std::string& code) {
  constexpr const char* kPython = "/usr/bin/python3";
  const auto result =
      run(kPython, {"-I", "-S", "-c",
                    "import os\ntry:\n  " + code +
                        "\n  print('done')\nexcept MemoryError:\n  print('memory')\n"
                        "except OSError as e:\n  print('refused', e.errno)\n"});
  return result ? result->output : result.error().to_string();
}

TEST(ConfinedProcess, PassesInputAndOutput) {
  const std::string input(1'000'000, 'x');
  const auto result = run("/bin/cat", {}, input);
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_EQ(result->output, input);
  EXPECT_EQ(result->exit_code, 0);
  const auto failed = run("/bin/cat", {"/nowhere"});
  ASSERT_TRUE(failed);
  EXPECT_NE(failed->exit_code, 0);
  EXPECT_TRUE(failed->errors.contains("/nowhere"));
}

TEST(ConfinedProcess, TheEnvironmentIsNotOurs) {
  ASSERT_EQ(::setenv("SEINE_TEST_SECRET", "secret", 1), 0);  // NOLINT(concurrency-mt-unsafe)
  const auto result = run("/usr/bin/env", {});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->output, "LANG=C.UTF-8\nOMP_THREAD_LIMIT=1\n");
}

TEST(ConfinedProcess, CanDoNothingButCompute) {
  if (::access("/usr/bin/python3", X_OK) != 0) GTEST_SKIP() << "no python3 to try with";
  EXPECT_EQ(attempt("open('/etc/hostname').read()"), "done\n");
  EXPECT_EQ(attempt("import _socket; _socket.socket()"), "refused 1\n");
  EXPECT_EQ(attempt("open('/tmp/seine-confined', 'w')"), "refused 1\n");
  EXPECT_EQ(attempt("os.open('/dev/null', os.O_RDWR)"), "refused 1\n");
  EXPECT_EQ(attempt("os.unlink('/tmp/seine-none')"), "refused 1\n");
  EXPECT_EQ(attempt("os.mkdir('/tmp/seine-none')"), "refused 1\n");
  EXPECT_EQ(attempt("os.fork()"), "refused 1\n");
  EXPECT_EQ(attempt("os.kill(os.getppid(), 0)"), "refused 1\n");
  EXPECT_EQ(attempt("bytearray(2 << 30)"), "memory\n");
  // Its three descriptors and the one that lists them.
  EXPECT_EQ(attempt("assert len(os.listdir('/proc/self/fd')) <= 4"), "done\n");
  if (::geteuid() == 0) EXPECT_EQ(attempt("assert os.getuid() != 0"), "done\n");
}

TEST(ConfinedProcess, EndsWithItsDeadline) {
  const auto result = run("/bin/sleep", {"600"}, "", {.deadline = 50ms});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kDeadlineExceeded);
}

TEST(ConfinedProcess, EndsWithACancellation) {
  std::stop_source stop;
  std::jthread other([&stop] { stop.request_stop(); });
  const auto result = run("/bin/sleep", {"600"}, "", {.deadline = 300s}, stop.get_token());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kCancelled);
}

TEST(ConfinedProcess, OutputIsBounded) {
  const auto result = run("/usr/bin/yes", {}, "", {.deadline = 300s, .output_bytes_max = 100'000});
  ASSERT_TRUE(result) << result.error().to_string();
  EXPECT_TRUE(result->cut);
  EXPECT_EQ(result->output.size(), 100'000U);
  EXPECT_EQ(result->signal, SIGKILL);
}

TEST(ConfinedProcess, SaysWhatIsNotThere) {
  const auto result = run("/nowhere/program", {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kNotFound);
}

}  // namespace
}  // namespace seine::web::detail
