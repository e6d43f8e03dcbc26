// POST /api/ask: starts a run and streams it as server-sent events, or waits for its end. A run of
// a chat is written into the chat, goes on when the caller leaves, and is told to stop by its own
// route; a run without a chat ends with its connection. Owned by the composition root; lives as
// long as the router it fills.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>

#include "answer/answers.h"
#include "gateway/answers/ask_request.h"
#include "gateway/chats/chat_store.h"
#include "net/router.h"
#include "store/worker_pool.h"

namespace seine::gateway {

class AskRoutes {
 public:
  struct Ports {
    answer::Answers& answers;
    ChatStore* chats = nullptr;  // null: chats cannot be named
    store::WorkerPool& pool;
    // An upload as a page; empty: there are no uploads. Blocks.
    std::function<base::Result<answer::Page>(const std::string& file_id)> file = {};
    // Told, on the run's thread, when an answer could not be kept in its chat.
    std::function<void(const base::Error&)> lost = {};
  };

  explicit AskRoutes(Ports ports) : ports_(std::move(ports)) {}
  void install(net::Router& router);

 private:
  boost::asio::awaitable<void> ask(net::Request& request, net::Response& response);

  const Ports ports_;
};

// The conversation before a question, as a model is shown it: the latest turns that fit.
std::vector<llm::Message> history_of(const std::vector<ChatMessage>& path);

}  // namespace seine::gateway
