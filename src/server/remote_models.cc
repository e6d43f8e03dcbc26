#include "server/remote_models.h"

#include <utility>

#include "net/runtime.h"
#include "net/tls.h"
#include "remote/remote_generator.h"
#include "server/calls.h"
#include "server/secrets.h"
#include "server/version.h"

namespace seine::server {

using base::Code;
using base::Result;

// A thread of its own: its models go after the service's network has ended.
struct RemoteLoader::Network {
  Network(net::ClientOptions options, net::Url url, const base::Clock& clock)
      : address(std::move(url)), runtime(1, clock), client(runtime, std::move(options)) {}

  const net::Url address;
  net::Runtime runtime;
  net::Client client;
  Calls calls{runtime};
};

Result<RemoteModelSettings> remote_model_settings(const base::Config& config,
                                                  const Environment& environment) {
  RemoteModelSettings settings;
  settings.url = config.text("remote.url");
  if (settings.url.empty()) return settings;
  if (auto address = remote::chat_address(settings.url); !address) {
    address.error().field = "remote.url";
    return std::unexpected(std::move(address).error().within("remote.url"));
  }
  settings.models = config.list("remote.models");
  if (settings.models.empty() || settings.models.size() > ModelHost::kModelsMax / 2) {
    return base::fail_field(Code::kInvalidArgument, "remote.models",
                            "remote.models names {} models, 1 to {} are possible",
                            settings.models.size(), ModelHost::kModelsMax / 2);
  }
  settings.context_tokens = static_cast<std::uint32_t>(config.integer("remote.context"));
  settings.ca_file = std::string(variable(environment, "SSL_CERT_FILE"));
  settings.proxy = net::ProxyOptions::from_environment([&environment](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
  if (const std::string& key = config.text("remote.key"); !key.empty())
    settings.key = SEINE_TRY(secret("remote.key", settings.url, key, environment));
  return settings;
}

std::vector<ModelSource> remote_sources(const RemoteModelSettings& settings) {
  std::vector<ModelSource> sources;
  if (settings.url.empty()) return sources;
  for (const std::string& model : settings.models)
    sources.push_back({.id = model, .path = settings.url});
  return sources;
}

RemoteLoader::RemoteLoader(RemoteModelSettings settings, ModelLoader& local)
    : settings_(std::move(settings)), local_(local) {}
RemoteLoader::~RemoteLoader() = default;

Result<std::unique_ptr<RemoteLoader>> RemoteLoader::make(RemoteModelSettings settings,
                                                         ModelLoader& local,
                                                         const base::Clock& clock) {
  std::unique_ptr<RemoteLoader> loader(new RemoteLoader(std::move(settings), local));
  const RemoteModelSettings& given = loader->settings_;
  if (given.url.empty()) return loader;
  net::ClientOptions options{.proxy = given.proxy, .user_agent = fmt::format("seine/{}", kVersion)};
  if (!given.ca_file.empty())
    options.tls = SEINE_TRY(net::TlsClient::load({.ca_file = given.ca_file}));
  loader->network_ = std::make_unique<Network>(std::move(options),
                                               SEINE_TRY(remote::chat_address(given.url)), clock);
  return loader;
}

Result<LoadedModel> RemoteLoader::load(const ModelSource& source, const Progress& progress,
                                       std::stop_token stop) {
  if (!network_ || source.path != settings_.url)
    return local_.load(source, progress, std::move(stop));
  LoadedModel loaded;
  loaded.architecture = "remote";
  loaded.generator = std::make_shared<remote::RemoteGenerator>(
      remote::RemoteSettings{.url = network_->address,
                             .key = settings_.key,
                             .name = source.id,
                             .info = {.id = source.id,
                                      .owned_by = network_->address.host,
                                      .context_tokens = settings_.context_tokens,
                                      .thinks = true,
                                      .calls_tools = true}},
      network_->client, [&calls = network_->calls](Calls::Work work, std::stop_token left) {
        calls.start(std::move(work), std::move(left));
      });
  return loaded;
}

Result<gateway::ModelEstimate> RemoteLoader::estimate(const ModelSource& source,
                                                      std::uint32_t context_tokens,
                                                      std::uint32_t batch) const {
  if (!network_ || source.path != settings_.url)
    return local_.estimate(source, context_tokens, batch);
  return gateway::ModelEstimate{};
}

}  // namespace seine::server
