#include "gateway/openai/routes.h"

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "base/ids.h"
#include "base/json.h"
#include "gateway/access/guard.h"
#include "gateway/api_error.h"
#include "gateway/body.h"
#include "gateway/generation/relay.h"
#include "gateway/idempotency.h"
#include "gateway/openai/chat_request.h"
#include "gateway/openai/completions.h"
#include "gateway/openai/embeddings.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway::openai {
namespace {

namespace asio = boost::asio;

using base::Json;
using base::Result;

// The embedder's callback as something to await; it may come on any thread.
asio::awaitable<Result<llm::Embeddings>> embed(llm::Embedder& embedder, llm::EmbedRequest request,
                                               base::Deadline deadline, std::stop_token stop) {
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>,
                                          void(Result<llm::Embeddings>)>(
      [&embedder, deadline](auto handler, llm::EmbedRequest wanted, std::stop_token ending) {
        const auto home = asio::get_associated_executor(handler);
        auto held = std::make_shared<decltype(handler)>(std::move(handler));
        embedder.embed(std::move(wanted), deadline, std::move(ending),
                       [home, held](Result<llm::Embeddings> done) {
                         asio::post(home, [held, done = std::move(done)]() mutable {
                           std::move (*held)(std::move(done));
                         });
                       });
      },
      asio::use_awaitable, std::move(request), std::move(stop));
}

std::int64_t seconds_of(base::WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

}  // namespace

Json model_json(const llm::ModelInfo& model, std::int64_t created_s) {
  return {{"id", model.id},
          {"object", "model"},
          {"created", created_s},
          {"owned_by", model.owned_by},
          {"context_length", model.context_tokens},
          {"max_model_len", model.context_tokens},
          {"capabilities",
           {{"reasoning", model.thinks},
            {"tools", model.calls_tools},
            {"cites_spans", model.cites_spans},
            {"embeddings", model.embeds}}}};
}

ReplyHead Routes::head(std::string_view prefix, const std::string& model_id) {
  return {.id = std::string(prefix) + base::make_hex_id(ports_.random, 12),
          .created_s = seconds_of(ports_.clock.wall()),
          .model = model_id};
}

asio::awaitable<void> Routes::chat(net::Request& request, net::Response& response) {
  const Result<Json> body = co_await read_json_object(request);
  Result<ChatCall> call =
      body ? parse_chat(*body) : Result<ChatCall>(std::unexpected(body.error()));
  if (!call) {
    send_api_error(request, response, call.error());
    co_return;
  }
  IdempotentPost post(ports_.idempotency, request, *body);
  if (post.answered(request, response)) co_return;
  const std::uint32_t answers = call->call.answers;
  const bool logprobs = call->call.request.top_logprobs.has_value();
  Result<std::unique_ptr<Generation>> generation =
      ports_.generations.start(std::move(call->call), caller_of(request), request.id(),
                               request.deadline(), co_await asio::this_coro::executor);
  if (!generation) {
    send_api_error(request, response, generation.error());
    co_return;
  }
  const ReplyHead head = this->head("chatcmpl-", (*generation)->model());
  if (call->stream) {
    ChatChunks form(head, answers, call->include_usage, logprobs);
    co_await relay(request, response, **generation, form);
    co_return;
  }
  const Result<std::vector<Gathered>> gathered = co_await gather(**generation);
  if (!gathered) {
    send_api_error(request, response, gathered.error());
    co_return;
  }
  post.send(response, chat_body(head, *gathered, logprobs, (*generation)->extras()));
}

asio::awaitable<void> Routes::completions(net::Request& request, net::Response& response) {
  const Result<Json> body = co_await read_json_object(request);
  const Result<CompletionCall> call =
      body ? parse_completion(*body) : Result<CompletionCall>(std::unexpected(body.error()));
  if (!call) {
    send_api_error(request, response, call.error());
    co_return;
  }
  IdempotentPost post(ports_.idempotency, request, *body);
  if (post.answered(request, response)) co_return;
  Result<std::unique_ptr<Generation>> generation =
      ports_.generations.start(call->call, caller_of(request), request.id(), request.deadline(),
                               co_await asio::this_coro::executor);
  if (!generation) {
    send_api_error(request, response, generation.error());
    co_return;
  }
  const ReplyHead head = this->head("cmpl-", (*generation)->model());
  if (call->stream) {
    CompletionChunks form(head, *call);
    co_await relay(request, response, **generation, form);
    co_return;
  }
  const Result<std::vector<Gathered>> gathered = co_await gather(**generation);
  if (!gathered) {
    send_api_error(request, response, gathered.error());
    co_return;
  }
  post.send(response, completion_body(head, *call, *gathered));
}

asio::awaitable<void> Routes::embeddings(net::Request& request, net::Response& response) {
  const Result<Json> body = co_await read_json_object(request);
  Result<EmbeddingCall> call =
      body ? parse_embeddings(*body) : Result<EmbeddingCall>(std::unexpected(body.error()));
  if (call && ports_.embedder == nullptr) {
    call = base::fail_field(base::Code::kNotFound, "model", "no model here makes embeddings");
  }
  if (!call) {
    send_api_error(request, response, call.error());
    co_return;
  }
  IdempotentPost post(ports_.idempotency, request, *body);
  if (post.answered(request, response)) co_return;
  const Result<llm::Embeddings> made =
      co_await embed(*ports_.embedder, call->request, request.deadline(), request.stop_token());
  if (!made) {
    send_api_error(request, response, made.error());
    co_return;
  }
  post.send(response, embeddings_body(call->request.model, *made, call->base64));
}

asio::awaitable<void> Routes::models(net::Request&, net::Response& response) {
  Json data = Json::array();
  for (const llm::ModelInfo& info : ports_.generations.models()) {
    data.push_back(model_json(info, seconds_of(began_)));
  }
  response.send_json(200, base::to_text({{"object", "list"}, {"data", std::move(data)}}));
  co_return;
}

asio::awaitable<void> Routes::model(net::Request& request, net::Response& response) {
  const std::vector<llm::ModelInfo> known = ports_.generations.models();
  const ModelName name = resolve_model(request.param("model"), known);
  for (const llm::ModelInfo& info : known) {
    if (info.id != name.id) continue;
    response.send_json(200, base::to_text(model_json(info, seconds_of(began_))));
    co_return;
  }
  send_api_error(request, response,
                 {base::Code::kNotFound,
                  fmt::format("no model named '{}' is loaded", request.param("model")), "model"});
}

void Routes::install(net::Router& router) {
  const auto add = [&](std::string method, std::string pattern,
                       asio::awaitable<void> (Routes::*member)(net::Request&, net::Response&),
                       net::RouteInfo info) {
    router.add(
        std::move(method), std::move(pattern),
        [this, member](net::Request& request, net::Response& response) {
          return (this->*member)(request, response);
        },
        std::move(info));
  };
  add("POST", "/v1/chat/completions", &Routes::chat,
      {.operation_id = "createChatCompletion",
       .summary = "An answer to a conversation (OpenAI, DeepSeek)",
       .tag = "openai",
       .scope = std::string(kChatScope),
       .request_schema = "ChatCompletionRequest",
       .response_schema = "ChatCompletion",
       .streams = true});
  add("POST", "/v1/completions", &Routes::completions,
      {.operation_id = "createCompletion",
       .summary = "The continuation of a text (OpenAI, older form)",
       .tag = "openai",
       .scope = std::string(kChatScope),
       .request_schema = "CompletionRequest",
       .response_schema = "Completion",
       .streams = true});
  add("POST", "/v1/embeddings", &Routes::embeddings,
      {.operation_id = "createEmbedding",
       .summary = "Vectors of texts (OpenAI)",
       .tag = "openai",
       .scope = std::string(kEmbeddingsScope),
       .request_schema = "EmbeddingRequest",
       .response_schema = "EmbeddingList"});
  add("GET", "/v1/models", &Routes::models,
      {.operation_id = "listModels",
       .summary = "Models that can be asked now (OpenAI)",
       .tag = "openai",
       .scope = std::string(kAnyScope),
       .response_schema = "ModelList"});
  add("GET", "/v1/models/{model}", &Routes::model,
      {.operation_id = "retrieveModel",
       .summary = "One model (OpenAI)",
       .tag = "openai",
       .scope = std::string(kAnyScope),
       .response_schema = "Model"});
}

}  // namespace seine::gateway::openai
