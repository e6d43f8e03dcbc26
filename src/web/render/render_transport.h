// RenderTransport: the browser as a Transport, so that a rendering is recorded and replayed like
// any other exchange. A request of method "RENDER" is answered with the HTML of what can be seen;
// Content-Location says where the page's scripts led. One context of the runtime.
#pragma once

#include "web/fetch/transport.h"
#include "web/render/renderer.h"

namespace seine::web {

class RenderTransport final : public Transport {
 public:
  static constexpr std::string_view kMethod = "RENDER";

  RenderTransport(Renderer& renderer, const base::Clock& clock)
      : renderer_(renderer), clock_(clock) {}
  // kEmptyShell (kFailedPrecondition): no browser is there, or the page gives nothing to show.
  asio::awaitable<base::Result<HopResponse>> send(HopRequest request) override;

 private:
  Renderer& renderer_;
  const base::Clock& clock_;
};

}  // namespace seine::web
