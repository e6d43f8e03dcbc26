// What the renderer runs in pages: in the page's own world a hook that tells of lazy content, and
// in a world of the reader's, which the page's scripts cannot reach, a watch on changes and the
// script that settles a page: looks at it down to its bottom and waits until it rests. Constant
// data.
#pragma once

#include <chrono>
#include <string>

namespace seine::web {

// The name of the reader's world in every document.
inline constexpr const char* kReaderWorld = "reader";

// In the page's world, before its scripts: an event on the document when the page asks to be told
// that something comes into view. Pictures do not count, which are not loaded anyway.
extern const char* const kLazyHook;
// In the reader's world, from the document's start.
extern const char* const kWatchScript;

// In the reader's world of a page that has loaded. Resolves when its tree has rested for `quiet`,
// counted from its last change or from the end of the last request, whose data a script may just be
// looking at, or when `most` has passed. May be run again, and goes on where it was.
std::string settle_script(std::chrono::milliseconds quiet, std::chrono::milliseconds since_request,
                          std::chrono::milliseconds most);

}  // namespace seine::web
