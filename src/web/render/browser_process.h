// The browser's process: started with two pipes and a profile directory of its own, ended with all
// its children. Blocks briefly. Linux only.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "web/render/browser.h"

namespace seine::web {

struct BrowserProcess {
  int pid = -1;
  int to_browser = -1;    // write end; the caller's
  int from_browser = -1;  // read end; the caller's
  std::string profile;    // removed by end_browser
};

base::Result<BrowserProcess> start_browser(const std::string& program,
                                           const BrowserSettings& settings);
void end_browser(BrowserProcess& process);
std::uint64_t browser_memory(const BrowserProcess& process);

}  // namespace seine::web
