// The answers' reader of pages: HTTP through the egress guard, HTML to Markdown. Sites that the
// operator names may be this machine's own; nothing else reaches a private address, whatever a page
// or a redirect says. Owned by the composition root; used from any thread, works on the network's.
#pragma once

#include <memory>

#include "answer/ports.h"
#include "base/clock.h"
#include "net/runtime.h"

namespace seine::server {

class PageReader final : public answer::Pages {
 public:
  static constexpr std::uint64_t kBodyBytesMax = 10 << 20;
  static constexpr int kRedirectsMax = 5;

  // Both outlive it and every read.
  PageReader(net::Runtime& runtime, const base::Clock& clock);
  ~PageReader() override;

  void read(answer::ReadRequest request, base::Deadline deadline, std::stop_token stop,
            std::function<void(base::Result<answer::Page>)> done) override;
  void read_site(answer::SiteRequest request, base::Deadline deadline, std::stop_token stop,
                 std::function<void(answer::PageRead)> page,
                 std::function<void(base::Result<>)> done) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::server
