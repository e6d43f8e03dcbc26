#include "gateway/grpc/routes.h"

#include <grpc/health/v1/health.pb.h>
#include <seine/v1/generation.pb.h>

#include <boost/asio/this_coro.hpp>
#include <chrono>

#include "base/ids.h"
#include "gateway/access/guard.h"
#include "gateway/api_error.h"
#include "gateway/generation/relay.h"
#include "gateway/grpc/messages.h"
#include "gateway/grpc/reflection.h"
#include "gateway/grpc/wire.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway::grpc {
namespace {

namespace asio = boost::asio;
namespace health = ::grpc::health::v1;

using base::Code;
using base::Result;

constexpr std::string_view kGeneration = "seine.v1.Generation";
constexpr std::string_view kHealth = "grpc.health.v1.Health";
constexpr std::string_view kReflection = "grpc.reflection.v1.ServerReflection";
// What older tools ask; the same messages.
constexpr std::string_view kReflectionAlpha = "grpc.reflection.v1alpha.ServerReflection";
constexpr std::string_view kListed[] = {kGeneration, kHealth, kReflection};
constexpr std::size_t kReflectionBytesMax = 4096;
// Length and flag of a message come on top of it.
constexpr std::uint64_t kBodyBytesMax = kMessageBytesMax + 5;

// The call's only message. What is no gRPC at all has been answered when there is none.
asio::awaitable<Result<std::string>> read_call(net::Request& request) {
  const net::Headers& headers = request.headers();
  if (const auto encoding = headers.get("grpc-encoding"); encoding && *encoding != "identity") {
    co_return base::fail_field(Code::kUnimplemented, "grpc-encoding",
                               "messages in '{}' are not taken; send identity", *encoding);
  }
  const std::string body = SEINE_CO_TRY(co_await request.read_all());
  co_return std::string(SEINE_CO_TRY(only_message(body)));
}

// False where a plain HTTP client has strayed here, which gets a plain answer.
bool speaks_grpc(const net::Request& request, net::Response& response) {
  if (request.protocol() != net::Protocol::kHttp2) {
    response.send_error({Code::kUnimplemented, "gRPC needs HTTP/2"});
    return false;
  }
  if (!is_grpc_content(request.headers().get("content-type").value_or(""))) {
    response.send_text(415, "content-type must be application/grpc\n");
    return false;
  }
  return true;
}

asio::awaitable<void> send_message(net::Response& response, std::string message) {
  std::string frame;
  append_frame(frame, message);
  if (!co_await response.start(200, {{"content-type", kContentType}})) co_return;
  if (!co_await response.write(frame)) co_return;
  (void)co_await response.finish(ok_fields());
}

Result<base::Deadline> deadline_of(const net::Request& request, const base::Clock& clock) {
  const auto field = request.headers().get("grpc-timeout");
  if (!field) return request.deadline();
  const base::Duration timeout = SEINE_TRY(parse_timeout(*field));
  return request.deadline().earlier_of(base::Deadline::after(clock, timeout));
}

}  // namespace

