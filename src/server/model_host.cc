#include "server/model_host.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/assert.h"

namespace seine::server {

using base::Code;
using base::Result;
using gateway::ModelEntry;
using gateway::ModelState;

struct ModelHost::Impl final : llm::Generator, llm::Embedder, llm::Reranker {
  enum class Order : std::uint8_t { kNone, kLoad, kUnload };
  struct Model {
    ModelSource source;
    ModelEntry entry;
    LoadedModel loaded = {};
    Order order = Order::kNone;
    base::TimePoint phase_began = {};
    std::stop_source stop = {};
  };

  Impl(std::vector<ModelSource> sources, ModelLoader& how, const base::Clock& time)
      : loader(how), clock(time) {
    SEINE_ASSERT(sources.size() <= kModelsMax, "the caller lists no more models than a host holds");
    for (ModelSource& source : sources) insert(std::move(source));
    if (!list.empty()) default_id = list.front()->source.id;
    thread = std::jthread([this](const std::stop_token& ending) { run(ending); });
  }
  ~Impl() override {
    {
      const std::lock_guard lock(mutex);
      closing = true;
      for (const auto& model : list) model->stop.request_stop();
    }
    thread.request_stop();
    changed.notify_all();
    thread.join();
  }

  void insert(ModelSource source) {
    auto model = std::make_unique<Model>();
    model->entry.id = source.id;
    model->entry.path = source.path.string();
    std::error_code ignored;
    if (const auto bytes = std::filesystem::file_size(source.path, ignored); !ignored)
      model->entry.file_bytes = bytes;
    model->source = std::move(source);
    list.push_back(std::move(model));
  }

  Model* find(std::string_view id) const {
    const auto at = std::ranges::find_if(list, [&](const auto& m) { return m->source.id == id; });
    return at == list.end() ? nullptr : at->get();
  }
  static auto unknown(std::string_view id) {
    return base::fail_field(Code::kNotFound, "model", "no model named '{}'", id);
  }

  // ---- The thread that loads -----------------------------------------------------------------

  void run(const std::stop_token& ending) {
    std::unique_lock lock(mutex);
    while (true) {
      Model* next = nullptr;
      changed.wait(lock, ending, [&] {
        const auto at =
            std::ranges::find_if(list, [](const auto& m) { return m->order != Order::kNone; });
        next = at == list.end() ? nullptr : at->get();
        return next != nullptr;
      });
      if (closing) return;
      if (std::exchange(next->order, Order::kNone) == Order::kLoad) {
        do_load(*next, lock);
      } else {
        do_unload(*next, lock);
      }
    }
  }

  // Models are never removed from the list, so the reference stays good while the lock is open.
  void do_load(Model& model, std::unique_lock<std::mutex>& lock) {
    if (model.loaded.generator || model.loaded.embedder) do_unload(model, lock);
    if (closing) return;
    model.entry.state = ModelState::kLoading;
    model.stop = std::stop_source();
    const std::stop_token stop = model.stop.get_token();
    const ModelSource source = model.source;
    lock.unlock();
    const auto progress = [&](std::string_view phase, std::uint64_t done, std::uint64_t total) {
      note_progress(model, phase, done, total);
    };
    Result<LoadedModel> loaded = loader.load(source, progress, stop);
    lock.lock();
    model.entry.progress.reset();
    // Told to let go while it loaded: the order that is waiting says what becomes of it.
    if (!loaded) {
      const bool cancelled = loaded.error().code == Code::kCancelled;
      model.entry.state = cancelled ? ModelState::kUnloaded : ModelState::kFailed;
      model.entry.error = cancelled ? std::string() : loaded.error().message;
    } else {
      settle_loaded(model, *std::move(loaded));
    }
    quietened.notify_all();
    if (!settled) return;
    const ModelEntry entry = with_default(model.entry);
    const auto tell = settled;
    lock.unlock();
    tell(entry);
    lock.lock();
  }

  void settle_loaded(Model& model, LoadedModel loaded) const {
    ModelEntry& entry = model.entry;
    entry.state = ModelState::kReady;
    entry.error.clear();
    entry.architecture = loaded.architecture;
    entry.type = loaded.type;
    entry.file_bytes = loaded.file_bytes;
    entry.memory_bytes = loaded.memory_bytes;
    entry.embeds = loaded.embedder != nullptr;
    const auto infos = loaded.generator  ? loaded.generator->models()
                       : loaded.embedder ? loaded.embedder->models()
                                         : std::vector<llm::ModelInfo>();
    if (!infos.empty()) {
      entry.context_tokens = infos.front().context_tokens;
      entry.thinks = infos.front().thinks;
      entry.calls_tools = infos.front().calls_tools;
      entry.cites_spans = infos.front().cites_spans;
    }
    model.loaded = std::move(loaded);
  }

