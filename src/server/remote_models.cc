#include "server/remote_models.h"

#include <future>
#include <memory>
#include <utility>

#include "net/runtime.h"
#include "net/tls.h"
#include "remote/key_check.h"
#include "remote/remote_generator.h"
#include "server/calls.h"
#include "server/secrets.h"
#include "server/version.h"

namespace seine::server {

using base::Code;
using base::Result;
namespace asio = boost::asio;

namespace {

asio::awaitable<void> tell_check(net::Client& client, net::Url chat, std::string key,
                                 std::shared_ptr<std::promise<Result<>>> told) {
  told->set_value(co_await remote::check_key(client, std::move(chat), std::move(key)));
}

}  // namespace

// A thread of its own: its models go after the service's network has ended.
struct RemoteLoader::Network {
  Network(net::ClientOptions options, net::Url url, const base::Clock& clock)
      : address(std::move(url)), runtime(1, clock), client(runtime, std::move(options)) {}

  static Result<std::unique_ptr<Network>> make(const RemoteModelSettings& given,
                                               const base::Clock& clock);
  // A stop, or the end of the network, cancels it. Its own limits bound it.
  Result<> check(const std::string& key, std::stop_token stop) {
    const auto told = std::make_shared<std::promise<Result<>>>();
    std::future<Result<>> said = told->get_future();
    calls.start([this, key, told] { return tell_check(client, address, key, told); },
                std::move(stop));
    return said.get();
  }

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
  if (!given.url.empty()) loader->network_ = SEINE_TRY(Network::make(given, clock));
  return loader;
}

Result<std::unique_ptr<RemoteLoader::Network>> RemoteLoader::Network::make(
    const RemoteModelSettings& given, const base::Clock& clock) {
  net::ClientOptions options{.proxy = given.proxy, .user_agent = fmt::format("seine/{}", kVersion)};
  if (!given.ca_file.empty())
    options.tls = SEINE_TRY(net::TlsClient::load({.ca_file = given.ca_file}));
  return std::make_unique<Network>(std::move(options), SEINE_TRY(remote::chat_address(given.url)),
                                   clock);
}

Result<> RemoteLoader::check(const RemoteModelSettings& settings, const base::Clock& clock) {
  if (settings.url.empty()) return {};
  const auto network = SEINE_TRY(Network::make(settings, clock));
  return network->check(settings.key, {});
}

Result<LoadedModel> RemoteLoader::load(const ModelSource& source, const Progress& progress,
                                       std::stop_token stop) {
  if (!network_ || source.path != settings_.url)
    return local_.load(source, progress, std::move(stop));
  if (const Result<> taken = network_->check(settings_.key, stop);
      !taken && taken.error().code == Code::kUnauthenticated)
    return std::unexpected(taken.error());
  if (stop.stop_requested()) return base::fail(Code::kCancelled, "cancelled");
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

Result<gateway::ModelEstimate> RemoteLoader::estimate(const ModelSource& source) const {
  if (!network_ || source.path != settings_.url) return local_.estimate(source);
  return gateway::ModelEstimate{};
}

}  // namespace seine::server
