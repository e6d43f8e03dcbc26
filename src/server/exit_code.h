// What the process says when it ends; the same for every command.
#pragma once

#include "base/error.h"

namespace seine::server {

enum ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kNotFound = 3,
  kAuth = 4,
  kConflict = 5,
  kVersionSkew = 6,
  kRateLimited = 7,
  kUnreachable = 8,
  kNoSources = 9,
  kTimeout = 124,
  kInterrupted = 130,
};

constexpr ExitCode exit_code(base::Code code) {
  switch (code) {
    case base::Code::kInvalidArgument:
    case base::Code::kOutOfRange:
      return kUsage;
    case base::Code::kNotFound:
      return kNotFound;
    case base::Code::kUnauthenticated:
    case base::Code::kPermissionDenied:
      return kAuth;
    case base::Code::kAlreadyExists:
    case base::Code::kAborted:
    case base::Code::kFailedPrecondition:
      return kConflict;
    case base::Code::kResourceExhausted:
      return kRateLimited;
    case base::Code::kUnavailable:
      return kUnreachable;
    case base::Code::kDeadlineExceeded:
      return kTimeout;
    case base::Code::kCancelled:
      return kInterrupted;
    default:
      return kFailed;
  }
}

}  // namespace seine::server
