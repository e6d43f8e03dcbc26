// While it lives, statements of a connection stop soon after the call's deadline or stop request.
// Lives on the stack of the thread that runs the job.
#pragma once

#include <string_view>

#include "base/error.h"
#include "store/database.h"

namespace seine::store::detail {

// The error of a call that is over before it begins; success when it may run.
base::Result<void> check_call(const CallOptions& options, std::string_view path);

class InterruptGuard {
 public:
  InterruptGuard(Connection& connection, const CallOptions& options);
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  // An interruption as what caused it: the deadline or the caller.
  base::Result<void> translate(base::Result<void> result) const;

 private:
  Connection& connection_;
  const CallOptions& options_;
  bool installed_;
};

}  // namespace seine::store::detail
