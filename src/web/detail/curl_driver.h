// CurlDriver: libcurl's multi handle on one Asio context: its sockets become
// descriptors to wait on, its one timer a steady_timer. Tells of each finished
// transfer by a callback, outside of libcurl's own. Lives on the context's
// thread. Knows nothing of requests.
#pragma once

#include <curl/curl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <unordered_map>

namespace seine::web::detail {

namespace asio = boost::asio;

class CurlDriver : public std::enable_shared_from_this<CurlDriver> {
 public:
  using Done = std::function<void(CURL* easy, CURLcode result)>;

  CurlDriver(asio::io_context& context, std::size_t connections_max, std::size_t per_host_max,
             Done done);
  ~CurlDriver();
  CurlDriver(const CurlDriver&) = delete;
  CurlDriver& operator=(const CurlDriver&) = delete;

  bool add(CURL* easy);
  // Stops the transfer at once if it runs; `done` is not called for it any
  // more.
  void remove(CURL* easy);
  // Nothing is called back after this.
  void shut_down();

 private:
  struct Socket {
    explicit Socket(asio::io_context& context) : descriptor(context) {}
    asio::posix::stream_descriptor descriptor;
    int interest = 0;  // CURL_POLL_*
    bool reading = false;
    bool writing = false;
  };

  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  void watch(curl_socket_t fd, int what);
  void arm(curl_socket_t fd, const std::shared_ptr<Socket>& socket);
  void act(curl_socket_t fd, int events);
  void drain();

  asio::io_context& context_;
  asio::steady_timer timer_;
  Done done_;
  CURLM* multi_;
  std::unordered_map<curl_socket_t, std::shared_ptr<Socket>> sockets_;
  bool closed_ = false;
};

}  // namespace seine::web::detail
