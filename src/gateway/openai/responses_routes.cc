#include "gateway/openai/responses_routes.h"

#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <functional>

#include "base/ids.h"
#include "gateway/access/guard.h"
#include "gateway/api_error.h"
#include "gateway/body.h"
#include "gateway/generation/relay.h"
#include "gateway/openai/responses_reply.h"
#include "net/on_pool.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway::openai {
namespace {

namespace asio = boost::asio;

using base::Json;
using base::Result;

constexpr std::string_view kNamespace = "gateway.responses";

asio::awaitable<void> nothing() {
  co_return;
}

std::string key_of(const Caller& caller, std::string_view id) {
  return fmt::format("{}/{}", caller.space(), id);
}

}  // namespace

ResponsesRoutes::ResponsesRoutes(Ports ports) : ports_(ports) {
  ports_.records.set_limits(kNamespace, {.entries_max = 20'000,
                                         .bytes_max = std::uint64_t{256} << 20,
                                         .overflow = store::KvOverflow::kEvictOldest});
}

asio::awaitable<Result<Json>> ResponsesRoutes::load(Caller caller, std::string id) {
  store::KeyValue& records = ports_.records;
  const auto entry = co_await net::on_pool<std::optional<store::KvEntry>>(
      ports_.pool, [&records, key = key_of(caller, id)]() -> Result<std::optional<store::KvEntry>> {
        if (key.size() > store::KeyValue::kKeyBytesMax) return std::nullopt;
        return records.get(kNamespace, key);
      });
  if (!entry) co_return std::unexpected(entry.error());
  if (!*entry) {
    co_return base::fail_field(base::Code::kNotFound, "response_id", "no response '{}'", id);
  }
  co_return base::parse_json((*entry)->value);
}

asio::awaitable<void> ResponsesRoutes::save(Caller caller, Json response, Json items) {
  const auto id = base::get_or<std::string>(response, "id", "");
  if (const Json* output = base::find(response, "output")) {
    for (const Json& item : *output) items.push_back(item);
  }
  std::string text =
      base::to_text({{"response", std::move(response)}, {"items", std::move(items)}});
  if (!id || text.size() > kStoredBytesMax) co_return;
  store::KeyValue& records = ports_.records;
  // Whoever asks for one that could not be kept is told that there is none.
  (void)co_await net::on_pool<std::uint64_t>(
      ports_.pool, [&records, key = key_of(caller, *id), text = std::move(text)] {
        return records.put(kNamespace, key, text, std::chrono::milliseconds(kKept));
      });
}

asio::awaitable<void> ResponsesRoutes::create(net::Request& request, net::Response& response) {
  const Caller caller = caller_of(request);
  const Result<Json> body = co_await read_json_object(request);
  Result<ResponsesCall> call =
      body ? parse_responses(*body) : Result<ResponsesCall>(std::unexpected(body.error()));
  Json earlier = Json::array();
  if (call && !call->previous_id.empty()) {
    const Result<Json> stored = co_await load(caller, call->previous_id);
    if (!stored) {
      base::Error error = stored.error();
      if (error.code == base::Code::kNotFound) error.field = "previous_response_id";
      call = std::unexpected(std::move(error));
    } else if (const Json* items = base::find(*stored, "items"); items && items->is_array()) {
      earlier = *items;
    }
  }
  if (call) {
    if (const Result<> filled = set_messages(*call, earlier); !filled) {
      call = std::unexpected(filled.error());
    }
  }
  if (!call) {
    send_api_error(request, response, call.error());
    co_return;
  }
  IdempotentPost post(ports_.idempotency, request, *body);
  if (post.answered(request, response)) co_return;
  Result<std::unique_ptr<Generation>> generation =
      ports_.generations.start(std::move(call->call), caller, request.id(), request.deadline(),
                               co_await asio::this_coro::executor);
  if (!generation) {
    send_api_error(request, response, generation.error());
    co_return;
  }
  const ReplyHead head{
      .id = "resp_" + base::make_hex_id(ports_.random, 12),
      .created_s =
          std::chrono::floor<std::chrono::seconds>(ports_.clock.wall()).time_since_epoch().count(),
      .model = (*generation)->model()};
  call->echo["store"] = call->store;
  Json items = std::move(earlier);
  for (Json& item : call->items) items.push_back(std::move(item));
  const ResponseEvents::Keep keep = [this, &caller, &items, store = call->store](const Json& done) {
    return store ? save(caller, done, items) : nothing();
  };
  if (call->stream) {
    ResponseEvents form(head, call->echo, keep);
    co_await relay(request, response, **generation, form);
    co_return;
  }
  const Result<std::vector<Gathered>> gathered = co_await gather(**generation);
  if (!gathered) {
    send_api_error(request, response, gathered.error());
    co_return;
  }
  const Json finished =
      finished_response(head, call->echo, gathered->front(), (*generation)->extras());
  co_await keep(finished);
  post.send(response, base::to_text(finished));
}

