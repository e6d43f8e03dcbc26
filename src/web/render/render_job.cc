#include "web/render/render_job.h"

#include <set>

#include "net/event.h"
#include "web/render/dom_snapshot.h"
#include "web/render/page_scripts.h"

namespace seine::web {

namespace asio = boost::asio;
using base::Code;
using base::Deadline;
using base::fail;
using base::Json;

namespace {

constexpr std::chrono::seconds kSnapshotMax{3};
constexpr std::chrono::seconds kParsedMax{8};  // until the document is parsed; then what is there
constexpr std::chrono::seconds kLoadMax{2};    // after that: a stylesheet or a long poll may hang
constexpr int kNavigationsMax = 5;             // by scripts while the page settles

bool text_is(const Json& object, const char* key, std::string_view value) {
  const auto found = base::get<std::string>(object, key);
  return found && *found && **found == value;
}

}  // namespace

struct RenderJob::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& context_in, const base::Clock& clock_in,
       const RendererSettings& settings_in, const RenderRequest& request_in)
      : context(context_in),
        clock(clock_in),
        settings(settings_in),
        request(request_in),
        changed(context.get_executor()),
        deadline(Deadline::after(clock, request.timeout)) {}

  asio::io_context& context;
  const base::Clock& clock;
  const RendererSettings& settings;
  const RenderRequest request;
  net::Event changed;
  const Deadline deadline;

  std::shared_ptr<BrowserPage> page;
  std::shared_ptr<Browser> browser;
  std::string session;
  std::string frame;
  bool parsed = false;
  bool loaded = false;
  bool download = false;
  bool crashed = false;
  bool cancelled = false;
  int status = 0;
  std::set<std::string> requests;  // of scripts and their data, under way
  base::TimePoint requested{};     // when the last of them ended

  void on_event(const CdpMessage& event) {
    const std::string& method = event.method;
    const Json& params = event.params;
    if (method == "Page.domContentEventFired") {
      parsed = true;
    } else if (method == "Page.loadEventFired") {
      loaded = true;
    } else if (method == "Fetch.requestPaused") {
      browser->post(
          "Fetch.failRequest",
          {{"requestId", text_of(params, "requestId")}, {"errorReason", "BlockedByClient"}},
          session);
    } else if (method == "Page.javascriptDialogOpening") {
      browser->post("Page.handleJavaScriptDialog", {{"accept", false}}, session);
    } else if (method == "Page.downloadWillBegin") {
      download = true;
    } else if (method == "Inspector.targetCrashed") {
      crashed = true;
    } else if (method == "Network.requestWillBeSent") {
      const std::string type = text_of(params, "type");
      if (type == "XHR" || type == "Fetch" || type == "Script") {
        if (requests.size() < 256) requests.insert(text_of(params, "requestId"));
      }
    } else if (method == "Network.loadingFinished" || method == "Network.loadingFailed") {
      if (requests.erase(text_of(params, "requestId")) > 0) requested = clock.now();
    } else if (method == "Network.responseReceived") {
      if (text_is(params, "type", "Document") && text_is(params, "frameId", frame)) {
        if (const Json* response = base::find(params, "response");
            response && response->is_object()) {
          status = static_cast<int>(base::get_or<std::int64_t>(*response, "status", 0).value_or(0));
        }
      }
    } else {
      return;
    }
    changed.set();
  }

  // Waits for `ready` to hold; false when the time is up or the job is over.
  template <typename Ready>
  asio::awaitable<bool> wait_until(Ready ready, Deadline until) {
    while (!ready()) {
      if (cancelled || crashed || download || !browser->alive() || until.expired(clock))
        co_return false;
      // A ManualClock never comes to `until` by itself; a short wait keeps this honest under both.
      const auto outcome = co_await changed.wait_for(
          std::min<base::Duration>(until.remaining(clock), std::chrono::milliseconds(200)));
      if (outcome == net::Event::Outcome::kCancelled) co_return false;
    }
    co_return true;
  }

  void begin();
  asio::awaitable<base::Result<void>> navigate();
  asio::awaitable<bool> settle(const std::function<void()>& resting);
  asio::awaitable<base::Result<RenderedPage>> read(bool settled);
  base::Result<void> page_trouble() const;
};

// The page is this job's from now on, and so is what it may reach.
void RenderJob::Impl::begin() {
  page->proxy().allow(request.policy);
  session = page->session();
  frame = page->frame();
  page->listen([self = shared_from_this()](const CdpMessage& event) { self->on_event(event); });
}

base::Result<void> RenderJob::Impl::page_trouble() const {
  if (cancelled)
    return fail(Code::kCancelled, "cancelled while rendering {}", request.url.origin());
  if (crashed) return fail(Code::kUnavailable, "the page crashed its process");
  if (download) return fail(Code::kFailedPrecondition, "{} is a download", request.url.origin());
  return {};
}

