// Answers put together: the runs, what they read with, and their routes. Part of the composition
// root; owned by Service, which outlives it with everything in Ports.
#pragma once

#include <functional>
#include <memory>

#include "answer/ports.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "gateway/chats/chat_store.h"
#include "gateway/files/file_store.h"
#include "llm/ports.h"
#include "net/router.h"
#include "store/blob_store.h"
#include "store/database.h"
#include "store/worker_pool.h"

namespace seine::answer {
class Answers;
}

namespace seine::server {

class AnswerParts {
 public:
  struct Ports {
    store::Database& database;
    store::BlobStore& blobs;
    store::WorkerPool& pool;
    answer::Pages& pages;
    gateway::ChatStore* chats = nullptr;
    gateway::FileStore* files = nullptr;
    llm::Generator* generator = nullptr;
    llm::Embedder* embedder = nullptr;
    llm::Reranker* reranker = nullptr;
    answer::Search* search = nullptr;
    // Told when an answer could not be kept in its chat.
    std::function<void(const base::Error&)> lost = {};
    const base::Clock& clock;
    base::Random& random;
  };

  // Opens the tables and adds the routes to the router.
  static base::Result<std::unique_ptr<AnswerParts>> make(Ports ports, net::Router& router);
  // Stops every run and waits for its end.
  ~AnswerParts();

  answer::Answers& answers();

 private:
  struct Impl;
  explicit AnswerParts(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::server
