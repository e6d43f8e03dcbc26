#include "store/database.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/queue.h"
#include "store/detail/interrupt.h"

namespace seine::store {
namespace {

using base::Code;
using base::fail;
using base::Result;

Result<void> identify(Connection& connection) {
  const auto id = SEINE_TRY(connection.value<std::int64_t>("PRAGMA application_id"));
  if (id == kApplicationId) return {};
  const auto tables =
      SEINE_TRY(connection.value<std::int64_t>("SELECT count(*) FROM sqlite_schema"));
  if (id.value_or(0) != 0 || tables.value_or(0) != 0) {
    return fail(Code::kFailedPrecondition, "{} is a database of another program",
                connection.path());
  }
  return connection.script(fmt::format("PRAGMA application_id={}", kApplicationId));
}

Result<std::unique_ptr<Connection>> open_writer(const std::string& path,
                                                const DatabaseOptions& options) {
  auto connection = SEINE_TRY(
      Connection::open(path, Connection::Mode::kReadWrite, static_cast<int>(options.busy.count())));
  SEINE_CHECK(identify(*connection));
  const auto mode = SEINE_TRY(connection->value<std::string>("PRAGMA journal_mode=WAL"));
  if (mode != "wal") {
    return fail(Code::kFailedPrecondition,
                "{}: write-ahead logging is not possible here (journal mode '{}'); the data "
                "directory needs a local file system",
                path, mode.value_or(""));
  }
  // In WAL mode NORMAL already survives kill -9, but it fsyncs only at checkpoints: a power cut
  // would lose commits that were acknowledged. FULL fsyncs the log at each commit.
  SEINE_CHECK(connection->script(options.durability == Durability::kFull
                                     ? "PRAGMA synchronous=FULL"
                                     : "PRAGMA synchronous=NORMAL"));
  SEINE_CHECK(connection->script("PRAGMA journal_size_limit=67108864"));
  return connection;
}

// The meeting of a blocked caller and the writer. The caller may leave while its job still waits;
// once it runs, it stays until the outcome, since the job uses its stack.
struct Waiter {
  enum class State : std::uint8_t { kWaiting, kRunning, kAbandoned, kDone };
  std::mutex mutex;
  std::condition_variable_any changed;
  State state = State::kWaiting;
  Result<void> outcome;

  bool claim() {
    const std::lock_guard lock(mutex);
    if (state == State::kAbandoned) return false;
    state = State::kRunning;
    return true;
  }
  void complete(Result<void> result) {
    const std::lock_guard lock(mutex);
    outcome = std::move(result);
    state = State::kDone;
    changed.notify_all();
  }
};

}  // namespace

struct Database::Impl {
  struct WriteJob {
    ErasedJob run;
    ErasedDone done;
    CallOptions options;
    std::shared_ptr<Waiter> waiter;  // of a blocking write; null for a submitted one
  };

  Impl(std::string path_in, DatabaseOptions options_in)
      : path(std::move(path_in)), options(options_in), queue(options_in.write_queue) {}

  std::string path;
  DatabaseOptions options;
  std::unique_ptr<Connection> writer;
  base::BoundedQueue<WriteJob> queue;
  std::atomic<std::uint64_t> writes{0};
  std::atomic<std::uint64_t> commits{0};
  std::atomic<bool> closing{false};

  std::mutex readers_mutex;
  std::condition_variable_any reader_free;
  std::vector<std::unique_ptr<Connection>> idle_readers;
  std::size_t readers_made = 0;

  std::thread thread;  // last: it uses what is above

  void run_writer();
  void run_group(std::vector<WriteJob>& group);
  Result<void> run_once(std::vector<WriteJob*>& jobs, std::vector<Result<void>>& outcomes);
  Result<void> run_job(WriteJob& job);
  static void complete(WriteJob& job, Result<void> outcome);
  Result<void> enqueue(WriteJob job, base::Deadline deadline, bool wait);