asio::awaitable<void> ResponsesRoutes::get(net::Request& request, net::Response& response) {
  const Result<Json> stored =
      co_await load(caller_of(request), std::string(request.param("response_id")));
  if (!stored) {
    send_api_error(request, response, stored.error());
    co_return;
  }
  const Json* found = base::find(*stored, "response");
  response.send_json(200, found != nullptr ? base::to_text(*found) : "{}");
}

asio::awaitable<void> ResponsesRoutes::input_items(net::Request& request, net::Response& response) {
  const Result<Json> stored =
      co_await load(caller_of(request), std::string(request.param("response_id")));
  if (!stored) {
    send_api_error(request, response, stored.error());
    co_return;
  }
  const Json* items = base::find(*stored, "items");
  response.send_json(200, base::to_text({{"object", "list"},
                                         {"data", items != nullptr ? *items : Json::array()},
                                         {"has_more", false}}));
}

asio::awaitable<void> ResponsesRoutes::remove(net::Request& request, net::Response& response) {
  store::KeyValue& records = ports_.records;
  const std::string id(request.param("response_id"));
  const Result<bool> gone = co_await net::on_pool<bool>(
      ports_.pool, [&records, key = key_of(caller_of(request), id)]() -> Result<bool> {
        if (key.size() > store::KeyValue::kKeyBytesMax) return false;
        return records.remove(kNamespace, key);
      });
  if (!gone || !*gone) {
    send_api_error(request, response,
                   gone ? base::Error{base::Code::kNotFound, fmt::format("no response '{}'", id),
                                      "response_id"}
                        : gone.error());
    co_return;
  }
  response.send_json(200, base::to_text({{"id", id}, {"object", "response"}, {"deleted", true}}));
}

void ResponsesRoutes::install(net::Router& router) {
  const auto add =
      [&](std::string method, std::string pattern,
          asio::awaitable<void> (ResponsesRoutes::*member)(net::Request&, net::Response&),
          net::RouteInfo info) {
        info.tag = "openai";
        info.scope = std::string(kChatScope);
        router.add(
            std::move(method), std::move(pattern),
            [this, member](net::Request& request, net::Response& response) {
              return (this->*member)(request, response);
            },
            std::move(info));
      };
  add("POST", "/v1/responses", &ResponsesRoutes::create,
      {.operation_id = "createResponse",
       .summary = "An answer to a list of items (OpenAI Responses)",
       .request_schema = "ResponseRequest",
       .response_schema = "Response",
       .streams = true});
  add("GET", "/v1/responses/{response_id}", &ResponsesRoutes::get,
      {.operation_id = "getResponse",
       .summary = "A stored response",
       .response_schema = "Response"});
  add("GET", "/v1/responses/{response_id}/input_items", &ResponsesRoutes::input_items,
      {.operation_id = "listInputItems",
       .summary = "The items of a stored response's conversation",
       .response_schema = "ItemList"});
  add("DELETE", "/v1/responses/{response_id}", &ResponsesRoutes::remove,
      {.operation_id = "deleteResponse", .summary = "Forget a stored response"});
}

}  // namespace seine::gateway::openai