  void note_progress(Model& model, std::string_view phase, std::uint64_t done,
                     std::uint64_t total) {
    const std::lock_guard lock(mutex);
    const base::TimePoint now = clock.now();
    auto& progress = model.entry.progress;
    if (!progress || progress->phase != phase) {
      progress = gateway::ModelProgress{.phase = std::string(phase)};
      model.phase_began = now;
    }
    progress->done = done;
    progress->total = total;
    const double seconds = std::chrono::duration<double>(now - model.phase_began).count();
    progress->rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  }

  void do_unload(Model& model, std::unique_lock<std::mutex>& lock) {
    model.stop = std::stop_source();
    LoadedModel gone = std::exchange(model.loaded, {});
    model.entry.state = ModelState::kUnloaded;
    model.entry.memory_bytes = 0;
    quietened.notify_all();
    // Ending an engine waits for its step; nobody else should.
    lock.unlock();
    gone = {};
    lock.lock();
  }

  ModelEntry with_default(ModelEntry entry) const {
    entry.is_default = entry.id == default_id;
    return entry;
  }

  // ---- Requests ------------------------------------------------------------------------------

  // The loaded model that a request names; the shared pointers keep it alive for the call.
  Result<LoadedModel> ready(std::string& id) const {
    const std::lock_guard lock(mutex);
    if (id.empty()) id = default_id;
    const Model* model = find(id);
    if (model == nullptr) return unknown(id);
    const ModelEntry& entry = model->entry;
    switch (entry.state) {
      case ModelState::kReady:
        return model->loaded;
      case ModelState::kFailed:
        return base::fail(Code::kUnavailable, "model '{}' could not be loaded: {}", id,
                          entry.error);
      case ModelState::kUnloaded:
        return base::fail(Code::kUnavailable, "model '{}' is not loaded", id);
      case ModelState::kLoading:
        break;
    }
    if (!entry.progress) return base::fail(Code::kUnavailable, "model '{}' is being loaded", id);
    return base::fail(Code::kUnavailable, "model '{}' is being loaded ({}: {} of {})", id,
                      entry.progress->phase, entry.progress->done, entry.progress->total);
  }

  // What can be asked now: the ready models, the default first.
  std::vector<llm::ModelInfo> models() const override {
    const std::lock_guard lock(mutex);
    std::vector<llm::ModelInfo> out;
    for (const auto& model : list) {
      if (model->entry.state != ModelState::kReady) continue;
      const ModelEntry& e = model->entry;
      const llm::ModelInfo info{.id = e.id,
                                .owned_by = "seine",
                                .context_tokens = e.context_tokens,
                                .thinks = e.thinks,
                                .calls_tools = e.calls_tools,
                                .cites_spans = e.cites_spans,
                                .embeds = e.embeds};
      // Who wants any model wants one that answers: the others stand behind.
      const auto answering_end =
          e.embeds ? out.end() : std::ranges::find(out, true, &llm::ModelInfo::embeds);
      out.insert(e.id == default_id && !e.embeds ? out.begin() : answering_end, info);
    }
    return out;
  }

  Result<llm::StreamReader> generate(llm::ChatRequest request, base::Deadline deadline) override {
    const LoadedModel model = SEINE_TRY(ready(request.model));
    if (!model.generator) {
      return base::fail_field(Code::kInvalidArgument, "model",
                              "model '{}' makes embeddings and does not answer", request.model);
    }
    return model.generator->generate(std::move(request), deadline);
  }

  Result<std::uint64_t> count_tokens(const llm::ChatRequest& request) const override {
    std::string id = request.model;
    const LoadedModel model = SEINE_TRY(ready(id));
    if (!model.generator) {
      return base::fail_field(Code::kInvalidArgument, "model",
                              "model '{}' makes embeddings and does not answer", id);
    }
    llm::ChatRequest named = request;
    named.model = id;
    return model.generator->count_tokens(named);
  }

  void embed(llm::EmbedRequest request, base::Deadline deadline, std::stop_token stop,
             std::function<void(Result<llm::Embeddings>)> done) override {
    if (request.model.empty()) request.model = first_with(&LoadedModel::embedder);
    Result<LoadedModel> model = ready(request.model);
    if (!model) return done(std::unexpected(std::move(model).error()));
    if (!model->embedder) {
      return done(base::fail_field(Code::kInvalidArgument, "model",
                                   "model '{}' does not make embeddings", request.model));
    }
    model->embedder->embed(std::move(request), deadline, std::move(stop), std::move(done));
  }

