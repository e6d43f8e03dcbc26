#include "net/request.h"

#include <algorithm>

#include "net/detail/exchange.h"

namespace seine::net {

std::string_view Request::method() const {
  return exchange_.head.method;
}
std::string_view Request::target() const {
  return exchange_.head.target;
}
std::string_view Request::path() const {
  return target().substr(0, target().find('?'));
}
std::string_view Request::authority() const {
  return exchange_.head.authority;
}
const Headers& Request::headers() const {
  return exchange_.head.headers;
}

const QueryParams& Request::query() const {
  if (!exchange_.query) {
    const std::size_t mark = target().find('?');
    exchange_.query = QueryParams::parse(
        mark == std::string_view::npos ? std::string_view() : target().substr(mark + 1));
  }
  return *exchange_.query;
}

std::string_view Request::param(std::string_view name) const {
  for (const auto& [key, value] : exchange_.params) {
    if (key == name) return value;
  }
  return {};
}
const Route* Request::route() const {
  return exchange_.route;
}
std::string_view Request::peer() const {
  return exchange_.peer;
}
Protocol Request::protocol() const {
  return exchange_.protocol;
}
bool Request::tls() const {
  return exchange_.tls;
}

asio::awaitable<base::Result<std::string_view>> Request::read_some() {
  return exchange_.read_some();
}

asio::awaitable<base::Result<std::string>> Request::read_all(std::uint64_t bytes_max) {
  set_body_limit(std::min(bytes_max, exchange_.body_limit));
  std::string body;
  for (;;) {
    const std::string_view piece = SEINE_CO_TRY(co_await exchange_.read_some());
    if (piece.empty()) co_return body;
    body += piece;
  }
}

void Request::set_body_limit(std::uint64_t bytes_max) {
  exchange_.body_limit = bytes_max;
}
base::Deadline Request::deadline() const {
  return exchange_.deadline;
}
void Request::set_deadline(base::Deadline deadline) {
  exchange_.set_deadline(deadline);
}

std::stop_token Request::stop_token() {
  if (!exchange_.stop) {
    exchange_.stop.emplace();
    if (cancelled()) exchange_.stop->request_stop();
  }
  return exchange_.stop->get_token();
}
bool Request::cancelled() const {
  return exchange_.cancelled != detail::CancelReason::kNone;
}

std::string_view Request::id() const {
  return exchange_.id();
}
const base::TraceContext& Request::trace() const {
  return exchange_.trace();
}
std::any& Request::attachment() {
  return exchange_.attachment;
}

void Request::set_route(const Route* route,
                        std::vector<std::pair<std::string_view, std::string>> params) {
  exchange_.route = route;
  exchange_.params = std::move(params);
}

}  // namespace seine::net
