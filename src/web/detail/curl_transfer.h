// CurlTransfer: one request on an easy handle: its options, its bounds, what
// came back. Lives on the transport's context for one exchange; removes itself
// from the driver when destroyed, so that a cancelled coroutine ends the
// transfer at once.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "net/event.h"
#include "web/detail/curl_driver.h"
#include "web/fetch/curl_transport.h"
#include "web/fetch/transport.h"

namespace seine::web::detail {

class CurlTransfer {
 public:
  CurlTransfer(std::shared_ptr<CurlDriver> driver, const CurlOptions& options, HopRequest request,
               asio::any_io_executor executor);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  bool start();
  void end(CURLcode result);
  net::Event& ended() { return ended_; }
  // After `ended` is set, or when the wait was given up.
  base::Result<HopResponse> result(bool timed_out);

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_request(void* self, char* remote, char* local, int remote_port, int local_port);
  void take_header(std::string_view line);
  bool may_reach(const IpAddress& address);
  void set_options();
  base::Error error_of(CURLcode result) const;

  std::shared_ptr<CurlDriver> driver_;
  const CurlOptions& options_;
  HopRequest request_;
  net::Event ended_;
  CURL* easy_;
  curl_slist* fields_ = nullptr;
  curl_slist* resolve_ = nullptr;
  bool added_ = false;
  std::optional<CURLcode> code_;
  std::optional<base::Error> failure_;  // ours, which ended the transfer
  HopResponse response_;
  std::size_t header_bytes_ = 0;
  bool head_ended_ = false;
  std::optional<Decoder> decoder_;
};

}  // namespace seine::web::detail
