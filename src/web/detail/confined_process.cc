#include "web/detail/confined_process.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

namespace seine::web::detail {
namespace {

using base::Code;

constexpr int kNotConfined = 121;  // exit codes of the child before it is the program
constexpr int kNotStarted = 122;
constexpr std::size_t kErrorsMax = 8'192;
constexpr unsigned kNobody = 65'534;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_ = -1;
};

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "the system call filter knows x86-64 and AArch64"
#endif

// What a program that turns bytes into text has no use for.
constexpr auto kDenied = std::to_array<unsigned>({
    SYS_socket,
    SYS_socketpair,
    SYS_connect,
    SYS_accept,
    SYS_accept4,
    SYS_bind,
    SYS_listen,
    SYS_sendto,
    SYS_sendmsg,
    SYS_sendmmsg,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_clone,
    SYS_clone3,
    SYS_execveat,
    SYS_kill,
    SYS_tkill,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_bpf,
    SYS_userfaultfd,
    SYS_perf_event_open,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_unshare,
    SYS_setns,
    SYS_open_by_handle_at,
    SYS_openat2,
    SYS_memfd_create,
    SYS_unlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_mkdirat,
    SYS_mknodat,
    SYS_linkat,
    SYS_symlinkat,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_truncate,
    SYS_ftruncate,
    SYS_utimensat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_shmget,
    SYS_msgget,
    SYS_semget,
    SYS_mq_open,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_inotify_init1,
    SYS_fanotify_init,
#if defined(__x86_64__)
    SYS_fork,
    SYS_vfork,
    SYS_creat,
    SYS_unlink,
    SYS_rename,
    SYS_mkdir,
    SYS_rmdir,
    SYS_mknod,
    SYS_link,
    SYS_symlink,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_utime,
    SYS_utimes,
#endif
});

// The filter of seccomp(2): another architecture's calls end the child, the calls above and opening
// for anything but reading are refused.
std::vector<sock_filter> make_filter() {
  constexpr unsigned kRefuse = SECCOMP_RET_ERRNO | EPERM;
  constexpr auto statement = [](int code, unsigned value) {
    return sock_filter{static_cast<unsigned short>(code), 0, 0, value};
  };
  constexpr auto jump = [](int code, unsigned value, unsigned char yes, unsigned char no) {
    return sock_filter{static_cast<unsigned short>(code), yes, no, value};
  };
  constexpr int kLoad = BPF_LD | BPF_W | BPF_ABS;
  constexpr int kEqual = BPF_JMP | BPF_JEQ | BPF_K;
  constexpr int kReturn = BPF_RET | BPF_K;
  std::vector<sock_filter> filter = {
      statement(kLoad, offsetof(seccomp_data, arch)),
      jump(kEqual, kArchitecture, 1, 0),
      statement(kReturn, SECCOMP_RET_KILL_PROCESS),
      statement(kLoad, offsetof(seccomp_data, nr)),
#if defined(__x86_64__)
      // The x32 calls have numbers of their own.
      jump(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
      statement(kReturn, kRefuse),
#endif
  };
  for (const unsigned call : kDenied) {
    filter.push_back(jump(kEqual, call, 0, 1));
    filter.push_back(statement(kReturn, kRefuse));
  }
  const auto open_call = [&](unsigned call, std::size_t argument) {
    constexpr unsigned kWrites = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
    // The low half of the argument on both architectures, which are little-endian.
    const std::size_t flags = offsetof(seccomp_data, args) + 8 * argument;
    filter.push_back(jump(kEqual, call, 0, 4));
    filter.push_back(statement(kLoad, static_cast<unsigned>(flags)));
    filter.push_back(jump(BPF_JMP | BPF_JSET | BPF_K, kWrites, 0, 1));
    filter.push_back(statement(kReturn, kRefuse));
    filter.push_back(statement(kReturn, SECCOMP_RET_ALLOW));
  };
  open_call(SYS_openat, 2);
#if defined(__x86_64__)
  open_call(SYS_open, 1);
#endif
  filter.push_back(statement(kReturn, SECCOMP_RET_ALLOW));
  return filter;
}

// Everything the child needs, made before the fork: between it and exec nothing may allocate.
struct Plan {
  const char* program;
  char* const* argv;
  int input;
  int output;
  int errors;
  const ConfinedLimits* limits;
  sock_fprog filter;
  pid_t parent;
};

bool limit(__rlimit_resource_t what, rlim_t value) {
  const rlimit both = {value, value};
  return ::setrlimit(what, &both) == 0;
}

bool confine(const Plan& plan) {
  const ConfinedLimits& limits = *plan.limits;
  if (!limit(RLIMIT_CPU, static_cast<rlim_t>(limits.cpu.count())) ||
      !limit(RLIMIT_AS, limits.memory_bytes) || !limit(RLIMIT_FSIZE, 0) || !limit(RLIMIT_CORE, 0) ||
      !limit(RLIMIT_NOFILE, 64))
    return false;
  // A network of its own with nothing in it, where that is allowed; the filter does without.
  const bool root = ::geteuid() == 0;
  (void)::unshare(root ? CLONE_NEWNET | CLONE_NEWIPC : CLONE_NEWUSER | CLONE_NEWNET);
  if (root) {
    // The bare calls: glibc's would tell threads that are not there any more.
    (void)::syscall(SYS_setgroups, 0, nullptr);
    (void)::syscall(SYS_setresgid, kNobody, kNobody, kNobody);
    (void)::syscall(SYS_setresuid, kNobody, kNobody, kNobody);
  }
  if (!limit(RLIMIT_NPROC, 0)) return false;
  // After the change of user, which would undo it.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != plan.parent) return false;
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &plan.filter) == 0;
}

[[noreturn]] void become_program(const Plan& plan) {
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  struct sigaction usual = {};
  usual.sa_handler = SIG_DFL;
  ::sigaction(SIGPIPE, &usual, nullptr);
  ::setsid();
  // All three are above 2: the parent made them so.
  if (::dup2(plan.input, 0) < 0 || ::dup2(plan.output, 1) < 0 || ::dup2(plan.errors, 2) < 0 ||
      ::chdir("/") != 0)
    ::_exit(kNotConfined);
  if (::syscall(SYS_close_range, 3U, ~0U, 0U) != 0) {
    for (int number = 3; number < 4096; ++number) ::close(number);
  }
  if (!confine(plan)) ::_exit(kNotConfined);
  static char language[] = "LANG=C.UTF-8";
  static char threads[] = "OMP_THREAD_LIMIT=1";  // more could not be started
  static char* const environment[] = {language, threads, nullptr};
  ::execve(plan.program, plan.argv, environment);
  ::_exit(kNotStarted);
}

base::Result<Descriptor> input_file(std::string_view input) {
  Descriptor file(::memfd_create("input", MFD_CLOEXEC));
  if (file.get() < 0) return std::unexpected(base::errno_error("memfd_create", errno));
  while (!input.empty()) {
    const ssize_t written = ::write(file.get(), input.data(), input.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return std::unexpected(base::errno_error("write to memory", errno));
    input.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0)
    return std::unexpected(base::errno_error("seek in memory", errno));
  return file;
}

// Clear of the standard numbers, which the child's ends are moved to.
base::Result<std::pair<Descriptor, Descriptor>> open_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::unexpected(base::errno_error("pipe", errno));
  Descriptor first(ends[0]);
  Descriptor second(ends[1]);
  Descriptor read(::fcntl(first.get(), F_DUPFD_CLOEXEC, 3));
  Descriptor write(::fcntl(second.get(), F_DUPFD_CLOEXEC, 3));
  if (read.get() < 0 || write.get() < 0) return std::unexpected(base::errno_error("pipe", errno));
  return std::pair(std::move(read), std::move(write));
}

// One read; false at the end of the stream.
bool read_some(int from, std::string& into, std::size_t limit, bool& over) {
  std::array<char, 65'536> piece;
  const ssize_t count = ::read(from, piece.data(), piece.size());
  if (count < 0) return errno == EINTR || errno == EAGAIN;
  if (count == 0) return false;
  const std::size_t room = limit - std::min(limit, into.size());
  over = over || static_cast<std::size_t>(count) > room;
  into.append(piece.data(), std::min(room, static_cast<std::size_t>(count)));
  return true;
}

// The child, which is ended and waited for with this object.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    (void)wait();
  }
  pid_t pid() const { return pid_; }
  void end() const { ::kill(pid_, SIGKILL); }
  // The status of waitpid(2); blocks until the child is gone.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

