// Renders pages that only scripts make: a warm headless browser, a fresh context for each job, and
// a snapshot of what a reader would see once the page has come to rest. While one rests the next
// job's is opened, and closed again when none comes in a while. The browser reaches only
// what the job's guard policy allows (guard_proxy.h), loads no images, fonts or media, refuses
// dialogues, downloads and popups, and is replaced when it dies, hangs or has grown, and ended when
// nobody has used it for a while. One object for
// the process; calls come from any context of the runtime and return there.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "net/runtime.h"
#include "web/extract/page.h"
#include "web/guard/guard.h"
#include "web/render/browser.h"

namespace seine::web {

struct RendererSettings {
  BrowserSettings browser = {};
  std::size_t jobs_max = 4;              // at once
  std::size_t waiting_max = 64;          // behind them; more are refused
  std::chrono::milliseconds quiet{120};  // without a change of the tree, or a request under way
  std::chrono::milliseconds settle_max{6'000};
  std::size_t pages_per_browser = 200;
  std::uint64_t memory_bytes_max = std::uint64_t{700} << 20;
  // So long a page that was opened ahead waits for its job; it holds a process of 40 MiB.
  // Zero: none is opened ahead.
  std::chrono::milliseconds ahead_max{10'000};
  // A browser that nobody uses for so long is ended; a new one starts in a tenth of a second.
  std::chrono::milliseconds idle_max{120'000};
};

struct RenderRequest {
  Url url;
  GuardPolicy policy = {};
  std::chrono::milliseconds timeout{15'000};
};

struct RenderedPage {
  std::string html;  // of what can be seen, UTF-8
  std::string url;   // after redirects and script navigation
  int status = 0;
  std::size_t shown_bytes = 0;
  std::size_t hidden_bytes = 0;
  bool settled = false;  // false: the time was up while the page still loaded or changed
  std::size_t refused_connections = 0;
  std::chrono::milliseconds took{0};
};

class Renderer {
 public:
  Renderer(net::Runtime& runtime, const base::Clock& clock, RendererSettings settings);
  // Ends the browser. No call may be under way, unless the runtime has been stopped.
  ~Renderer();
  Renderer(const Renderer&) = delete;
  Renderer& operator=(const Renderer&) = delete;

  // kFailedPrecondition: no browser installed; kPermissionDenied: the guard refused the page;
  // kUnavailable: not reached; kDeadlineExceeded; kResourceExhausted: too many wait; kCancelled. A
  // browser that crashes or hangs meanwhile is replaced and the job done once more.
  boost::asio::awaitable<base::Result<RenderedPage>> render(RenderRequest request);

  struct Statistics {
    std::uint64_t pages = 0;
    std::uint64_t failures = 0;
    std::uint64_t browsers = 0;  // started
    std::size_t active = 0;
    bool page_ahead = false;  // one waits for its job
    int process = -1;         // -1: none runs
    std::uint64_t memory_bytes = 0;
  };
  // Blocks for the browser's context; not from a context of the runtime.
  Statistics statistics();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// What render_js `auto` does with a page that was read without scripts, and why, in words.
struct RenderDecision {
  bool render = false;
  std::string reason;
};
RenderDecision decide_render(const Page& page);

}  // namespace seine::web