asio::awaitable<base::Result<void>> RenderJob::Impl::navigate() {
  const Json answer = SEINE_CO_TRY(co_await browser->call(
      "Page.navigate", {{"url", request.url.href(false)}}, session, deadline));
  const std::string failure = text_of(answer, "errorText");
  if (!failure.empty()) {
    if (download || failure == "net::ERR_ABORTED") {
      co_return fail(Code::kFailedPrecondition, "{} gives no page to show", request.url.origin());
    }
    if (page->proxy().counts().refused > 0) {
      co_return refusal_error(Refusal::kAddress, request.url);
    }
    co_return fail(Code::kUnavailable, "{} was not reached by the browser: {}",
                   request.url.origin(), failure);
  }
  (void)co_await wait_until([this] { return parsed; },
                            Deadline::after(clock, kParsedMax).earlier_of(deadline));
  (void)co_await wait_until([this] { return loaded; },
                            Deadline::after(clock, kLoadMax).earlier_of(deadline));
  co_return page_trouble();
}

// Until the tree rests and no script waits for data. True when that came before the time was up.
asio::awaitable<bool> RenderJob::Impl::settle(const std::function<void()>& resting) {
  const Deadline until = Deadline::after(clock, settings.settle_max).earlier_of(deadline);
  for (int navigations = 0; navigations < kNavigationsMax;) {
    const auto world =
        co_await browser->call("Page.createIsolatedWorld",
                               {{"frameId", frame}, {"worldName", kReaderWorld}}, session, until);
    if (!world) co_return false;
    resting();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until.remaining(clock));
    const auto rested = co_await browser->call(
        "Runtime.evaluate",
        {{"contextId", base::get_or<std::int64_t>(*world, "executionContextId", 0).value_or(0)},
         {"expression", settle_script(settings.quiet,
                                      std::chrono::duration_cast<std::chrono::milliseconds>(
                                          clock.now() - requested),
                                      left)},
         {"awaitPromise", true},
         {"returnByValue", true}},
        session, until);
    if (cancelled || until.expired(clock)) co_return false;
    if (!rested) {
      ++navigations;  // its world went with the document
      continue;
    }
    if (requests.empty()) co_return true;
    (void)co_await wait_until([this] { return requests.empty(); }, until);
    if (until.expired(clock) || cancelled || crashed) co_return false;
  }
  co_return false;
}

asio::awaitable<base::Result<RenderedPage>> RenderJob::Impl::read(bool settled) {
  const Json snapshot =
      SEINE_CO_TRY(co_await browser->call("DOMSnapshot.captureSnapshot", snapshot_parameters(),
                                          session, Deadline::after(clock, kSnapshotMax)));
  VisibleHtml visible = SEINE_CO_TRY(visible_html(snapshot));
  co_return RenderedPage{.html = std::move(visible.html),
                         .url = std::move(visible.url),
                         .status = status,
                         .shown_bytes = visible.shown_bytes,
                         .hidden_bytes = visible.hidden_bytes,
                         .settled = settled,
                         .refused_connections = page->proxy().counts().refused,
                         .took = {}};
}

RenderJob::RenderJob(asio::io_context& context, const base::Clock& clock,
                     const RendererSettings& settings, const RenderRequest& request)
    : impl_(std::make_shared<Impl>(context, clock, settings, request)) {}

RenderJob::~RenderJob() {
  if (impl_->page) impl_->page->give_up();
}

void RenderJob::cancel() {
  impl_->cancelled = true;
  impl_->changed.set();
  if (impl_->page) impl_->page->give_up();
}

asio::awaitable<std::expected<RenderedPage, RenderFailure>> RenderJob::run(
    std::shared_ptr<BrowserPage> page_in, std::function<void()> resting) {
  const std::shared_ptr<Impl> impl = impl_;
  impl->page = std::move(page_in);
  impl->browser = impl->page->browser();
  const auto failed = [&impl](base::Error error, bool control_call) {
    const bool gone = !impl->browser->alive();
    const bool hung = control_call && error.code == Code::kDeadlineExceeded;
    return std::unexpected(RenderFailure{std::move(error), gone || hung});
  };
  if (auto opened = co_await impl->page->opened(impl->deadline); !opened) {
    if (impl->cancelled) co_return failed(impl->page_trouble().error(), false);
    co_return failed(std::move(opened).error(), true);
  }
  if (auto well = impl->page_trouble(); !well) co_return failed(std::move(well).error(), false);
  impl->begin();
  if (auto there = co_await impl->navigate(); !there) {
    co_return failed(std::move(there).error(), false);
  }
  const bool settled = co_await impl->settle(resting) && impl->loaded;
  if (auto well = impl->page_trouble(); !well) co_return failed(std::move(well).error(), false);
  auto page = co_await impl->read(settled);
  if (!page && page.error().code == Code::kDeadlineExceeded && impl->browser->alive()) {
    page = fail(Code::kDeadlineExceeded, "a script of {} never rests: the page cannot be read",
                impl->request.url.origin());
  }
  if (!page) co_return failed(std::move(page).error(), false);
  co_return std::move(*page);
}

}  // namespace seine::web
