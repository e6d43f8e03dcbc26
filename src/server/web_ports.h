// What answers need of the world, served by module web: searches by its engine, pages by its
// reader, sites by its crawler. Owned by the composition root; used from any thread, works on the
// network's; ends before the runtime does, and what it is given outlives it. A search hit in
// the operator's own network is read as the index keeps it.
#pragma once

#include <utility>

#include "answer/ports.h"
#include "base/clock.h"
#include "net/runtime.h"
#include "server/calls.h"
#include "store/worker_pool.h"
#include "web/crawl/crawler.h"
#include "web/guard/guard.h"
#include "web/index/collection.h"
#include "web/reader.h"
#include "web/search/search.h"

namespace seine::server {

class WebPorts final : public answer::Search, public answer::Pages {
 public:
  struct Ports {
    web::Reader& reader;
    web::Search& search;
    web::Crawler& crawler;
    web::PageIndex& index;
    web::GuardPolicy guard;
    store::WorkerPool& pool;
    net::Runtime& runtime;
    const base::Clock& clock;
  };

  explicit WebPorts(Ports ports) : ports_(std::move(ports)), calls_(ports_.runtime) {}

  void search(answer::SearchQuery query, base::Deadline deadline, std::stop_token stop,
              std::function<void(base::Result<answer::SearchResult>)> done) override;
  void read(answer::ReadRequest request, base::Deadline deadline, std::stop_token stop,
            std::function<void(base::Result<answer::Page>)> done) override;
  void read_site(answer::SiteRequest request, base::Deadline deadline, std::stop_token stop,
                 std::function<void(answer::PageRead)> page,
                 std::function<void(base::Result<>)> done) override;

 private:
  const Ports ports_;
  Calls calls_;
};

answer::Page to_page(web::PageDocument document);

}  // namespace seine::server