asio::awaitable<void> Routes::generate(net::Request& request, net::Response& response) {
  if (!speaks_grpc(request, response)) co_return;
  const Result<base::Deadline> deadline = deadline_of(request, ports_.clock);
  const Result<std::string> message = deadline
                                          ? co_await read_call(request)
                                          : Result<std::string>(std::unexpected(deadline.error()));
  Result<Call> call =
      message ? parse_generate(*message) : Result<Call>(std::unexpected(message.error()));
  if (!call) {
    send_api_error(request, response, call.error());
    co_return;
  }
  const std::uint32_t answers = call->answers;
  const Result<std::unique_ptr<Generation>> generation =
      ports_.generations.start(*std::move(call), caller_of(request), request.id(), *deadline,
                               co_await asio::this_coro::executor);
  if (!generation) {
    send_api_error(request, response, generation.error());
    co_return;
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(ports_.clock.wall());
  GenerateEvents form({.id = "gen_" + base::make_hex_id(ports_.random, 12),
                       .created_s = now.time_since_epoch().count(),
                       .model = (*generation)->model()},
                      answers);
  co_await relay(request, response, **generation, form);
}

asio::awaitable<void> Routes::list_models(net::Request& request, net::Response& response) {
  if (!speaks_grpc(request, response)) co_return;
  const Result<std::string> message = co_await read_call(request);
  if (!message) {
    send_api_error(request, response, message.error());
    co_return;
  }
  v1::ListModelsResponse list;
  for (const llm::ModelInfo& info : ports_.generations.models()) {
    v1::Model& model = *list.add_models();
    model.set_id(info.id);
    model.set_owned_by(info.owned_by);
    model.set_context_length(info.context_tokens);
    model.set_reasoning(info.thinks);
    model.set_tools(info.calls_tools);
    model.set_cites_spans(info.cites_spans);
  }
  co_await send_message(response, list.SerializeAsString());
}

asio::awaitable<void> Routes::check_health(net::Request& request, net::Response& response) {
  if (!speaks_grpc(request, response)) co_return;
  const Result<std::string> message = co_await read_call(request);
  health::HealthCheckRequest wanted;
  base::Error error;
  if (!message) {
    error = message.error();
  } else if (!wanted.ParseFromString(*message)) {
    error = {Code::kInvalidArgument, "the message is no grpc.health.v1.HealthCheckRequest"};
  } else if (!wanted.service().empty() && wanted.service() != kGeneration) {
    error = {Code::kNotFound, fmt::format("no service named '{}'", wanted.service()), "service"};
  } else {
    health::HealthCheckResponse answer;
    answer.set_status(ports_.ready() ? health::HealthCheckResponse::SERVING
                                     : health::HealthCheckResponse::NOT_SERVING);
    co_await send_message(response, answer.SerializeAsString());
    co_return;
  }
  send_api_error(request, response, error);
}

// Asks and answers in turn until the peer has no more to ask.
asio::awaitable<void> Routes::reflect(net::Request& request, net::Response& response) {
  if (!speaks_grpc(request, response)) co_return;
  if (!co_await response.start(200, {{"content-type", kContentType}})) co_return;
  FrameReader frames(kReflectionBytesMax);
  base::Error error;
  for (bool ended = false; !ended && error.message.empty();) {
    const Result<std::string_view> piece = co_await request.read_some();
    if (!piece) {
      error = piece.error();
      break;
    }
    ended = piece->empty();
    frames.feed(*piece);
    for (;;) {
      const Result<std::optional<std::string>> message = frames.next();
      if (!message) error = message.error();
      if (!message || !*message) break;
      const Result<std::string> said = grpc::reflect(**message, kListed);
      if (!said) {
        error = said.error();
        break;
      }
      std::string frame;
      append_frame(frame, *said);
      if (!co_await response.write(frame)) co_return;
    }
  }
  if (error.message.empty() && !frames.empty())
    error = {Code::kInvalidArgument, "the call ends within a message"};
  (void)co_await response.finish(error.message.empty() ? ok_fields() : status_fields(error));
}

asio::awaitable<void> Routes::refuse(net::Request& request, net::Response& response) {
  if (!speaks_grpc(request, response)) co_return;
  send_api_error(request, response,
                 {Code::kUnimplemented, fmt::format("no method at {}", request.path())});
}

void Routes::install(net::Router& router) {
  const auto add = [&](std::string method, std::string_view scope, std::string summary,
                       asio::awaitable<void> (Routes::*member)(net::Request&, net::Response&)) {
    router.add("POST", "/" + method,
               [this, member](net::Request& request, net::Response& response) {
                 return (this->*member)(request, response);
               },
               {.operation_id = method,
                .summary = std::move(summary),
                .tag = "grpc",
                .scope = std::string(scope),
                .body_bytes_max = kBodyBytesMax});
  };
  add("seine.v1.Generation/Generate", kChatScope, "An answer to a conversation, as a stream (gRPC)",
      &Routes::generate);
  add("seine.v1.Generation/ListModels", kAnyScope, "Models that can be asked now (gRPC)",
      &Routes::list_models);
  add("grpc.health.v1.Health/Check", kPublicScope, "Whether the service takes requests (gRPC)",
      &Routes::check_health);
  for (const std::string_view service : {kReflection, kReflectionAlpha})
    add(fmt::format("{}/ServerReflectionInfo", service), kPublicScope,
        "Which services are here, and their messages (gRPC)", &Routes::reflect);
  // Else the router would say in HTTP that the path takes no POST, which clients call UNKNOWN.
  for (const std::string_view service : {kGeneration, kHealth, kReflection, kReflectionAlpha})
    add(fmt::format("{}/{{method}}", service), kPublicScope, "Any other method (gRPC)",
        &Routes::refuse);
}

}  // namespace seine::gateway::grpc
