#include "server/gateway_parts.h"

#include "gateway/access/api_keys.h"
#include "gateway/access/guard.h"
#include "gateway/access/key_routes.h"
#include "gateway/access/rate_limits.h"
#include "gateway/anthropic/routes.h"
#include "gateway/chats/chat_routes.h"
#include "gateway/chats/chat_store.h"
#include "gateway/console_routes.h"
#include "gateway/files/file_store.h"
#include "gateway/generation/generation.h"
#include "gateway/grpc/routes.h"
#include "gateway/idempotency.h"
#include "gateway/openai/responses_routes.h"
#include "gateway/openai/routes.h"
#include "gateway/openapi.h"
#include "server/file_text.h"
#include "server/version.h"

namespace seine::server {

struct GatewayParts::Impl {
  explicit Impl(const Ports& ports)
      : limits(ports.clock), idempotency(ports.clock), probe(ports.metrics, ports.vllm_metrics) {}

  std::unique_ptr<gateway::ApiKeys> keys;
  gateway::RateLimits limits;
  gateway::Idempotency idempotency;
  std::unique_ptr<gateway::Guard> guard;
  std::unique_ptr<gateway::KeyRoutes> key_routes;
  std::unique_ptr<gateway::ChatStore> chats;
  std::unique_ptr<gateway::ChatRoutes> chat_routes;
  gateway::GenerationProbe probe;
  std::unique_ptr<gateway::Generations> generations;
  std::unique_ptr<gateway::FileStore> files;
  std::unique_ptr<gateway::ConsoleRoutes> console_routes;
  std::unique_ptr<gateway::openai::Routes> openai;
  std::unique_ptr<gateway::openai::ResponsesRoutes> responses;
  std::unique_ptr<gateway::anthropic::Routes> anthropic;
  std::unique_ptr<gateway::grpc::Routes> grpc;
};

GatewayParts::GatewayParts(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GatewayParts::~GatewayParts() = default;

base::Result<std::unique_ptr<GatewayParts>> GatewayParts::make(GatewaySettings settings,
                                                               Ports ports, net::Router& router) {
  auto impl = std::make_unique<Impl>(ports);
  Impl& g = *impl;

  g.keys = SEINE_TRY(gateway::ApiKeys::open(ports.database, ports.clock, ports.random));
  g.guard = std::make_unique<gateway::Guard>(
      gateway::Guard::Settings{.open_on_loopback = settings.open_on_loopback},
      gateway::Guard::Ports{
          .sessions = ports.sessions, .keys = *g.keys, .limits = g.limits, .pool = ports.pool});
  g.guard->install(router);
  g.key_routes = std::make_unique<gateway::KeyRoutes>(*g.keys, ports.pool);
  g.key_routes->install(router);

  g.chats = SEINE_TRY(
      gateway::ChatStore::open(ports.database, ports.text_index, ports.clock, ports.random));
  SEINE_CHECK(g.chats->settle_interrupted());
  g.chat_routes = std::make_unique<gateway::ChatRoutes>(*g.chats, ports.pool);
  g.chat_routes->install(router);
  g.files = SEINE_TRY(gateway::FileStore::open(ports.database, ports.blobs, ports.clock,
                                               ports.random, read_file_text));
  g.console_routes = std::make_unique<gateway::ConsoleRoutes>(
      gateway::ConsoleRoutes::Ports{.models = ports.models,
                                    .files = *g.files,
                                    .records = ports.records,
                                    .pool = ports.pool,
                                    .readers = ports.readers,
                                    .providers = std::move(ports.providers)});
  g.console_routes->install(router);

  g.generations = std::make_unique<gateway::Generations>(
      gateway::Generations::Settings{}, gateway::Generations::Ports{.generator = ports.generator,
                                                                    .web = ports.web,
                                                                    .limits = g.limits,
                                                                    .probe = g.probe,
                                                                    .clock = ports.clock});
  g.openai = std::make_unique<gateway::openai::Routes>(
      gateway::openai::Routes::Ports{.generations = *g.generations,
                                     .idempotency = g.idempotency,
                                     .embedder = &ports.embedder,
                                     .clock = ports.clock,
                                     .random = ports.random});
  g.openai->install(router);
  g.responses = std::make_unique<gateway::openai::ResponsesRoutes>(
      gateway::openai::ResponsesRoutes::Ports{.generations = *g.generations,
                                              .idempotency = g.idempotency,
                                              .records = ports.records,
                                              .pool = ports.pool,
                                              .clock = ports.clock,
                                              .random = ports.random});
  g.responses->install(router);
  gateway::add_openapi(router, kVersion);
  g.anthropic = std::make_unique<gateway::anthropic::Routes>(gateway::anthropic::Routes::Ports{
      .generations = *g.generations, .idempotency = g.idempotency, .random = ports.random});
  g.anthropic->install(router);
  g.grpc = std::make_unique<gateway::grpc::Routes>(
      gateway::grpc::Routes::Ports{.generations = *g.generations,
                                   .ready = std::move(ports.ready),
                                   .clock = ports.clock,
                                   .random = ports.random});
  g.grpc->install(router);
  return std::unique_ptr<GatewayParts>(new GatewayParts(std::move(impl)));
}

gateway::FileStore& GatewayParts::files() {
  return *impl_->files;
}

gateway::ChatStore& GatewayParts::chats() {
  return *impl_->chats;
}
gateway::Generations& GatewayParts::generations() {
  return *impl_->generations;
}

}  // namespace seine::server
