// Models of another service as a Generator: each answer is one streamed call on the network's
// threads. Owned by the composition root's model host; the client and the runner of calls outlive
// it. Safe on any thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "llm/ports.h"
#include "net/client.h"

namespace seine::remote {

struct RemoteSettings {
  net::Url url;      // of the chat completions, path and all
  std::string key;   // sent as a bearer token; empty: none
  std::string name;  // the model's, at the service
  llm::ModelInfo info;
};

// ".../v1" to ".../v1/chat/completions"; an address that names them already stays.
base::Result<net::Url> chat_address(std::string_view base_url);

class RemoteGenerator final : public llm::Generator {
 public:
  // Runs a coroutine on a context of the client's runtime; a stop cancels it.
  using Start =
      std::function<void(std::function<boost::asio::awaitable<void>()> work, std::stop_token stop)>;

  static constexpr std::size_t kStreamsMax = 256;

  RemoteGenerator(RemoteSettings settings, net::Client& client, Start start);
  // Ends the streams with kUnavailable.
  ~RemoteGenerator() override;

  std::vector<llm::ModelInfo> models() const override { return {settings_->info}; }
  base::Result<llm::StreamReader> generate(llm::ChatRequest request,
                                           base::Deadline deadline) override;

 private:
  struct Streams;
  const std::shared_ptr<const RemoteSettings> settings_;
  net::Client& client_;
  const Start start_;
  const std::shared_ptr<Streams> streams_;
};

}  // namespace seine::remote
