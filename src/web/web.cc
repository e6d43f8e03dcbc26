#include "web/web.h"

#include "web/cache/caching_transport.h"
#include "web/cache/disk_store.h"
#include "web/crawl/site_crawler.h"
#include "web/fetch/curl_transport.h"
#include "web/fetch/polite_transport.h"
#include "web/fetch/robots_cache.h"
#include "web/read/web_reader.h"
#include "web/render/renderer.h"

namespace seine::web {
namespace {

// A search that is repeated from a record asks for the same days again.
SearchSettings search_settings(const WebSettings& settings) {
  SearchSettings search = settings.search;
  if (!settings.replay) return search;
  if (!settings.replay->exchanges.empty())
    search.today = std::chrono::floor<std::chrono::days>(
        base::from_us(settings.replay->exchanges.front().fetched_at_us));
  for (ProviderSettings& provider : search.providers) {
    if (provider.key.empty()) provider.key = "-";  // nobody checks it
  }
  return search;
}

}  // namespace

// Members are destroyed from the last to the first: users before what they use.
struct Web::Impl {
  Impl(const WebSettings& settings, const Ports& ports, std::unique_ptr<PageIndex> kept,
       std::unique_ptr<store::KeyValue> key_value, std::unique_ptr<DiskStore> pages)
      : runtime(ports.runtime),
        pool(ports.pool),
        index(std::move(kept)),
        counts(std::move(key_value)),
        cache_store(std::move(pages)),
        network(ports.runtime.context(0), ports.clock,
                {.user_agent = settings.user_agent, .ca_file = settings.ca_file}),
        replay(settings.replay ? std::make_unique<ReplayTransport>(*settings.replay) : nullptr),
        recorder(settings.record != nullptr
                     ? std::make_unique<RecordingTransport>(network, *settings.record)
                     : nullptr),
        polite(source(), ports.clock, ports.random,
               {.site = {.rate = settings.site_rate}, .global_rate = settings.global_rate}),
        cache(cache_store ? std::make_unique<CachingTransport>(polite, *cache_store, ports.clock)
                          : nullptr),
        robots(polite, ports.clock),
        renderer(settings.render && !settings.replay
                     ? std::make_unique<Renderer>(
                           ports.runtime, ports.clock,
                           RendererSettings{.browser = {.user_agent = settings.user_agent}})
                     : nullptr),
        rendering(renderer ? std::make_unique<RenderTransport>(*renderer, ports.clock) : nullptr),
        rendering_recorder(rendering && settings.record != nullptr
                               ? std::make_unique<RecordingTransport>(*rendering, *settings.record)
                               : nullptr),
        fetcher(cache ? static_cast<Transport&>(*cache) : polite, robots, ports.clock),
        reader({.home = ports.runtime.context(0).get_executor(),
                .fetcher = fetcher,
                .pool = ports.pool,
                .blobs = ports.blobs,
                .index = index.get(),
                .browser = browser(),
                .clock = ports.clock},
               settings.guard),
        search({.home = ports.runtime.context(0).get_executor(),
                .transport = source(),
                .index = index.get(),
                .counts = settings.replay ? nullptr : counts.get(),
                .pool = ports.pool,
                .clock = ports.clock},
               search_settings(settings)),
        crawler({.home = ports.runtime.context(0).get_executor(),
                 .reader = reader,
                 .robots = robots,
                 .index = *index,
                 .pool = ports.pool,
                 .clock = ports.clock}) {}

  Transport& source() {
    if (replay) return *replay;
    if (recorder) return *recorder;
    return network;
  }

  Transport* browser() {
    if (replay) return replay.get();
    if (rendering_recorder) return rendering_recorder.get();
    return rendering.get();
  }

  ~Impl() {
    // A stopped runtime asks nothing more of the pool, whose threads use the members below and post
    // to the contexts, which live as long as the runtime's object.
    runtime.stop();
    pool.close();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  net::Runtime& runtime;
  store::WorkerPool& pool;
  std::unique_ptr<PageIndex> index;
  std::unique_ptr<store::KeyValue> counts;
  std::unique_ptr<DiskStore> cache_store;
  CurlTransport network;
  std::unique_ptr<ReplayTransport> replay;
  std::unique_ptr<RecordingTransport> recorder;
  PoliteTransport polite;
  std::unique_ptr<CachingTransport> cache;
  RobotsCache robots;
  std::unique_ptr<Renderer> renderer;
  std::unique_ptr<RenderTransport> rendering;
  std::unique_ptr<RecordingTransport> rendering_recorder;
  Fetcher fetcher;
  WebReader reader;
  SearchEngine search;
  SiteCrawler crawler;
  std::unique_ptr<Watcher> watcher;
};

Web::Web(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Web::~Web() = default;

base::Result<std::unique_ptr<Web>> Web::make(WebSettings settings, Ports ports) {
  auto index = SEINE_TRY(PageIndex::open(ports.database, ports.text_index, ports.blobs));
  std::unique_ptr<DiskStore> pages;
  if (settings.cache && !settings.replay) {
    pages = SEINE_TRY(DiskStore::open(ports.database, ports.blobs, ports.pool, ports.clock,
                                      {.bytes_max = settings.cache_bytes_max}));
  }
  auto counts = SEINE_TRY(store::KeyValue::open(ports.database, ports.clock));
  auto impl = std::make_unique<Impl>(settings, ports, std::move(index), std::move(counts),
                                     std::move(pages));
  WatcherSettings watch = settings.watch;
  watch.guard = settings.guard;
  impl->watcher = SEINE_TRY(Watcher::open({.home = ports.runtime.context(0).get_executor(),
                                           .reader = impl->reader,
                                           .transport = impl->source(),
                                           .database = ports.database,
                                           .pool = ports.pool,
                                           .clock = ports.clock,
                                           .random = ports.random},
                                          std::move(watch)));
  return std::unique_ptr<Web>(new Web(std::move(impl)));
}

Reader& Web::reader() {
  return impl_->reader;
}
Search& Web::search() {
  return impl_->search;
}
std::vector<SearchEngine::Health> Web::search_health() const {
  return impl_->search.health();
}
Crawler& Web::crawler() {
  return impl_->crawler;
}
PageIndex& Web::index() {
  return *impl_->index;
}
Watcher& Web::watcher() {
  return *impl_->watcher;
}
asio::awaitable<base::Result<FetchResponse>> Web::fetch(std::string url, ReadOptions options) {
  return impl_->reader.fetch(std::move(url), std::move(options));
}

}  // namespace seine::web
