#include "gateway/anthropic/routes.h"

#include <boost/asio/this_coro.hpp>

#include "base/ids.h"
#include "base/json.h"
#include "gateway/access/guard.h"
#include "gateway/anthropic/messages_reply.h"
#include "gateway/anthropic/messages_request.h"
#include "gateway/api_error.h"
#include "gateway/body.h"
#include "gateway/generation/relay.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway::anthropic {
namespace {

namespace asio = boost::asio;

using base::Json;
using base::Result;

}  // namespace

asio::awaitable<void> Routes::messages(net::Request& request, net::Response& response) {
  const Result<Json> body = co_await read_json_object(request);
  Result<MessagesCall> call = body ? parse_messages(*body, Purpose::kAnswer)
                                   : Result<MessagesCall>(std::unexpected(body.error()));
  if (!call) {
    send_api_error(request, response, call.error());
    co_return;
  }
  IdempotentPost post(ports_.idempotency, request, *body);
  if (post.answered(request, response)) co_return;
  Result<std::unique_ptr<Generation>> generation =
      ports_.generations.start(std::move(call->call), caller_of(request), request.id(),
                               request.deadline(), co_await asio::this_coro::executor);
  if (!generation) {
    send_api_error(request, response, generation.error());
    co_return;
  }
  response.add_header("request-id", request.id());
  const MessageHead head{.id = "msg_" + base::make_hex_id(ports_.random, 12),
                         .model = (*generation)->model(),
                         .request_id = std::string(request.id())};
  if (call->stream) {
    MessageEvents form(head);
    co_await relay(request, response, **generation, form);
    co_return;
  }
  const Result<std::vector<Gathered>> gathered = co_await gather(**generation);
  if (!gathered) {
    send_api_error(request, response, gathered.error());
    co_return;
  }
  post.send(response, message_body(head, gathered->front(), (*generation)->extras()));
}

asio::awaitable<void> Routes::count_tokens(net::Request& request, net::Response& response) {
  const Result<Json> body = co_await read_json_object(request);
  Result<MessagesCall> call = body ? parse_messages(*body, Purpose::kCount)
                                   : Result<MessagesCall>(std::unexpected(body.error()));
  if (!call) {
    send_api_error(request, response, call.error());
    co_return;
  }
  const Result<std::uint64_t> tokens =
      ports_.generations.count_tokens(std::move(call->call.request));
  if (!tokens) {
    send_api_error(request, response, tokens.error());
    co_return;
  }
  response.send_json(200, base::to_text({{"input_tokens", *tokens}}));
}

void Routes::install(net::Router& router) {
  router.add("POST", "/v1/messages",
             [this](net::Request& request, net::Response& response) {
               return messages(request, response);
             },
             {.operation_id = "createMessage",
              .summary = "An answer to a conversation (Anthropic)",
              .tag = "anthropic",
              .scope = std::string(kChatScope),
              .request_schema = "MessageRequest",
              .response_schema = "Message",
              .streams = true});
  router.add("POST", "/v1/messages/count_tokens",
             [this](net::Request& request, net::Response& response) {
               return count_tokens(request, response);
             },
             {.operation_id = "countTokens",
              .summary = "How many tokens a conversation has (Anthropic)",
              .tag = "anthropic",
              .scope = std::string(kChatScope),
              .request_schema = "MessageRequest",
              .response_schema = "TokenCount"});
}

}  // namespace seine::gateway::anthropic
