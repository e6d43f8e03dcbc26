#include "server/service.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <system_error>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "console/assets.h"
#include "gateway/admin.h"
#include "gateway/console.h"
#include "gateway/console_routes.h"
#include "gateway/docs/docs.h"
#include "gateway/http_probe.h"
#include "gateway/openapi.h"
#include "gateway/watches/watch_routes.h"
#include "net/router.h"
#include "net/runtime.h"
#include "net/server.h"
#include "net/tls.h"
#include "server/answer_parts.h"
#include "server/calls.h"
#include "server/checks.h"
#include "server/docs_site.h"
#include "server/engine_loader.h"
#include "server/gateway_parts.h"
#include "server/model_host.h"
#include "server/process.h"
#include "server/version.h"
#include "server/web_answerer.h"
#include "server/web_ports.h"
#include "store/blob_store.h"
#include "store/data_dir.h"
#include "store/key_value.h"
#include "store/text_index.h"
#include "store/worker_pool.h"

namespace seine::server {
namespace {

using base::Code;
using base::Result;

// Blocking calls of the gateway: two at a time keep the database's readers busy, and a queue of a
// thousand is a second of work.
constexpr std::size_t kPoolThreads = 2;
constexpr std::size_t kPoolQueue = 1024;
// Uploads are read for milliseconds, but pictures and long PDFs for seconds, each in a child of its
// own.
constexpr std::size_t kReaders = 2;
constexpr std::size_t kReadersQueue = 64;

void add_process_metrics(base::Metrics& metrics) {
  metrics.gauge_function("process_resident_memory_bytes", "Resident memory.",
                         [] { return static_cast<double>(process_use().rss_bytes); });
  metrics.counter_function("process_cpu_seconds_total", "User and system time.",
                           [] { return process_use().cpu_s; });
  metrics.gauge_function("process_threads", "Threads.",
                         [] { return static_cast<double>(process_use().threads); });
  metrics.gauge_function("process_open_fds", "Open file descriptors.",
                         [] { return static_cast<double>(process_use().open_files); });
  metrics
      .gauge("seine_build_info", "Always 1; the labels tell what was built.",
             {{"version", std::string(kVersion)}, {"commit", std::string(kCommit)}})
      .set(1);
}

std::string url_of(const ListenAddress& address, std::uint16_t port, bool tls) {
  if (!address.unix_path.empty()) return "unix:" + address.unix_path;
  std::string host = address.host;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  // An unspecified address is no place to go to; this machine's own is.
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return fmt::format("{}://{}:{}", tls ? "https" : "http", host, port);
}

// Other processes on this data directory (`seine link`) read the address here: the port may have
// been the kernel's choice.
Result<> write_address(const std::string& path, std::string_view url) {
  std::ofstream file(path, std::ios::trunc);
  file << url << "\n";
  file.close();
  if (!file) return std::unexpected(base::errno_error(path, errno));
  return {};
}

}  // namespace

ServiceSettings service_settings(const base::Config& config, std::string data_dir) {
  const auto threads = static_cast<std::size_t>(config.integer("server.threads"));
  return {
      .listen = config.list("server.listen"),
      .threads = threads != 0 ? threads : std::max(1u, std::thread::hardware_concurrency()),
      .connections_max = static_cast<std::size_t>(config.integer("server.connections_max")),
      .body_bytes_max = config.size_bytes("server.body_max"),
      .request_timeout = config.duration("server.request_timeout"),
      .idle_timeout = config.duration("server.idle_timeout"),
      .open_on_loopback = config.flag("server.open_on_loopback"),
      .metrics_public = config.flag("server.metrics_public"),
      .tls_certificate = config.text("tls.certificate"),
      .tls_key = config.text("tls.key"),
      .data_dir = std::move(data_dir),
      .blobs_bytes_max = config.size_bytes("data.blobs_max"),
      .model_path = config.text("model.path"),
      .engine = engine_options(config),
  };
}

Result<ListenAddress> parse_listen(std::string_view text) {
  if (text.starts_with("unix:") && text.size() > 5)
    return ListenAddress{.host = {}, .port = 0, .unix_path = std::string(text.substr(5))};
  const std::size_t colon = text.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : base::parse_u64(text.substr(colon + 1));
  std::string_view host =
      colon == std::string_view::npos ? std::string_view() : text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool bare_v6 = !bracketed && host.find(':') != std::string_view::npos;
  if (!port || *port > 65535 || host.empty() || bare_v6) {
    return base::fail_field(Code::kInvalidArgument, "server.listen",
                            "'{}' is not HOST:PORT, [IPV6]:PORT or unix:PATH", text);
  }
  return ListenAddress{
      .host = std::string(host), .port = static_cast<std::uint16_t>(*port), .unix_path = {}};
}

std::string configured_address(const ServiceSettings& settings) {
  for (const std::string& text : settings.listen) {
    const Result<ListenAddress> address = parse_listen(text);
    if (address && address->unix_path.empty() && address->port != 0)
      return url_of(*address, address->port, !settings.tls_certificate.empty());
  }
  return {};
}

// Members are destroyed from the last to the first: the server before what its handlers use.
struct Service::Impl {
  Impl(ServiceSettings given, Service::Environment around, store::DataDir directory,
       store::DataDirLock held)
      : settings(std::move(given)),
        environment(around),
        started(around.clock.now()),
        started_at(around.clock.wall()),
        data_dir(std::move(directory)),
        lock(std::move(held)) {}

