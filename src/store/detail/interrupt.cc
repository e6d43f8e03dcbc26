#include "store/detail/interrupt.h"

#include <sqlite3.h>

#include <chrono>

namespace seine::store::detail {
namespace {

using base::Code;
using base::fail;

// Looked at every so many steps of the library's virtual machine: well under a millisecond.
constexpr int kStepsBetweenLooks = 4000;

bool deadline_passed(const CallOptions& options) {
  return !options.deadline.is_never() &&
         std::chrono::steady_clock::now() >= options.deadline.when();
}

int should_stop(void* context) {
  const auto& options = *static_cast<const CallOptions*>(context);
  return options.stop.stop_requested() || deadline_passed(options) ? 1 : 0;
}

}  // namespace

base::Result<void> check_call(const CallOptions& options, std::string_view path) {
  if (options.stop.stop_requested())
    return fail(Code::kCancelled, "{}: the call was cancelled", path);
  if (deadline_passed(options)) return fail(Code::kDeadlineExceeded, "{}: out of time", path);
  return {};
}

InterruptGuard::InterruptGuard(Connection& connection, const CallOptions& options)
    : connection_(connection),
      options_(options),
      installed_(options.stop.stop_possible() || !options.deadline.is_never()) {
  if (installed_) {
    sqlite3_progress_handler(connection.handle(), kStepsBetweenLooks, should_stop,
                             const_cast<CallOptions*>(&options));
  }
}

InterruptGuard::~InterruptGuard() {
  if (installed_) sqlite3_progress_handler(connection_.handle(), 0, nullptr, nullptr);
}

base::Result<void> InterruptGuard::translate(base::Result<void> result) const {
  if (result || result.error().code != Code::kCancelled || !installed_) return result;
  if (!options_.stop.stop_requested() && deadline_passed(options_)) {
    return fail(Code::kDeadlineExceeded, "{}: interrupted: out of time", connection_.path());
  }
  return result;
}

}  // namespace seine::store::detail
