#include "web/detail/curl_driver.h"

#include <chrono>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace seine::web::detail {
namespace {

// curl_global_init is not thread-safe in itself; a local static is.
void start_library() {
  static const bool started = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  SEINE_ASSERT(started, "libcurl starts");
}

}  // namespace

CurlDriver::CurlDriver(asio::io_context& context, std::size_t connections_max,
                       std::size_t per_host_max, Done done)
    : context_(context), timer_(context), done_(std::move(done)), multi_(nullptr) {
  start_library();
  multi_ = curl_multi_init();
  SEINE_ASSERT(multi_ != nullptr, "libcurl has memory");
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlDriver::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlDriver::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
  curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(connections_max));
  curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(per_host_max));
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(connections_max));
}

CurlDriver::~CurlDriver() {
  shut_down();
}

void CurlDriver::shut_down() {
  if (closed_) return;
  // Closing its connections, libcurl still reports their sockets: on_socket
  // releases them.
  curl_multi_cleanup(multi_);
  closed_ = true;
  timer_.cancel();
  for (const auto& [fd, socket] : sockets_) socket->descriptor.release();
  sockets_.clear();
}

bool CurlDriver::add(CURL* easy) {
  return !closed_ && curl_multi_add_handle(multi_, easy) == CURLM_OK;
}

void CurlDriver::remove(CURL* easy) {
  if (!closed_) curl_multi_remove_handle(multi_, easy);
}

int CurlDriver::on_socket(CURL* /*easy*/, curl_socket_t fd, int what, void* self,
                          void* /*socket*/) {
  static_cast<CurlDriver*>(self)->watch(fd, what);
  return 0;
}

void CurlDriver::watch(curl_socket_t fd, int what) {
  const auto found = sockets_.find(fd);
  if (what == CURL_POLL_REMOVE) {
    if (found == sockets_.end()) return;
    // libcurl closes the descriptor itself; releasing ends our waits on it.
    found->second->descriptor.release();
    sockets_.erase(found);
    return;
  }
  std::shared_ptr<Socket> socket;
  if (found == sockets_.end()) {
    socket = std::make_shared<Socket>(context_);
    boost::system::error_code failed;
    (void)socket->descriptor.assign(fd, failed);
    if (failed) return;  // the transfer then ends by its time-out
    sockets_.emplace(fd, socket);
  } else {
    socket = found->second;
  }
  socket->interest = what;
  arm(fd, socket);
}

void CurlDriver::arm(curl_socket_t fd, const std::shared_ptr<Socket>& socket) {
  const auto wait = [this, fd, &socket](asio::posix::stream_descriptor::wait_type type, int event) {
    socket->descriptor.async_wait(type, [weak = weak_from_this(), held = std::weak_ptr(socket), fd,
                                         event](boost::system::error_code failed) {
      const auto self = weak.lock();
      const auto there = held.lock();
      if (!self || !there || self->closed_) return;
      (event == CURL_CSELECT_IN ? there->reading : there->writing) = false;
      if (failed == asio::error::operation_aborted) return;
      // The interest may have changed while the wait was on its way.
      const int wanted = event == CURL_CSELECT_IN ? CURL_POLL_IN : CURL_POLL_OUT;
      if ((there->interest & wanted) == 0) return;
      self->act(fd, failed ? CURL_CSELECT_ERR : event);
      const auto again = self->sockets_.find(fd);
      if (again != self->sockets_.end() && again->second == there) self->arm(fd, there);
    });
  };
  if ((socket->interest & CURL_POLL_IN) != 0 && !std::exchange(socket->reading, true))
    wait(asio::posix::stream_descriptor::wait_read, CURL_CSELECT_IN);
  if ((socket->interest & CURL_POLL_OUT) != 0 && !std::exchange(socket->writing, true))
    wait(asio::posix::stream_descriptor::wait_write, CURL_CSELECT_OUT);
}

int CurlDriver::on_timer(CURLM* /*multi*/, long timeout_ms, void* data) {
  auto* self = static_cast<CurlDriver*>(data);
  if (timeout_ms < 0) {
    self->timer_.cancel();
    return 0;
  }
  // Also for 0: libcurl must not be entered from its own callback.
  self->timer_.expires_after(std::chrono::milliseconds(timeout_ms));
  self->timer_.async_wait([weak = self->weak_from_this()](boost::system::error_code failed) {
    const auto there = weak.lock();
    if (failed || !there || there->closed_) return;
    there->act(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

void CurlDriver::act(curl_socket_t fd, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, fd, events, &running);
  drain();
}

void CurlDriver::drain() {
  std::vector<std::pair<CURL*, CURLcode>> ended;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg == CURLMSG_DONE)
      ended.emplace_back(message->easy_handle, message->data.result);
  }
  for (const auto& [easy, result] : ended) done_(easy, result);
}

}  // namespace seine::web::detail
