// The files of the web console as they lie in the binary, each in up to three encodings. Read-only
// data, made at build time by cmake/console.cmake; usable from any thread at any time. Never reads
// a file, never compresses anything.
#pragma once

#include <span>
#include <string_view>

namespace seine::console {

struct Asset {
  std::string_view path;          // "/index.html", "/assets/index-Bq3x.js": what a request asks for
  std::string_view content_type;  // with charset where it is text
  std::string_view etag;  // W/"…", quotes included; weak, so that one serves all three encodings
  bool immutable;  // the path holds a hash of the content: cache it for ever; otherwise no-cache
  std::string_view identity;  // the bytes themselves
  std::string_view gzip;      // empty where it would not be smaller, and in the stub
  std::string_view brotli;    // likewise
};

// All assets, ascending by path, so that they can be searched by halves. "/index.html" is always
// among them.
std::span<const Asset> assets();

// False where the console could not be built and the stub page stands in for it.
bool built();

}  // namespace seine::console