  Result<std::unique_ptr<Connection>> borrow_reader(const CallOptions& options);
  void return_reader(std::unique_ptr<Connection> reader);
};

void Database::Impl::complete(WriteJob& job, Result<void> outcome) {
  if (job.waiter) {
    job.waiter->complete(std::move(outcome));
  } else {
    job.done(std::move(outcome));
  }
}

void Database::Impl::run_writer() {
  std::vector<WriteJob> group;
  for (WriteJob job; queue.pop(job, base::Deadline::never()) == base::QueueStatus::kOk;) {
    group.clear();
    do {
      Result<void> may_run = closing ? fail(Code::kUnavailable, "{} is closing", path)
                                     : detail::check_call(job.options, path);
      if (job.waiter && !job.waiter->claim()) continue;
      if (!may_run) {
        complete(job, std::move(may_run));
        continue;
      }
      group.push_back(std::exchange(job, {}));
    } while (group.size() < options.group_max && queue.try_pop(job) == base::QueueStatus::kOk);
    if (!group.empty()) run_group(group);
  }
}

// One transaction for all; when something other than a job of its own fails it (a full disk at
// commit, a rolled-back transaction), each job gets a transaction alone.
void Database::Impl::run_group(std::vector<WriteJob>& group) {
  std::vector<Result<void>> outcomes(group.size());
  std::vector<WriteJob*> jobs;
  for (WriteJob& job : group) jobs.push_back(&job);
  Result<void> committed = run_once(jobs, outcomes);
  if (!committed && group.size() > 1) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      std::vector<WriteJob*> one{&group[i]};
      std::vector<Result<void>> outcome(1);
      Result<void> alone = run_once(one, outcome);
      outcomes[i] = alone ? std::move(outcome[0]) : std::move(alone);
    }
  } else if (!committed) {
    outcomes[0] = std::move(committed);
  }
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (outcomes[i]) ++writes;
    complete(group[i], std::move(outcomes[i]));
  }
}

Result<void> Database::Impl::run_once(std::vector<WriteJob*>& jobs,
                                      std::vector<Result<void>>& outcomes) {
  // Whatever goes wrong below, the connection leaves without a transaction.
  struct Rollback {
    Connection& connection;
    ~Rollback() {
      if (connection.in_transaction()) (void)connection.run("ROLLBACK");
    }
  } rollback{*writer};

  SEINE_CHECK(writer->run("BEGIN IMMEDIATE"));
  const bool alone = jobs.size() == 1;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!alone) SEINE_CHECK(writer->run("SAVEPOINT seine_job"));
    outcomes[i] = run_job(*jobs[i]);
    if (!writer->in_transaction()) {
      if (!outcomes[i]) return std::unexpected(outcomes[i].error());
      return fail(Code::kInternal, "{}: a write job ended its transaction itself", path);
    }
    if (alone) {
      if (!outcomes[0]) return {};  // rolled back by the guard
    } else {
      if (!outcomes[i]) SEINE_CHECK(writer->run("ROLLBACK TO seine_job"));
      SEINE_CHECK(writer->run("RELEASE seine_job"));
    }
  }
  SEINE_CHECK(writer->run("COMMIT"));
  ++commits;
  return {};
}

Result<void> Database::Impl::run_job(WriteJob& job) {
  const detail::InterruptGuard guard(*writer, job.options);
  try {
    return guard.translate(job.run(*writer));
  } catch (const std::exception& error) {
    return fail(Code::kInternal, "{}: a write job threw: {}", path, error.what());
  }
}

Result<void> Database::Impl::enqueue(WriteJob job, base::Deadline deadline, bool wait) {
  const base::QueueStatus status =
      wait ? queue.push(std::move(job), deadline) : queue.try_push(std::move(job));
  switch (status) {
    case base::QueueStatus::kOk:
      return {};
    case base::QueueStatus::kFull:
      return fail(Code::kResourceExhausted, "{}: {} writes are waiting already", path,
                  options.write_queue);
    case base::QueueStatus::kTimeout:
      return fail(Code::kDeadlineExceeded, "{}: no room in the queue of writes in time", path);
    default:
      return fail(Code::kUnavailable, "{} is closing", path);
  }
}

Result<std::unique_ptr<Connection>> Database::Impl::borrow_reader(const CallOptions& call) {
  std::unique_lock lock(readers_mutex);
  const auto ready = [this] { return !idle_readers.empty() || readers_made < options.readers; };
  if (call.deadline.is_never()) {
    reader_free.wait(lock, call.stop, ready);
  } else {
    reader_free.wait_until(lock, call.stop, call.deadline.when(), ready);
  }
  SEINE_CHECK(detail::check_call(call, path));
  if (!ready()) return fail(Code::kDeadlineExceeded, "{}: no reader was free in time", path);
  if (!idle_readers.empty()) {
    auto reader = std::move(idle_readers.back());
    idle_readers.pop_back();
    return reader;
  }
  ++readers_made;
  lock.unlock();
  auto opened =
      Connection::open(path, Connection::Mode::kReadOnly, static_cast<int>(options.busy.count()));
  if (!opened) {
    const std::lock_guard again(readers_mutex);
    --readers_made;
    reader_free.notify_one();
  }
  return opened;
}

