// One page of the browser in a context of its own, behind a proxy of its own, with everything
// switched on and nothing loaded yet. Serves one job and goes with it, so no cookie, store, cache
// or policy of a job is met by another. To open one takes most of the time of a short rendering (a
// process starts), so the renderer opens it before its job comes. Lives on the browser's context.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "net/event.h"
#include "web/render/browser.h"
#include "web/render/guard_proxy.h"

namespace seine::web {

class BrowserPage {
 public:
  // Begins to open it. Its proxy lets nothing out before it is told a policy.
  static std::shared_ptr<BrowserPage> open(boost::asio::io_context& context,
                                           const base::Clock& clock,
                                           std::shared_ptr<Browser> browser);
  ~BrowserPage();
  BrowserPage(const BrowserPage&) = delete;
  BrowserPage& operator=(const BrowserPage&) = delete;

  // Waits until it is open; the browser's error when it could not be. One caller.
  boost::asio::awaitable<base::Result<void>> opened(base::Deadline deadline);
  // Open or being opened: neither refused by its browser nor crashed nor gone with it.
  bool usable() const;

  const std::shared_ptr<Browser>& browser() const { return browser_; }
  GuardProxy& proxy() { return *proxy_; }
  // Once it is open.
  const std::string& session() const { return session_; }
  const std::string& frame() const { return target_; }  // the main frame has its target's id
  // Its events go there from now on.
  void listen(Browser::EventHandler handler);
  // Calls that wait for the page end with kCancelled, and it says nothing more.
  void give_up();

 private:
  BrowserPage(boost::asio::io_context& context, const base::Clock& clock,
              std::shared_ptr<Browser> browser);
  static boost::asio::awaitable<void> run(std::shared_ptr<BrowserPage> self);
  boost::asio::awaitable<base::Result<void>> set_up();

  boost::asio::io_context& context_;
  const base::Clock& clock_;
  const std::shared_ptr<Browser> browser_;
  std::unique_ptr<GuardProxy> proxy_;
  std::string browser_context_;
  std::string target_;
  std::string session_;
  std::optional<base::Result<void>> outcome_;  // of opening
  net::Event done_;
  bool crashed_ = false;  // before a job listened
};

}  // namespace seine::web