  void rerank(llm::RerankRequest request, base::Deadline deadline, std::stop_token stop,
              std::function<void(Result<std::vector<float>>)> done) override {
    if (request.model.empty()) request.model = first_with(&LoadedModel::reranker);
    if (request.model.empty()) return done(base::fail(Code::kNotFound, "no loaded model ranks"));
    Result<LoadedModel> model = ready(request.model);
    if (!model) return done(std::unexpected(std::move(model).error()));
    if (!model->reranker) {
      return done(base::fail_field(Code::kInvalidArgument, "model",
                                   "model '{}' does not rank passages", request.model));
    }
    model->reranker->rerank(std::move(request), deadline, std::move(stop), std::move(done));
  }

  // The first loaded model with such a port; empty: none.
  template <typename Port>
  std::string first_with(std::shared_ptr<Port> LoadedModel::* port) const {
    const std::lock_guard lock(mutex);
    const auto at = std::ranges::find_if(
        list, [port](const auto& model) { return model->loaded.*port != nullptr; });
    return at == list.end() ? std::string() : (*at)->source.id;
  }

  ModelLoader& loader;
  const base::Clock& clock;
  mutable std::mutex mutex;
  std::condition_variable_any changed;            // orders, for the host's thread
  mutable std::condition_variable_any quietened;  // a load has ended, for those who wait
  std::vector<std::unique_ptr<Model>> list;
  std::string default_id;
  bool closing = false;
  std::function<void(const ModelEntry&)> settled;
  std::jthread thread;
};

ModelHost::ModelHost(std::vector<ModelSource> sources, ModelLoader& loader,
                     const base::Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(sources), loader, clock)) {}

ModelHost::~ModelHost() = default;

llm::Generator& ModelHost::generator() {
  return *impl_;
}
llm::Embedder& ModelHost::embedder() {
  return *impl_;
}
llm::Reranker& ModelHost::reranker() {
  return *impl_;
}

Result<> ModelHost::add(ModelSource source) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->find(source.id) != nullptr)
    return base::fail(Code::kAlreadyExists, "there is a model named '{}' already", source.id);
  if (impl_->list.size() >= kModelsMax)
    return base::fail(Code::kResourceExhausted, "{} models are listed, the limit is {}",
                      impl_->list.size(), kModelsMax);
  if (impl_->list.empty()) impl_->default_id = source.id;
  impl_->insert(std::move(source));
  return {};
}

std::vector<ModelEntry> ModelHost::list() const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<ModelEntry> out;
  out.reserve(impl_->list.size());
  for (const auto& model : impl_->list) out.push_back(impl_->with_default(model->entry));
  return out;
}

Result<gateway::ModelEstimate> ModelHost::estimate(const std::string& id,
                                                   gateway::ModelRoom room) const {
  ModelSource source;
  {
    const std::lock_guard lock(impl_->mutex);
    const Impl::Model* model = impl_->find(id);
    if (model == nullptr) return Impl::unknown(id);
    source = model->source;
  }
  source.room = room;
  return impl_->loader.estimate(source);
}

Result<> ModelHost::load(const std::string& id, gateway::ModelRoom room) {
  const std::lock_guard lock(impl_->mutex);
  Impl::Model* model = impl_->find(id);
  if (model == nullptr) return Impl::unknown(id);
  const ModelState state = model->entry.state;
  const bool leaving = model->stop.stop_requested() || model->order == Impl::Order::kUnload;
  if ((state == ModelState::kReady || state == ModelState::kLoading) && !leaving) return {};
  model->source.room = room;
  model->order = Impl::Order::kLoad;
  model->entry.state = ModelState::kLoading;
  model->entry.error.clear();
  impl_->changed.notify_all();
  return {};
}

Result<> ModelHost::unload(const std::string& id) {
  const std::lock_guard lock(impl_->mutex);
  Impl::Model* model = impl_->find(id);
  if (model == nullptr) return Impl::unknown(id);
  model->stop.request_stop();
  model->order = Impl::Order::kUnload;
  impl_->changed.notify_all();
  return {};
}

Result<> ModelHost::set_default(const std::string& id) {
  const std::lock_guard lock(impl_->mutex);
  if (impl_->find(id) == nullptr) return Impl::unknown(id);
  impl_->default_id = id;
  return {};
}

bool ModelHost::wait_settled(base::Deadline deadline) const {
  std::unique_lock lock(impl_->mutex);
  const auto settled = [this] {
    return std::ranges::none_of(
        impl_->list, [](const auto& m) { return m->entry.state == ModelState::kLoading; });
  };
  // wait_until(max) overflows inside some libraries' conversions, so "never" is its own branch.
  if (!deadline.is_never()) return impl_->quietened.wait_until(lock, deadline.when(), settled);
  impl_->quietened.wait(lock, settled);
  return true;
}

void ModelHost::on_settled(std::function<void(const ModelEntry&)> settled) {
  const std::lock_guard lock(impl_->mutex);
  impl_->settled = std::move(settled);
}

}  // namespace seine::server