void Database::Impl::return_reader(std::unique_ptr<Connection> reader) {
  const std::lock_guard lock(readers_mutex);
  idle_readers.push_back(std::move(reader));
  reader_free.notify_one();
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path, DatabaseOptions options) {
  SEINE_ASSERT(options.readers > 0 && options.group_max > 0, "readers and groups have members");
  auto impl = std::make_unique<Impl>(path, options);
  impl->writer = SEINE_TRY(open_writer(path, options));
  impl->thread = std::thread([raw = impl.get()] { raw->run_writer(); });
  return std::unique_ptr<Database>(new Database(std::move(impl)));
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Database::~Database() {
  impl_->closing = true;
  impl_->queue.close();
  impl_->thread.join();
  // Readers first: the last connection to close checkpoints and removes the log.
  impl_->idle_readers.clear();
}

Result<void> Database::write_erased(ErasedJob job, CallOptions options) {
  SEINE_ASSERT(std::this_thread::get_id() != impl_->thread.get_id(),
               "a write job or completion never waits for another write");
  auto waiter = std::make_shared<Waiter>();
  SEINE_CHECK(impl_->enqueue({std::move(job), {}, options, waiter}, options.deadline, true));
  std::unique_lock lock(waiter->mutex);
  const auto finished = [&] { return waiter->state == Waiter::State::kDone; };
  if (options.deadline.is_never()) {
    waiter->changed.wait(lock, options.stop, finished);
  } else {
    waiter->changed.wait_until(lock, options.stop, options.deadline.when(), finished);
  }
  if (waiter->state == Waiter::State::kWaiting) {
    waiter->state = Waiter::State::kAbandoned;
    if (options.stop.stop_requested()) {
      return fail(Code::kCancelled, "{}: the write was cancelled before it began", impl_->path);
    }
    return fail(Code::kDeadlineExceeded, "{}: the write did not begin in time", impl_->path);
  }
  waiter->changed.wait(lock, finished);
  return std::move(waiter->outcome);
}

Result<void> Database::submit_erased(ErasedJob job, ErasedDone done, CallOptions options) {
  return impl_->enqueue({std::move(job), std::move(done), std::move(options), nullptr},
                        base::Deadline::never(), false);
}

Result<void> Database::read_erased(ErasedJob job, const CallOptions& options) {
  auto reader = SEINE_TRY(impl_->borrow_reader(options));
  struct Return {
    Impl& impl;
    std::unique_ptr<Connection>& reader;
    ~Return() {
      if (reader->in_transaction()) (void)reader->run("ROLLBACK");
      impl.return_reader(std::move(reader));
    }
  } give_back{*impl_, reader};
  SEINE_CHECK(reader->run("BEGIN"));
  const detail::InterruptGuard guard(*reader, options);
  try {
    return guard.translate(job(*reader));
  } catch (const std::exception& error) {
    return fail(Code::kInternal, "{}: a read job threw: {}", impl_->path, error.what());
  }
}

Result<void> Database::migrate(const MigrationSet& set) {
  std::size_t applied =
      SEINE_TRY(read([&](Connection& connection) { return applied_migrations(connection, set); }));
  for (; applied < set.migrations.size(); ++applied) {
    SEINE_CHECK(write([&](Connection& connection) {
      return apply_migration(connection, set, set.migrations[applied]);
    }));
  }
  return {};
}

Result<void> Database::checkpoint() {
  // Outside a transaction, so not as a job: on a connection of its own.
  auto connection = SEINE_TRY(Connection::open(impl_->path, Connection::Mode::kReadWrite,
                                               static_cast<int>(impl_->options.busy.count())));
  const auto busy = SEINE_TRY(connection->value<std::int64_t>("PRAGMA wal_checkpoint(TRUNCATE)"));
  if (busy.value_or(0) != 0) {
    return fail(Code::kUnavailable, "{}: the log is still being read", impl_->path);
  }
  return {};
}

Database::Statistics Database::statistics() const {
  return {impl_->writes.load(), impl_->commits.load(), impl_->queue.size()};
}

const std::string& Database::path() const {
  return impl_->path;
}

}  // namespace seine::store
