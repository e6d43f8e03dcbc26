// One page, from navigation to snapshot. On the browser's context.
#pragma once

#include <functional>

#include "web/render/browser_page.h"
#include "web/render/renderer.h"

namespace seine::web {

// kUnavailable with "the browser ended", or kDeadlineExceeded of its own calls: the browser is at
// fault. Other errors are about the page.
struct RenderFailure {
  base::Error error;
  bool browser_at_fault = false;
};

class RenderJob {
 public:
  RenderJob(boost::asio::io_context& context, const base::Clock& clock,
            const RendererSettings& settings, const RenderRequest& request);
  ~RenderJob();
  RenderJob(const RenderJob&) = delete;
  RenderJob& operator=(const RenderJob&) = delete;

  // `resting` is called when the page has loaded and is only waited for from then on, maybe again.
  boost::asio::awaitable<std::expected<RenderedPage, RenderFailure>> run(
      std::shared_ptr<BrowserPage> page, std::function<void()> resting);
  // The caller has gone: what waits in run() ends with kCancelled.
  void cancel();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace seine::web
