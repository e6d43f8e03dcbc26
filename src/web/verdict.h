// Why something on the web could not be read: one word for each reason, the same in errors (as
// `Error::field`), events, JSON and traces. Pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "web/extract/page.h"

namespace seine::web {

enum class Verdict : std::uint8_t {
  kOk,
  kStale,        // content, but older than asked for: the source could not be reached
  kBadUrl,       // not an address, or not of the web
  kRefused,      // the egress guard or a domain list
  kRobots,       // robots.txt forbids it
  kUnreachable,  // no such name, no connection, broken off
  kTls,          // no trustworthy certificate
  kTimeout,      // whole, or too long between two bytes
  kTooLarge,     // header, body, or what the body unpacks to
  kBroken,       // wrong length, wrong coding, not HTTP
  kRedirects,    // too many, or nowhere
  kBusy,         // the site asked us to slow down, or is resting after failures
  kHttpStatus,   // any other status that is not success
  kNotFound,     // 404, 410
  kForbidden,    // 401, 402, 403, 451
  kUnsupported,  // a type that is not read
  kChallenge,    // anti-bot page
  kConsentWall,  // nothing but a cookie or privacy dialogue
  kLoginWall,
  kSoft404,     // an error page with a status that says success
  kEmptyShell,  // text comes from a script
  kEmpty,       // no text at all
  kCancelled,
  kOffline,      // the network was not to be used and nothing is kept
  kInternal,     // our own disk or database
  kEncrypted,    // a file that asks for a password
  kNoTextLayer,  // a PDF of pictures
};

std::string_view verdict_name(Verdict verdict);  // "empty_shell"
std::optional<Verdict> parse_verdict(std::string_view name);
// What an error from this module says; kInternal where it says nothing.
Verdict verdict_of(const base::Error& error);
Verdict verdict_of(PageFailure failure);
// The canonical code that goes with it.
base::Code verdict_code(Verdict verdict);

base::Error verdict_error(Verdict verdict, std::string message);
template <typename... Args>
std::unexpected<base::Error> fail_verdict(Verdict verdict, fmt::format_string<Args...> format,
                                          Args&&... args) {
  return std::unexpected(verdict_error(verdict, fmt::format(format, std::forward<Args>(args)...)));
}

}  // namespace seine::web
