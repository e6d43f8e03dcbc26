#include "web/verdict.h"

#include <algorithm>
#include <array>

namespace seine::web {
namespace {

struct Row {
  Verdict verdict;
  std::string_view name;
  base::Code code;
};

constexpr std::array kRows = {
    Row{Verdict::kOk, "ok", base::Code::kInternal},
    Row{Verdict::kStale, "stale", base::Code::kUnavailable},
    Row{Verdict::kBadUrl, "bad_url", base::Code::kInvalidArgument},
    Row{Verdict::kRefused, "refused", base::Code::kPermissionDenied},
    Row{Verdict::kRobots, "robots", base::Code::kPermissionDenied},
    Row{Verdict::kUnreachable, "unreachable", base::Code::kUnavailable},
    Row{Verdict::kTls, "tls", base::Code::kUnavailable},
    Row{Verdict::kTimeout, "timeout", base::Code::kDeadlineExceeded},
    Row{Verdict::kTooLarge, "too_large", base::Code::kFailedPrecondition},
    Row{Verdict::kBroken, "broken", base::Code::kDataLoss},
    Row{Verdict::kRedirects, "redirects", base::Code::kFailedPrecondition},
    Row{Verdict::kBusy, "busy", base::Code::kResourceExhausted},
    Row{Verdict::kHttpStatus, "http_status", base::Code::kUnavailable},
    Row{Verdict::kNotFound, "not_found", base::Code::kNotFound},
    Row{Verdict::kForbidden, "forbidden", base::Code::kPermissionDenied},
    Row{Verdict::kUnsupported, "unsupported", base::Code::kUnimplemented},
    Row{Verdict::kEncrypted, "encrypted", base::Code::kFailedPrecondition},
    Row{Verdict::kNoTextLayer, "no_text_layer", base::Code::kFailedPrecondition},
    Row{Verdict::kChallenge, "challenge", base::Code::kFailedPrecondition},
    Row{Verdict::kConsentWall, "consent_wall", base::Code::kFailedPrecondition},
    Row{Verdict::kLoginWall, "login_wall", base::Code::kFailedPrecondition},
    Row{Verdict::kSoft404, "soft_404", base::Code::kNotFound},
    Row{Verdict::kEmptyShell, "empty_shell", base::Code::kFailedPrecondition},
    Row{Verdict::kEmpty, "empty", base::Code::kFailedPrecondition},
    Row{Verdict::kCancelled, "cancelled", base::Code::kCancelled},
    Row{Verdict::kOffline, "offline", base::Code::kUnavailable},
    Row{Verdict::kInternal, "internal", base::Code::kInternal},
};

const Row& row_of(Verdict verdict) {
  const auto found = std::ranges::find(kRows, verdict, &Row::verdict);
  return found == kRows.end() ? kRows.back() : *found;
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  return row_of(verdict).name;
}

std::optional<Verdict> parse_verdict(std::string_view name) {
  const auto found = std::ranges::find(kRows, name, &Row::name);
  if (found == kRows.end()) return std::nullopt;
  return found->verdict;
}

Verdict verdict_of(const base::Error& error) {
  if (const auto named = parse_verdict(error.field)) return *named;
  switch (error.code) {
    case base::Code::kCancelled:
      return Verdict::kCancelled;
    case base::Code::kDeadlineExceeded:
      return Verdict::kTimeout;
    case base::Code::kPermissionDenied:
      return Verdict::kRefused;
    case base::Code::kInvalidArgument:
      return Verdict::kBadUrl;
    default:
      return Verdict::kInternal;
  }
}

Verdict verdict_of(PageFailure failure) {
  switch (failure) {
    case PageFailure::kNone:
      return Verdict::kOk;
    case PageFailure::kChallenge:
      return Verdict::kChallenge;
    case PageFailure::kConsentWall:
      return Verdict::kConsentWall;
    case PageFailure::kLoginWall:
      return Verdict::kLoginWall;
    case PageFailure::kSoft404:
      return Verdict::kSoft404;
    case PageFailure::kEmptyShell:
      return Verdict::kEmptyShell;
  }
  return Verdict::kInternal;
}

base::Code verdict_code(Verdict verdict) {
  return row_of(verdict).code;
}

base::Error verdict_error(Verdict verdict, std::string message) {
  return {verdict_code(verdict), std::move(message), std::string(verdict_name(verdict))};
}

}  // namespace seine::web
