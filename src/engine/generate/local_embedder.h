// LocalEmbedder: an encoder Engine as an llm::Embedder. One thread of its own takes requests from a
// bounded queue, one at a time: each fills the model's batch by itself. Safe on any thread;
// destruction ends waiting requests with kUnavailable.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/queue.h"
#include "engine/engine.h"
#include "llm/ports.h"

namespace seine::engine {

class LocalEmbedder final : public llm::Embedder {
 public:
  static constexpr std::size_t kQueueMax = 1024;
  static constexpr std::size_t kTextsMax = 2048;

  explicit LocalEmbedder(std::shared_ptr<Engine> engine);
  ~LocalEmbedder() override;

  std::vector<llm::ModelInfo> models() const override;
  // Texts longer than the model's context are cut there. `done` may run on the embedder's thread.
  void embed(llm::EmbedRequest request, base::Deadline deadline, std::stop_token stop,
             std::function<void(base::Result<llm::Embeddings>)> done) override;

 private:
  struct Job {
    llm::EmbedRequest request;
    base::Deadline deadline = base::Deadline::never();
    std::stop_token stop;
    std::function<void(base::Result<llm::Embeddings>)> done;
  };
  void run(const std::stop_token& ending);
  base::Result<llm::Embeddings> work(const Job& job) const;

  std::shared_ptr<Engine> engine_;
  std::optional<TokenId> query_mark_;  // of models trained with marks before the text
  std::optional<TokenId> passage_mark_;
  base::BoundedQueue<Job> jobs_{kQueueMax};
  std::jthread thread_;
};

}  // namespace seine::engine
