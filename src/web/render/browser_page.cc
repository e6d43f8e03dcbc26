#include "web/render/browser_page.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "web/render/page_scripts.h"

namespace seine::web {

namespace asio = boost::asio;
using base::Code;
using base::Deadline;
using base::fail;
using base::Json;

namespace {

constexpr std::chrono::seconds kPatience{3};  // for each call; none waits for the web

}  // namespace

BrowserPage::BrowserPage(asio::io_context& context, const base::Clock& clock,
                         std::shared_ptr<Browser> browser)
    : context_(context),
      clock_(clock),
      browser_(std::move(browser)),
      done_(context.get_executor()) {}

std::shared_ptr<BrowserPage> BrowserPage::open(asio::io_context& context, const base::Clock& clock,
                                               std::shared_ptr<Browser> browser) {
  std::shared_ptr<BrowserPage> page(new BrowserPage(context, clock, std::move(browser)));
  asio::co_spawn(context, run(page), asio::detached);
  return page;
}

BrowserPage::~BrowserPage() {
  give_up();
  if (browser_context_.empty()) return;
  browser_->post("Target.disposeBrowserContext", {{"browserContextId", browser_context_}}, "");
}

// Holds the page until it is open, so one that its owner drops meanwhile is still taken down.
asio::awaitable<void> BrowserPage::run(std::shared_ptr<BrowserPage> self) {
  self->outcome_ = co_await self->set_up();
  self->done_.set();
}

asio::awaitable<base::Result<void>> BrowserPage::set_up() {
  const auto until = [this] { return Deadline::after(clock_, kPatience); };
  proxy_ = SEINE_CO_TRY(GuardProxy::start(context_, {}));
  const Json made = SEINE_CO_TRY(co_await browser_->call(
      "Target.createBrowserContext",
      {{"disposeOnDetach", true},
       {"proxyServer", "socks5://127.0.0.1:" + std::to_string(proxy_->port())},
       {"proxyBypassList", "<-loopback>"}},
      "", until()));
  browser_context_ = text_of(made, "browserContextId");
  browser_->post(
      "Browser.setDownloadBehavior",
      {{"behavior", "deny"}, {"browserContextId", browser_context_}, {"eventsEnabled", false}}, "");
  const Json opened = SEINE_CO_TRY(co_await browser_->call(
      "Target.createTarget", {{"url", "about:blank"}, {"browserContextId", browser_context_}}, "",
      until()));
  target_ = text_of(opened, "targetId");
  const Json attached = SEINE_CO_TRY(co_await browser_->call(
      "Target.attachToTarget", {{"targetId", target_}, {"flatten", true}}, "", until()));
  session_ = text_of(attached, "sessionId");
  browser_->open_session(session_, [this](const CdpMessage& event) {
    if (event.method == "Inspector.targetCrashed") crashed_ = true;
  });
  browser_->post("Page.enable", Json::object(), session_);
  browser_->post("Network.enable", Json::object(), session_);
  browser_->post("Inspector.enable", Json::object(), session_);
  Json patterns = Json::array();
  for (const char* type : {"Image", "Font", "Media"}) {
    patterns.push_back({{"urlPattern", "*"}, {"resourceType", type}});
  }
  browser_->post("Fetch.enable", {{"patterns", patterns}}, session_);
  browser_->post("Page.addScriptToEvaluateOnNewDocument", {{"source", kLazyHook}}, session_);
  // The page's process answers in order: once it has this one it has switched on all above. A page
  // that is sent away before that tells nothing of its loading.
  SEINE_CO_CHECK(co_await browser_->call("Page.addScriptToEvaluateOnNewDocument",
                                         {{"source", kWatchScript}, {"worldName", kReaderWorld}},
                                         session_, until()));
  co_return base::Result<void>();
}

asio::awaitable<base::Result<void>> BrowserPage::opened(Deadline deadline) {
  while (!outcome_) {
    if (deadline.expired(clock_)) {
      co_return fail(Code::kDeadlineExceeded, "the browser did not answer {} in time",
                     "Target.createTarget");
    }
    // A ManualClock never comes to the deadline by itself; a short wait keeps this honest.
    const auto outcome = co_await done_.wait_for(
        std::min<base::Duration>(deadline.remaining(clock_), std::chrono::milliseconds(200)));
    if (outcome == net::Event::Outcome::kCancelled) {
      co_return fail(Code::kCancelled, "cancelled while the browser worked on {}",
                     "Target.createTarget");
    }
  }
  co_return *outcome_;
}

bool BrowserPage::usable() const {
  return browser_->alive() && !crashed_ && (!outcome_ || outcome_->has_value());
}

void BrowserPage::listen(Browser::EventHandler handler) {
  browser_->open_session(session_, std::move(handler));
}

void BrowserPage::give_up() {
  if (!session_.empty()) browser_->close_session(session_);
}

}  // namespace seine::web
