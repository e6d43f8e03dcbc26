// The composition root's product: one running Seine. start() opens the store, fills the router and
// listens; drain() ends in the opposite order. Owned by run_up; used from its thread, except where
// a function says otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/config.h"
#include "base/error.h"
#include "base/log.h"
#include "base/random.h"
#include "server/engine_options.h"
#include "server/remote_models.h"
#include "web/web.h"

namespace seine::server {

struct ServiceSettings {
  std::vector<std::string> listen;
  std::size_t threads = 1;
  std::size_t connections_max = 16384;
  std::uint64_t body_bytes_max = std::uint64_t{32} << 20;
  std::chrono::milliseconds request_timeout{600'000};
  std::chrono::milliseconds idle_timeout{75'000};
  bool open_on_loopback = false;
  bool metrics_public = true;
  std::string tls_certificate = {};
  std::string tls_key = {};
  std::string data_dir;
  std::uint64_t blobs_bytes_max = std::uint64_t{10} << 30;
  web::WebSettings web = {};
  std::string model_path = {};  // empty: the shipped one
  bool load_models = true;      // false: for commands that need none
  bool watch = true;            // run the schedule of watches
  // Where the documentation is cited; empty: at the first address that is listened on.
  std::string docs_address = {};
  EngineOptions engine = {};
  RemoteModelSettings remote = {};
};

ServiceSettings service_settings(const base::Config& config, std::string data_dir);
// The first http address that the settings would listen on; empty where there is none.
std::string configured_address(const ServiceSettings& settings);

class Service {
 public:
  struct Environment {
    const base::Clock& clock;
    base::Random& random;
    base::LogSink& log;
  };

  // All of `environment` outlives the service. kFailedPrecondition when another process uses the
  // data directory or a port.
  static base::Result<std::unique_ptr<Service>> start(ServiceSettings settings,
                                                      Environment environment);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // "http://127.0.0.1:8480", with the ports that were really bound.
  const std::vector<std::string>& urls() const;
  // The OpenAPI document of its routes, as JSON.
  std::string openapi() const;
  // The console's address with a token that is good for one sign-in.
  base::Result<std::string> one_time_link();
  // Reads the TLS files again.
  base::Result<> reload_tls();
  // Whether every network thread has answered a post within the time.
  bool responsive(base::Duration within);
  // Waits until no model is loading any more; false when the deadline passed first.
  bool models_settled(base::Deadline deadline);
  // Waits until the documentation is indexed; false when the time passed first.
  bool docs_indexed(base::Duration within);
  // Stops accepting, lets requests end until the deadline, then cancels them. Once.
  void drain(base::Deadline deadline);

 private:
  struct Impl;
  explicit Service(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// "HOST:PORT", "[V6]:PORT" or "unix:PATH" in its parts.
struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
  std::string unix_path;
};
base::Result<ListenAddress> parse_listen(std::string_view text);

}  // namespace seine::server
