// LocalEmbedder: an encoder Engine as an llm::Embedder and, where the model ranks, as an
// llm::Reranker. One thread of its own takes requests from a bounded queue, one at a time: each
// fills the model's batch by itself. Safe on any thread; destruction ends waiting requests with
// kUnavailable.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/queue.h"
#include "engine/engine.h"
#include "llm/ports.h"

namespace seine::engine {

class LocalEmbedder final : public llm::Embedder, public llm::Reranker {
 public:
  static constexpr std::size_t kQueueMax = 1024;
  static constexpr std::size_t kTextsMax = 2048;
  // Tokens of a question, and of it with its passage: what the model was trained on. The rest of a
  // longer one is not read.
  static constexpr std::size_t kAskedMax = 64;
  static constexpr std::size_t kPairMax = 256;

  explicit LocalEmbedder(std::shared_ptr<Engine> engine);
  ~LocalEmbedder() override;

  std::vector<llm::ModelInfo> models() const override;
  // Texts longer than the model's context are cut there. `done` may run on the embedder's thread.
  void embed(llm::EmbedRequest request, base::Deadline deadline, std::stop_token stop,
             std::function<void(base::Result<llm::Embeddings>)> done) override;
  // kUnimplemented where the model does not rank.
  void rerank(llm::RerankRequest request, base::Deadline deadline, std::stop_token stop,
              std::function<void(base::Result<std::vector<float>>)> done) override;

 private:
  // Does its work, or passes on why there is none to do.
  using Job = std::function<void(base::Result<> go)>;

  void push(base::Deadline deadline, std::stop_token stop, Job job);
  void run(const std::stop_token& ending);
  base::Result<llm::Embeddings> vectors(const llm::EmbedRequest& request,
                                        const std::stop_token& stop) const;
  base::Result<std::vector<float>> scores(const llm::RerankRequest& request,
                                          const std::stop_token& stop) const;
  std::vector<TokenId> encode(std::string_view text, std::optional<TokenId> mark) const;

  std::shared_ptr<Engine> engine_;
  std::optional<TokenId> query_mark_;  // of models trained with marks before the text
  std::optional<TokenId> passage_mark_;
  base::BoundedQueue<Job> jobs_{kQueueMax};
  std::jthread thread_;
};

}  // namespace seine::engine
