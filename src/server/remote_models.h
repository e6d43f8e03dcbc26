// Models that another service runs, in the list of models beside those of this machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "net/client.h"
#include "server/invocation.h"
#include "server/model_host.h"

namespace seine::server {

struct RemoteModelSettings {
  std::string url = {};  // empty: no such service
  std::string key = {};
  std::vector<std::string> models = {};
  std::uint32_t context_tokens = 0;
  std::string ca_file = {};  // trusted beside the system's own authorities
  net::ProxyOptions proxy = {};
};

base::Result<RemoteModelSettings> remote_model_settings(const base::Config& config,
                                                        const Environment& environment);
std::vector<ModelSource> remote_sources(const RemoteModelSettings& settings);

// Brings up the service's models, and leaves all others to `local`, which outlives it. The models
// it gave are let go before it. A key that the service refuses fails the load; a service that
// cannot be reached just now does not, since it may be back at the first question.
class RemoteLoader final : public ModelLoader {
 public:
  static base::Result<std::unique_ptr<RemoteLoader>> make(RemoteModelSettings settings,
                                                          ModelLoader& local,
                                                          const base::Clock& clock);
  ~RemoteLoader() override;
  // Whether the service is reached and takes the key (remote/key_check.h). Blocks for ten seconds
  // at most; no error where no service is set.
  static base::Result<> check(const RemoteModelSettings& settings, const base::Clock& clock);

  base::Result<LoadedModel> load(const ModelSource& source, const Progress& progress,
                                 std::stop_token stop) override;
  base::Result<gateway::ModelEstimate> estimate(const ModelSource& source) const override;

 private:
  struct Network;
  RemoteLoader(RemoteModelSettings settings, ModelLoader& local);

  const RemoteModelSettings settings_;
  ModelLoader& local_;
  std::unique_ptr<Network> network_;  // null: no such service
};

}  // namespace seine::server
