// /api/chats and /api/folders (docs/reference/console-api.md). Owned by the composition root; lives
// as long as the router it fills.
#pragma once

#include "base/json_fwd.h"
#include "gateway/chats/chat_store.h"
#include "net/router.h"
#include "store/worker_pool.h"

namespace seine::gateway {

class ChatRoutes {
 public:
  ChatRoutes(ChatStore& chats, store::WorkerPool& pool) : chats_(chats), pool_(pool) {}
  void install(net::Router& router);

 private:
  ChatStore& chats_;
  store::WorkerPool& pool_;
};

base::Json to_json(const ChatInfo& info);
base::Json to_json(const ChatMessage& message);
base::Json to_json(const Chat& chat);
// {"title","folder","pinned","archived"}; unknown members are refused, since they are slips.
base::Result<ChatPatch> parse_chat_patch(const base::Json& body);

}  // namespace seine::gateway