  gateway::StatusFacts facts() const;
  std::vector<gateway::Check> checks();
  std::vector<gateway::SearchProviderInfo> providers() const;
  std::string address_file() const { return data_dir.run() + "/address"; }

  const ServiceSettings settings;
  const Service::Environment environment;
  const base::TimePoint started;
  const base::WallTime started_at;
  store::DataDir data_dir;
  store::DataDirLock lock;
  base::Metrics metrics;
  base::Metrics vllm_metrics;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<store::BlobStore> blobs;
  std::unique_ptr<store::KeyValue> records;
  std::unique_ptr<store::TextIndex> texts;
  std::unique_ptr<store::WorkerPool> pool;
  std::unique_ptr<store::WorkerPool> readers;
  std::unique_ptr<gateway::Sessions> sessions;
  std::unique_ptr<gateway::Admin> admin;
  std::unique_ptr<EngineLoader> loader;
  std::unique_ptr<RemoteLoader> remote;
  std::unique_ptr<ModelHost> models;
  std::unique_ptr<WebAnswerer> web;
  std::unique_ptr<GatewayParts> gateway;
  std::unique_ptr<gateway::HttpProbe> probe;
  std::shared_ptr<net::TlsServer> tls;
  net::Router router;
  std::unique_ptr<net::Runtime> runtime;
  std::unique_ptr<web::Web> reading;
  std::unique_ptr<WebPorts> web_ports;
  std::unique_ptr<DocsSite> docs;
  std::unique_ptr<AnswerParts> answers;
  std::unique_ptr<gateway::WatchRoutes> watch_routes;
  std::unique_ptr<Calls> watching;
  std::unique_ptr<net::Server> server;
  std::vector<std::string> urls;
  std::atomic<bool> ready{false};

