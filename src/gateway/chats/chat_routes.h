// /api/chats and /api/folders (docs/reference/console-api.md). Owned by the composition root; lives
// as long as the router it fills.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>

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
  // What a route does on the pool, given the request's parts, which are copied before.
  struct Ask {
    std::string id;
    std::string message_id;
    base::Result<ChatQuery> query;
    std::string format;
    std::string body;
  };
  struct Reply {
    int status = 200;
    std::string body = {};
    std::string type = "application/json";
    std::string file_name = {};  // an attachment's
  };
  using Job = base::Result<Reply> (*)(ChatStore&, const Ask&);
  boost::asio::awaitable<void> serve(net::Request& request, net::Response& response, Job job);

  ChatStore& chats_;
  store::WorkerPool& pool_;
};

base::Json to_json(const ChatInfo& info);
base::Json to_json(const ChatMessage& message);
base::Json to_json(const Chat& chat);
// {"title","folder","pinned","archived"}; unknown members are refused, since they are slips.
base::Result<ChatPatch> parse_chat_patch(const base::Json& body);

}  // namespace seine::gateway
