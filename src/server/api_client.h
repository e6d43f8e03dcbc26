// How a command speaks to a service: the one that SEINE_HOST names, else the one that runs on the
// data directory, else one that lives as long as the command. One at a time, on the caller's
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/sse.h"
#include "server/invocation.h"

namespace seine::server {

struct ApiReply {
  int status = 0;
  std::string body;
};

class ApiClient {
 public:
  // What a service that is started for one command has to have.
  enum class Needs : std::uint8_t { kModels, kNoModels };
  // Starts a service of its own where none runs.
  static base::Result<std::unique_ptr<ApiClient>> connect(const Invocation& invocation,
                                                          Needs needs = Needs::kModels);
  ~ApiClient();
  ApiClient(const ApiClient&) = delete;
  ApiClient& operator=(const ApiClient&) = delete;

  // Whether the service ends with this object.
  bool is_own() const;
  // The body of a 2xx answer; else the service's error with its code and message.
  base::Result<std::string> call(std::string_view method, std::string_view path,
                                 std::string body = {});
  // The events of a stream, as they come, on a thread of the client's while the caller waits; ends
  // with the stream, or with kCancelled soon after a stop. An error body as in call.
  base::Result<> stream(std::string_view path, std::string body,
                        const std::function<void(const net::SseEvent&)>& event,
                        std::stop_token stop = {});

 private:
  struct Impl;
  explicit ApiClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::server
