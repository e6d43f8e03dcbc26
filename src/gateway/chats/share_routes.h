// Links to conversations over HTTP (docs/reference/console-api.md): made, listed and taken back by
// who may chat; read by whoever has the link. Owned by the composition root; lives as long as the
// router it fills.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/json_fwd.h"
#include "gateway/chats/chat_store.h"
#include "gateway/chats/share_store.h"
#include "net/router.h"
#include "store/worker_pool.h"

namespace seine::gateway {

class ShareRoutes {
 public:
  struct Ports {
    ChatStore& chats;
    ShareStore& shares;
    store::WorkerPool& pool;
    // A page as it was read, as JSON. Blocks.
    std::function<base::Result<std::string>(const std::string& hash)> snapshot;
  };

  explicit ShareRoutes(Ports ports) : ports_(std::move(ports)) {}
  void install(net::Router& router);

 private:
  const Ports ports_;
};

// What a link shows of one way through a conversation: no ids of runs or chats, which would lead
// into what is not shared.
base::Json shared_content(const std::string& title, const std::vector<ChatMessage>& path);
// Whether the content cites or lists that snapshot: only those open through the link.
bool shows_snapshot(const base::Json& content, std::string_view hash);

}  // namespace seine::gateway
