// The web module for one command: the data directory opened beside a service that may be running,
// a runtime of one thread, and what the configuration says.
#pragma once

#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "net/runtime.h"
#include "server/invocation.h"
#include "store/blob_store.h"
#include "store/data_dir.h"
#include "store/database.h"
#include "store/text_index.h"
#include "store/worker_pool.h"
#include "web/web.h"

namespace seine::server {

class WebSession {
 public:
  // `--record` and `--replay` of the invocation are obeyed.
  static base::Result<std::unique_ptr<WebSession>> open(const Invocation& invocation);
  WebSession(const WebSession&) = delete;
  WebSession& operator=(const WebSession&) = delete;

  web::Web& web() { return *web_; }
  // Runs the coroutine to its end and gives its value.
  template <typename T>
  T run(boost::asio::awaitable<T> (*start)(web::Web&, const Invocation&),
        const Invocation& invocation) {
    std::optional<T> value;
    runtime_->run(
        0, [this, &value, start, &invocation] { return keep(start(*web_, invocation), value); });
    return *std::move(value);
  }
  // Writes the record where `--record` asked for it.
  base::Result<void> finish(const Invocation& invocation);

 private:
  WebSession() = default;
  template <typename T>
  static boost::asio::awaitable<void> keep(boost::asio::awaitable<T> work,
                                           std::optional<T>& value) {
    value.emplace(co_await std::move(work));
  }

  base::SystemClock clock_;
  base::SystemRandom random_;
  web::WebRecord record_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::BlobStore> blobs_;
  std::unique_ptr<store::TextIndex> index_;
  std::unique_ptr<store::WorkerPool> pool_;
  std::unique_ptr<net::Runtime> runtime_;
  std::unique_ptr<web::Web> web_;
};

}  // namespace seine::server
