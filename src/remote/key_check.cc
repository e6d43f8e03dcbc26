#include "remote/key_check.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "remote/chat_form.h"

namespace seine::remote {
namespace {

namespace asio = boost::asio;

using base::Result;

constexpr std::uint64_t kListBytesMax = std::uint64_t{1} << 20;

constexpr net::ClientLimits check_limits() {
  net::ClientLimits limits;
  limits.connect_timeout = std::chrono::milliseconds(5'000);
  limits.first_byte_timeout = std::chrono::milliseconds(5'000);
  limits.total_timeout = std::chrono::milliseconds(8'000);
  return limits;
}

}  // namespace

asio::awaitable<Result<>> check_key(net::Client& client, net::Url chat, std::string key) {
  constexpr std::string_view kChat = "/chat/completions";
  if (chat.target.ends_with(kChat)) chat.target.resize(chat.target.size() - kChat.size());
  chat.target += "/models";
  net::ClientRequest request{.url = std::move(chat),
                             .headers = {{"accept", "application/json"}},
                             .limits = check_limits()};
  if (!key.empty()) request.headers.add("authorization", "Bearer " + key);
  const std::string authority = request.url.authority();
  Result<net::ClientResponse> response = co_await client.send(std::move(request));
  if (!response) co_return std::unexpected(std::move(response).error().within(authority));
  const int status = response->status();
  const Result<std::string> body = co_await response->read_all(kListBytesMax);
  const bool refused = status == 401 || status == 403;
  if (!refused && status < 500) co_return Result<>();
  base::Error error = refusal(status, body.value_or("")).within(authority);
  if (refused) error.code = base::Code::kUnauthenticated;
  co_return std::unexpected(std::move(error));
}

}  // namespace seine::remote
