// OpenAI's and DeepSeek's routes: /v1/chat/completions, /v1/completions, /v1/embeddings,
// /v1/models. Owned by the composition root; lives as long as the router it fills. Handlers run on
// their connection's context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "base/clock.h"
#include "base/json_fwd.h"
#include "base/random.h"
#include "gateway/generation/generation.h"
#include "gateway/idempotency.h"
#include "gateway/openai/chat_reply.h"
#include "llm/ports.h"
#include "net/router.h"

namespace seine::gateway::openai {

class Routes {
 public:
  struct Ports {
    Generations& generations;
    Idempotency& idempotency;
    llm::Embedder* embedder = nullptr;  // null: no embeddings
    const base::Clock& clock;
    base::Random& random;
  };
  explicit Routes(Ports ports) : ports_(ports), began_(ports.clock.wall()) {}

  void install(net::Router& router);

 private:
  boost::asio::awaitable<void> chat(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> completions(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> embeddings(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> models(net::Request& request, net::Response& response);
  boost::asio::awaitable<void> model(net::Request& request, net::Response& response);
  ReplyHead head(std::string_view prefix, const std::string& model_id);

  Ports ports_;
  const base::WallTime began_;
};

base::Json model_json(const llm::ModelInfo& model, std::int64_t created_s);

}  // namespace seine::gateway::openai