struct Streams {
  Descriptor output;
  Descriptor errors;
  int stopped;  // readable once stop is requested; the caller's
};

// Until both streams are closed and the child has ended.
base::Result<ConfinedResult> follow(Child& child, Streams streams, const std::string& program,
                                    const ConfinedLimits& limits) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point until = Clock::now() + limits.deadline;
  const Descriptor ended(static_cast<int>(::syscall(SYS_pidfd_open, child.pid(), 0)));
  if (ended.get() < 0) return std::unexpected(base::errno_error("pidfd_open", errno));
  ConfinedResult result;
  bool running = true;
  bool errors_cut = false;
  while (running || streams.output.get() >= 0 || streams.errors.get() >= 0) {
    std::array<pollfd, 4> wanted = {
        pollfd{streams.output.get(), POLLIN, 0}, pollfd{streams.errors.get(), POLLIN, 0},
        pollfd{running ? ended.get() : -1, POLLIN, 0}, pollfd{streams.stopped, POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    const int ready = ::poll(wanted.data(), wanted.size(),
                             static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready < 0 && errno != EINTR) return std::unexpected(base::errno_error("poll", errno));
    if (ready == 0) {
      return base::fail(Code::kDeadlineExceeded, "{} was ended after {} ms", program,
                        limits.deadline.count());
    }
    if (ready < 0) continue;
    if (wanted[3].revents != 0) return base::fail(Code::kCancelled, "{} was cancelled", program);
    if (wanted[0].revents != 0 &&
        !read_some(streams.output.get(), result.output, limits.output_bytes_max, result.cut))
      streams.output.close();
    if (wanted[1].revents != 0 &&
        !read_some(streams.errors.get(), result.errors, kErrorsMax, errors_cut))
      streams.errors.close();
    if (wanted[2].revents != 0) running = false;
    if (result.cut) {
      child.end();
      streams.output.close();
      streams.errors.close();
    }
  }
  const int status = child.wait();
  result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

}  // namespace

base::Result<ConfinedResult> run_confined(const std::string& program,
                                          const std::vector<std::string>& arguments,
                                          std::string_view input, const ConfinedLimits& limits,
                                          std::stop_token stop) {
  if (::access(program.c_str(), X_OK) != 0)
    return base::fail(Code::kNotFound, "there is no program {}", program);
  Descriptor file = SEINE_TRY(input_file(input));
  auto [output, output_end] = SEINE_TRY(open_pipe());
  auto [errors, errors_end] = SEINE_TRY(open_pipe());
  Descriptor stopped(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (file.get() < 3 || stopped.get() < 0)
    return base::fail(Code::kUnavailable, "no descriptors for {}", program);

  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<sock_filter> filter = make_filter();
  const Plan plan = {.program = program.c_str(),
                     .argv = argv.data(),
                     .input = file.get(),
                     .output = output_end.get(),
                     .errors = errors_end.get(),
                     .limits = &limits,
                     .filter = {static_cast<unsigned short>(filter.size()), filter.data()},
                     .parent = ::getpid()};
  const pid_t pid = ::fork();
  if (pid < 0) return std::unexpected(base::errno_error("fork", errno));
  if (pid == 0) become_program(plan);
  Child child(pid);
  output_end.close();
  errors_end.close();
  file.close();

  const int wake = stopped.get();
  const std::stop_callback on_stop(stop, [wake] {
    const std::uint64_t one = 1;
    (void)!::write(wake, &one, sizeof one);
  });
  auto result = follow(child, {std::move(output), std::move(errors), wake}, program, limits);
  if (!result) return result;
  if (result->signal == 0 && result->exit_code == kNotConfined)
    return base::fail(Code::kUnavailable, "{} cannot be confined on this system, so it is not run",
                      program);
  if (result->signal == 0 && result->exit_code == kNotStarted)
    return base::fail(Code::kUnavailable, "{} cannot be started", program);
  return result;
}

}  // namespace seine::web::detail
