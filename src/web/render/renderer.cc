#include "web/render/renderer.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <future>
#include <set>

#include "base/text.h"
#include "net/channel.h"
#include "net/event.h"
#include "web/render/render_job.h"

namespace seine::web {

namespace asio = boost::asio;
using base::Code;
using base::fail;

namespace {
constexpr std::size_t kPagesPerLook = 8;  // at the browser's memory
}  // namespace

struct Renderer::Impl : std::enable_shared_from_this<Impl> {
  using Answer = net::Channel<base::Result<RenderedPage>>;

  // A call as its home context sees it.
  struct Call {
    RenderRequest request;
    Answer answer;
    RenderJob* job = nullptr;  // while it runs
    bool cancelled = false;
  };

  Impl(net::Runtime& runtime_in, const base::Clock& clock_in, RendererSettings settings_in)
      : runtime(runtime_in),
        context(runtime.context(0)),
        clock(clock_in),
        settings(std::move(settings_in)),
        ahead_end(context),
        idle(context) {}

  net::Runtime& runtime;
  asio::io_context& context;  // the browser's: everything below is touched there only
  const base::Clock& clock;
  const RendererSettings settings;
  std::shared_ptr<Browser> browser;
  std::size_t pages_of_browser = 0;
  bool outworn = false;  // to be replaced when no job runs in it
  std::size_t active = 0;
  std::deque<std::shared_ptr<net::Event>> waiters;
  std::shared_ptr<BrowserPage> ahead;  // for the job that comes next
  asio::steady_timer ahead_end;
  asio::steady_timer idle;
  bool tidied = false;  // of this browser: the page that it opens by itself
  Statistics counts;

  // A popup or a window that a page opened is closed before it shows anything.
  void watch_targets() {
    browser->open_session("", [self = weak_from_this()](const CdpMessage& event) {
      const auto impl = self.lock();
      if (!impl || !impl->browser || event.method != "Target.targetCreated") return;
      const base::Json* info = base::find(event.params, "targetInfo");
      if (info == nullptr || !info->is_object()) return;
      const auto opener = base::get_or<std::string>(*info, "openerId", {});
      const auto id = base::get_or<std::string>(*info, "targetId", {});
      if (opener && id && !opener->empty()) {
        impl->browser->post("Target.closeTarget", {{"targetId", *id}}, "");
      }
    });
    browser->post("Target.setDiscoverTargets", {{"discover", true}}, "");
  }

  void end_browser() {
    ahead_end.cancel();
    ahead.reset();
    if (browser) browser->kill();
    browser.reset();
  }

  base::Result<std::shared_ptr<Browser>> take_browser() {
    if (browser && (!browser->alive() || (outworn && active == 1))) end_browser();
    if (!browser) {
      browser = SEINE_TRY(Browser::start(context, clock, settings.browser));
      pages_of_browser = 0;
      outworn = false;
      tidied = false;
      ++counts.browsers;
      watch_targets();
    }
    ++pages_of_browser;
    return browser;
  }

  // Jobs that still run in it fail as if it had crashed, and are done once more in the next one.
  void discard(const std::shared_ptr<Browser>& bad) {
    if (browser == bad) {
      end_browser();
    } else {
      bad->kill();
    }
  }

  std::shared_ptr<BrowserPage> take_page(const std::shared_ptr<Browser>& used) {
    ahead_end.cancel();
    const std::shared_ptr<BrowserPage> page = std::exchange(ahead, nullptr);
    return page && page->usable() ? page : BrowserPage::open(context, clock, used);
  }

  // To open a page takes a process its start, and a job that waits for its own to rest leaves the
  // processors idle.
  void open_ahead(const std::shared_ptr<Browser>& used) {
    if (settings.ahead_max.count() == 0 || ahead || browser != used || outworn ||
        pages_of_browser >= settings.pages_per_browser) {
      return;
    }
    ahead = BrowserPage::open(context, clock, used);
    ahead_end.expires_after(settings.ahead_max);
    ahead_end.async_wait([self = weak_from_this(),
                          page = std::weak_ptr(ahead)](const boost::system::error_code& error) {
      const auto impl = self.lock();
      if (!error && impl && impl->ahead == page.lock()) impl->ahead.reset();
    });
  }

