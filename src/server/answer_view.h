// Answers of the interface as a person reads them in a terminal: steps as they happen, the text,
// where it is from and who spoke. Pure but for what the terminal prints; the caller's thread.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json_fwd.h"
#include "server/terminal.h"

namespace seine::server {

// A step that has ended, on stderr.
void show_step(const Terminal& terminal, const base::Json& step);

// What stands below an answer's text: its sources by number, unsupported claims, who spoke. With
// quotes also the cited sentences and the pages that failed.
std::string sources_text(const Terminal& terminal, const base::Json& answer, bool with_quotes);

// The error within an answer or an event, as the library sees it.
base::Error error_at(const base::Json& error);

}  // namespace seine::server
