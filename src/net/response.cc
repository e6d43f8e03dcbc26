#include "net/response.h"

#include "net/detail/exchange.h"
#include "net/error_body.h"

namespace seine::net {

void Response::add_header(std::string_view name, std::string_view value) {
  exchange_.extra_headers.add(name, value);
}

void Response::send(int status, Headers headers, std::string body) {
  if (!started()) exchange_.send(status, std::move(headers), std::move(body));
}
void Response::send(int status, std::string_view content_type, std::string body) {
  send(status, Headers{{"content-type", content_type}}, std::move(body));
}
void Response::send_json(int status, std::string json) {
  send(status, "application/json", std::move(json));
}
void Response::send_text(int status, std::string text) {
  send(status, "text/plain; charset=utf-8", std::move(text));
}
void Response::send_error(const base::Error& error) {
  send_json(exchange_.status_for(error), error_body(error, exchange_.id()));
}

asio::awaitable<base::Result<void>> Response::start(int status, Headers headers) {
  return exchange_.start(status, std::move(headers));
}
asio::awaitable<base::Result<void>> Response::write(std::string_view piece) {
  return exchange_.write(piece);
}
asio::awaitable<base::Result<void>> Response::finish(Headers trailers) {
  return exchange_.finish(std::move(trailers));
}

bool Response::started() const {
  return exchange_.status != 0;
}
int Response::status() const {
  return exchange_.status;
}
std::uint64_t Response::body_bytes() const {
  return exchange_.body_sent;
}

}  // namespace seine::net