  static asio::awaitable<base::Result<void>> take_slot(std::shared_ptr<Impl> self,
                                                       std::shared_ptr<Call> call) {
    if (self->active >= self->settings.jobs_max) {
      if (self->waiters.size() >= self->settings.waiting_max) {
        co_return fail(Code::kResourceExhausted, "{} pages wait to be rendered already",
                       self->waiters.size());
      }
      const auto turn = std::make_shared<net::Event>(self->context.get_executor());
      self->waiters.push_back(turn);
      const auto outcome = co_await turn->wait_for(call->request.timeout);
      if (outcome != net::Event::Outcome::kSet) {
        std::erase(self->waiters, turn);
        co_return fail(Code::kDeadlineExceeded, "no browser was free to render {} in time",
                       call->request.url.origin());
      }
    }
    ++self->active;
    co_return base::Result<void>();
  }

  // The page that a browser opens by itself holds a process of 45 MB that nobody looks at. It is
  // the one in none of the contexts that were made for a job.
  static asio::awaitable<void> tidy(std::shared_ptr<Impl> self, std::shared_ptr<Browser> used) {
    const auto until = base::Deadline::after(self->clock, std::chrono::seconds(3));
    const auto found = co_await used->call("Target.getTargets", base::Json::object(), "", until);
    const auto made =
        co_await used->call("Target.getBrowserContexts", base::Json::object(), "", until);
    if (!found || !made || self->browser != used) co_return;
    const base::Json* targets = base::find(*found, "targetInfos");
    const base::Json* contexts = base::find(*made, "browserContextIds");
    if (targets == nullptr || !targets->is_array() || contexts == nullptr ||
        !contexts->is_array()) {
      co_return;
    }
    for (const base::Json& target : *targets) {
      const auto type = base::get_or<std::string>(target, "type", {});
      const auto id = base::get_or<std::string>(target, "targetId", {});
      const auto home = base::get_or<std::string>(target, "browserContextId", {});
      if (!type || !id || !home || *type != "page") continue;
      if (std::ranges::find(*contexts, base::Json(*home)) != contexts->end()) continue;
      used->post("Target.closeTarget", {{"targetId", *id}}, "");
    }
    self->tidied = true;
  }

  void rest() {
    if (!browser || active > 0) return;
    if (!tidied) asio::co_spawn(context, tidy(shared_from_this(), browser), asio::detached);
    idle.expires_after(settings.idle_max);
    idle.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
      const auto impl = self.lock();
      if (!error && impl && impl->active == 0) impl->end_browser();
    });
  }

  void give_slot() {
    --active;
    if (!waiters.empty()) {
      waiters.front()->set();
      waiters.pop_front();
    }
  }

  // To add up its memory takes the kernel about twenty milliseconds, and a browser grows slowly.
  void look_at_browser() {
    if (!browser) return;
    outworn |=
        pages_of_browser >= settings.pages_per_browser ||
        (counts.pages % kPagesPerLook == 0 && browser->memory_bytes() > settings.memory_bytes_max);
  }

  static asio::awaitable<base::Result<RenderedPage>> attempt(std::shared_ptr<Impl> self,
                                                             std::shared_ptr<Call> call) {
    for (int tries = 0;; ++tries) {
      const std::shared_ptr<Browser> used = SEINE_CO_TRY(self->take_browser());
      RenderJob job(self->context, self->clock, self->settings, call->request);
      call->job = &job;
      auto page = co_await job.run(self->take_page(used), [self, used] { self->open_ahead(used); });
      call->job = nullptr;
      if (page) co_return std::move(*page);
      if (page.error().browser_at_fault) self->discard(used);
      if (!page.error().browser_at_fault || tries > 0 || call->cancelled) {
        co_return std::unexpected(std::move(page.error().error));
      }
    }
  }

  static asio::awaitable<void> serve(std::shared_ptr<Impl> self, std::shared_ptr<Call> call) {
    const base::TimePoint started = self->clock.now();
    base::Result<RenderedPage> page;
    bool served = false;
    if (auto slot = co_await take_slot(self, call); !slot) {
      page = std::unexpected(std::move(slot).error());
    } else {
      if (call->cancelled) {
        page =
            fail(Code::kCancelled, "cancelled before {} was rendered", call->request.url.origin());
      } else {
        page = co_await attempt(self, call);
      }
      ++self->counts.pages;
      served = true;
    }
    if (page) {
      page->took =
          std::chrono::duration_cast<std::chrono::milliseconds>(self->clock.now() - started);
    } else {
      ++self->counts.failures;
    }
    (void)call->answer.try_push(std::move(page));
    if (!served) co_return;
    self->look_at_browser();
    self->give_slot();
    self->rest();
  }
};

