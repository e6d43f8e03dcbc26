// WebReader: the Reader of the service and the command line: fetcher, extraction on the pool,
// snapshots in the blob store, and, where the network does not give, what the index keeps.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "base/clock.h"
#include "store/blob_store.h"
#include "store/worker_pool.h"
#include "web/fetch/fetcher.h"
#include "web/index/collection.h"
#include "web/reader.h"
#include "web/render/render_transport.h"

namespace seine::web {

class WebReader final : public Reader {
 public:
  struct Ports {  // all outlive the reader
    asio::any_io_executor home;
    Fetcher& fetcher;
    store::WorkerPool& pool;
    store::BlobStore& blobs;
    PageIndex* index = nullptr;
    Transport* browser = nullptr;  // a RenderTransport; null: pages are read as they are sent
    const base::Clock& clock;
  };
  // `policy`: what the configuration allows; a call's own lists narrow it, its endpoints widen it.
  WebReader(Ports ports, GuardPolicy policy) : ports_(ports), policy_(std::move(policy)) {}

  asio::awaitable<base::Result<PageDocument>> read(std::string url, ReadOptions options) override;
  // The bytes as they came, by the same rules.
  asio::awaitable<base::Result<FetchResponse>> fetch(std::string url, ReadOptions options);

  std::shared_ptr<const GuardPolicy> policy_for(const ReadOptions& options) const;

 private:
  asio::awaitable<base::Result<PageDocument>> read_here(std::string url, ReadOptions options);
  asio::awaitable<base::Result<FetchResponse>> fetch_here(std::string url, ReadOptions options);
  asio::awaitable<base::Result<PageDocument>> from_index(std::string url, base::Error why);
  asio::awaitable<base::Result<PageDocument>> extract(FetchResponse response, ReadOptions options,
                                                      bool rendered = false);
  // Once more with a browser, which fetches the page anew under the same policy.
  asio::awaitable<base::Result<PageDocument>> render(FetchResponse response, ReadOptions options);

  Ports ports_;
  GuardPolicy policy_;
};

}  // namespace seine::web