 private:
  std::mutex checks_mutex_;
  base::TimePoint checks_until_{};
  std::vector<gateway::Check> checks_;
};

gateway::StatusFacts Service::Impl::facts() const {
  const ProcessUse use = process_use();
  return {.version = std::string(kVersion),
          .commit = std::string(kCommit),
          .started_at = started_at,
          .uptime_s = std::chrono::duration<double>(environment.clock.now() - started).count(),
          .listen = urls,
          .data_dir = data_dir.root(),
          .data_bytes = directory_bytes(data_dir.root()),
          .ready = ready.load(),
          .pid = getpid(),
          .rss_bytes = use.rss_bytes,
          .cpu_s = use.cpu_s,
          .threads = use.threads,
          .log_level = std::string(base::level_name(environment.log.level()))};
}

std::vector<gateway::SearchProviderInfo> Service::Impl::providers() const {
  using State = web::SearchEngine::State;
  std::vector<gateway::SearchProviderInfo> out;
  if (!reading) return out;
  for (const web::SearchEngine::Health& health : reading->search_health()) {
    gateway::SearchProviderInfo info{.id = health.id, .state = {}};
    switch (health.state) {
      case State::kReady:
        info.state = "ready";
        break;
      case State::kNoKey:
        info.state = "no_key";
        break;
      case State::kDown:
        info.state = "down";
        break;
      case State::kQuota:
        info.state = "quota";
        break;
    }
    if (health.cost_usd > 0) info.cost = fmt::format("{:g} USD", health.cost_usd);
    if (health.median) info.p50_ms = static_cast<double>(health.median->count());
    out.push_back(std::move(info));
  }
  return out;
}

// The checks read the disk, so a page that asks every two seconds gets those of the last ten.
std::vector<gateway::Check> Service::Impl::checks() {
  const std::lock_guard guard(checks_mutex_);
  const base::TimePoint now = environment.clock.now();
  if (now >= checks_until_) {
    checks_ = {check_data_directory(data_dir), check_console(), check_memory(),
               check_open_files(settings.connections_max), check_exposure(settings)};
    checks_until_ = now + std::chrono::seconds(10);
  }
  return checks_;
}

Service::Service(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Service::~Service() {
  if (impl_->server) drain(base::Deadline::at(base::TimePoint::min()));
}

Result<std::unique_ptr<Service>> Service::start(ServiceSettings settings, Environment environment) {
  store::DataDir directory = SEINE_TRY(store::DataDir::open(settings.data_dir));
  store::DataDirLock lock = SEINE_TRY(directory.lock());
  auto impl = std::make_unique<Impl>(std::move(settings), environment, std::move(directory),
                                     std::move(lock));
  Impl& s = *impl;

  s.database = SEINE_TRY(store::Database::open(s.data_dir.database()));
  s.blobs = SEINE_TRY(store::BlobStore::open(s.data_dir.blobs(), *s.database, environment.clock,
                                             {.total_bytes_max = s.settings.blobs_bytes_max}));
  s.records = SEINE_TRY(store::KeyValue::open(*s.database, environment.clock));
  s.texts = SEINE_TRY(store::TextIndex::open(*s.database));
  s.pool = std::make_unique<store::WorkerPool>(kPoolThreads, kPoolQueue);
  s.readers = std::make_unique<store::WorkerPool>(kReaders, kReadersQueue);

  add_process_metrics(s.metrics);
  s.sessions =
      std::make_unique<gateway::Sessions>(*s.records, environment.clock, environment.random);
  if (s.settings.tls_certificate.empty() != s.settings.tls_key.empty()) {
    return base::fail_field(Code::kInvalidArgument, "tls.key",
                            "tls.certificate and tls.key go together; one of them is empty");
  }
  const bool with_tls = !s.settings.tls_certificate.empty();
  if (with_tls) {
    s.tls = SEINE_TRY(net::TlsServer::load(
        {.certificate_file = s.settings.tls_certificate, .key_file = s.settings.tls_key}));
  }
  s.admin = std::make_unique<gateway::Admin>(
      gateway::AdminSettings{.metrics_public = s.settings.metrics_public,
                             .secure_cookie = with_tls},
      gateway::Admin::Ports{.sessions = *s.sessions,
                            .pool = *s.pool,
                            .metrics = s.metrics,
                            .vllm_metrics = &s.vllm_metrics,
                            .facts = [&s] { return s.facts(); },
                            .checks = [&s] { return s.checks(); },
                            .ready = [&s] { return s.ready.load(); }});
  s.admin->install(s.router);
  // A service that answers is set up on purpose, so its models come before the one that ships.
  std::vector<ModelSource> sources = remote_sources(s.settings.remote);
  for (ModelSource& local : SEINE_TRY(model_sources(s.settings.model_path))) {
    if (std::ranges::find(sources, local.id, &ModelSource::id) != sources.end()) {
      return base::fail_field(Code::kInvalidArgument, "remote.models",
                              "there is a model named '{}' already", local.id);
    }
    sources.push_back(std::move(local));
  }
  s.loader = std::make_unique<EngineLoader>(
      s.settings.engine, engine::EngineContext{environment.clock, environment.random, s.metrics});
  s.remote = SEINE_TRY(RemoteLoader::make(s.settings.remote, *s.loader, environment.clock));
  s.models = std::make_unique<ModelHost>(sources, *s.remote, environment.clock);
  s.models->on_settled([log = base::Logger(environment.log).with({{"module", "models"}})](
                           const gateway::ModelEntry& model) {
    if (model.state == gateway::ModelState::kFailed) {
      log.error("model not loaded", {{"model", model.id}, {"error", model.error}});
    } else {
      log.info("model loaded", {{"model", model.id}, {"bytes", model.memory_bytes}});
    }
  });
  if (s.settings.load_models) {
    for (const ModelSource& source : sources) SEINE_CHECK(s.models->load(source.id));
  }
  s.web = std::make_unique<WebAnswerer>();
  s.gateway = SEINE_TRY(GatewayParts::make({.open_on_loopback = s.settings.open_on_loopback},
                                           {.database = *s.database,
                                            .text_index = *s.texts,
                                            .blobs = *s.blobs,
                                            .records = *s.records,
                                            .pool = *s.pool,
                                            .readers = *s.readers,
                                            .sessions = *s.sessions,
                                            .metrics = s.metrics,
                                            .vllm_metrics = s.vllm_metrics,
                                            .generator = s.models->generator(),
                                            .embedder = s.models->embedder(),
                                            .models = *s.models,
                                            .providers = [&s] { return s.providers(); },
                                            .web = s.web.get(),
                                            .ready = [&s] { return s.ready.load(); },
                                            .clock = environment.clock,
                                            .random = environment.random},
                                           s.router));
  s.runtime = std::make_unique<net::Runtime>(s.settings.threads, environment.clock);
  web::WebSettings wanted = s.settings.web;
  wanted.watch.told = [log = base::Logger(environment.log).with({{"module", "watch"}})](
                          std::string_view what, std::string_view watch, std::string_view detail) {
    log.info(what, {{"watch", watch}, {"detail", detail}});
  };
  s.reading = SEINE_TRY(web::Web::make(std::move(wanted), {.runtime = *s.runtime,
                                                           .database = *s.database,
                                                           .text_index = *s.texts,
                                                           .blobs = *s.blobs,
                                                           .pool = *s.pool,
                                                           .clock = environment.clock,
                                                           .random = environment.random}));
  s.web_ports = std::make_unique<WebPorts>(WebPorts::Ports{.reader = s.reading->reader(),
                                                           .search = s.reading->search(),
                                                           .crawler = s.reading->crawler(),
                                                           .index = s.reading->index(),
                                                           .guard = s.settings.web.guard,
                                                           .pool = *s.pool,
                                                           .runtime = *s.runtime,
                                                           .clock = environment.clock});
  s.docs = std::make_unique<DocsSite>(
      DocsSite::Ports{.index = s.reading->index(),
                      .records = *s.records,
                      .pool = *s.pool,
                      .search = *s.web_ports,
                      .pages = *s.web_ports,
                      .clock = environment.clock,
                      .log = base::Logger(environment.log).with({{"module", "docs"}})});
  s.answers = SEINE_TRY(
      AnswerParts::make({.database = *s.database,
                         .blobs = *s.blobs,
                         .pool = *s.pool,
                         .pages = *s.docs,
                         .chats = &s.gateway->chats(),
                         .files = &s.gateway->files(),
                         .generator = &s.models->generator(),
                         .embedder = &s.models->embedder(),
                         .reranker = &s.models->reranker(),
                         .search = s.docs.get(),
                         .lost =
                             [log = base::Logger(environment.log).with({{"module", "answers"}})](
                                 const base::Error& error) {
                               log.error("answer not kept in its chat", {{"error", error.message}});
                             },
                         .clock = environment.clock,
                         .random = environment.random},
                        s.router));
  s.web->serve(s.answers->answers());
  s.watch_routes = std::make_unique<gateway::WatchRoutes>(s.reading->watcher());
  s.watch_routes->install(s.router);
  gateway::add_docs(s.router);
  gateway::add_console(s.router, console::assets());

  s.probe = std::make_unique<gateway::HttpProbe>(
      s.metrics, base::Logger(environment.log).with({{"module", "net"}}));
  net::ServerOptions options;
  options.limits.connections_max = s.settings.connections_max;
  options.limits.body_bytes_max = s.settings.body_bytes_max;
  options.limits.request_timeout = s.settings.request_timeout;
  options.limits.idle_timeout = s.settings.idle_timeout;
  options.probe = s.probe.get();
  s.server = std::make_unique<net::Server>(*s.runtime, options, s.router.handler());
  for (const std::string& text : s.settings.listen) {
    const ListenAddress address = SEINE_TRY(parse_listen(text));
    Result<std::uint16_t> port = s.server->listen(
        {.host = address.host, .port = address.port, .unix_path = address.unix_path, .tls = s.tls});
    if (!port)
      return std::unexpected(std::move(port).error().within(fmt::format("listen on {}", text)));
    s.urls.push_back(url_of(address, *port, with_tls && address.unix_path.empty()));
  }
  if (s.urls.empty())
    return base::fail_field(Code::kInvalidArgument, "server.listen",
                            "server.listen names no address");
  SEINE_CHECK(write_address(s.address_file(), s.urls.front()));
  // A service on a Unix socket alone is not reached by a browser.
  const auto http =
      std::ranges::find_if(s.urls, [](const std::string& url) { return url.starts_with("http"); });
  std::string docs = s.settings.docs_address;
  if (docs.empty()) docs = http != s.urls.end() ? *http : "http://localhost";
  s.docs->start(std::move(docs));
  s.watching = std::make_unique<Calls>(*s.runtime);
  if (s.settings.watch)
    s.watching->start_on(0, [&watcher = s.reading->watcher()] { return watcher.run(); });
  s.ready = true;
  return std::unique_ptr<Service>(new Service(std::move(impl)));
}

const std::vector<std::string>& Service::urls() const {
  return impl_->urls;
}

std::string Service::openapi() const {
  return base::to_text(gateway::openapi(impl_->router, kVersion));
}

Result<std::string> Service::one_time_link() {
  const std::string token = SEINE_TRY(impl_->sessions->mint_link());
  return fmt::format("{}/#token={}", impl_->urls.front(), token);
}

Result<> Service::reload_tls() {
  return impl_->tls ? impl_->tls->reload() : Result<>();
}

bool Service::responsive(base::Duration within) {
  struct Answers {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t count = 0;
  };
  const auto answers = std::make_shared<Answers>();
  for (std::size_t i = 0; i < impl_->runtime->size(); ++i) {
    impl_->runtime->post(i, [answers] {
      {
        const std::lock_guard lock(answers->mutex);
        ++answers->count;
      }
      answers->changed.notify_all();
    });
  }
  std::unique_lock lock(answers->mutex);
  return answers->changed.wait_for(lock, within,
                                   [&] { return answers->count == impl_->runtime->size(); });
}

bool Service::models_settled(base::Deadline deadline) {
  return impl_->models->wait_settled(deadline);
}

bool Service::docs_indexed(base::Duration within) {
  return impl_->docs->wait(within);
}

void Service::drain(base::Deadline deadline) {
  impl_->ready = false;
  impl_->server->drain(deadline);
  impl_->server.reset();
  // What still reads and writes on the network's threads ends before they do.
  impl_->watching.reset();
  impl_->answers.reset();
  impl_->docs->close();
  impl_->web_ports.reset();
  impl_->reading.reset();
  impl_->docs.reset();  // the pool's jobs used it
  std::error_code ignored;
  std::filesystem::remove(impl_->address_file(), ignored);
}

}  // namespace seine::server