Renderer::Renderer(net::Runtime& runtime, const base::Clock& clock, RendererSettings settings)
    : impl_(std::make_shared<Impl>(runtime, clock, std::move(settings))) {}

Renderer::~Renderer() {
  const auto end = [this] {
    impl_->idle.cancel();
    impl_->end_browser();
  };
  // Nobody runs there any more, or it is this thread.
  if (impl_->context.stopped() || impl_->runtime.current() == 0) {
    end();
    return;
  }
  std::promise<void> ended;
  impl_->runtime.post(0, [&] {
    end();
    ended.set_value();
  });
  ended.get_future().wait();
}

asio::awaitable<base::Result<RenderedPage>> Renderer::render(RenderRequest request) {
  const std::shared_ptr<Impl> impl = impl_;
  if (const Refusal refusal = judge_url(request.url, request.policy); refusal != Refusal::kNone) {
    co_return std::unexpected(refusal_error(refusal, request.url).error());
  }
  const auto executor = co_await asio::this_coro::executor;
  const auto patience = 2 * request.timeout + std::chrono::seconds(10);
  const auto call = std::make_shared<Impl::Call>(std::move(request), Impl::Answer(executor, 1));
  // Tells the job when this coroutine leaves without its answer.
  struct Leaving {
    std::shared_ptr<Impl> impl;
    std::shared_ptr<Impl::Call> call;
    bool answered = false;
    ~Leaving() {
      if (answered) return;
      impl->runtime.post(0, [call = call] {
        call->cancelled = true;
        if (call->job != nullptr) call->job->cancel();
      });
    }
  } leaving{impl, call};
  impl->runtime.post(
      0, [impl, call] { asio::co_spawn(impl->context, Impl::serve(impl, call), asio::detached); });
  auto answer = co_await call->answer.pop(patience);
  if (!answer) co_return std::unexpected(std::move(answer).error());
  leaving.answered = true;
  co_return std::move(**answer);
}

Renderer::Statistics Renderer::statistics() {
  std::promise<Statistics> ready;
  impl_->runtime.post(0, [&] {
    Statistics now = impl_->counts;
    now.active = impl_->active;
    now.page_ahead = impl_->ahead && impl_->ahead->usable();
    if (impl_->browser && impl_->browser->alive()) {
      now.process = impl_->browser->process();
      now.memory_bytes = impl_->browser->memory_bytes();
    }
    ready.set_value(now);
  });
  return ready.get_future().get();
}

RenderDecision decide_render(const Page& page) {
  switch (page.failure) {
    case PageFailure::kEmptyShell:
      return {true, "the page as sent has no text of its own: a script writes it"};
    case PageFailure::kNone:
      if (page.blocks.empty()) return {true, "the page as sent has no text"};
      return {false, "the page as sent has its text (" + base::format_count(page.text_length) +
                         " characters)"};
    default:
      return {false, "the page stands in the way of its content (" +
                         std::string(page_failure_name(page.failure)) +
                         "), which a browser would not change"};
  }
}

}  // namespace seine::web
