// One headless browser process and the DevTools pipe to it (descriptors 3 and 4, so no port that
// others could use). Lives on one io_context; owned by the Renderer, shared with the calls that are
// under way. A process that dies, or that speaks nonsense, fails every call with kUnavailable.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "web/render/cdp_splitter.h"

namespace seine::web {

struct BrowserSettings {
  std::string program = {};     // empty: the first of the usual places
  std::string user_agent = {};  // of the browser's own requests
  std::string temporary_directory = "/tmp";
};

// A text in what the browser says; empty when there is none.
std::string text_of(const base::Json& object, const char* key);

class Browser {
 public:
  using EventHandler = std::function<void(const CdpMessage&)>;

  // kFailedPrecondition when no browser is installed, with the package that brings one.
  static base::Result<std::shared_ptr<Browser>> start(boost::asio::io_context& context,
                                                      const base::Clock& clock,
                                                      const BrowserSettings& settings);
  // The program that start() would run; empty when none is installed.
  static std::string find_program(const BrowserSettings& settings);
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  // kInternal with the browser's words when it refuses, kDeadlineExceeded, kCancelled after
  // close_session, kUnavailable when it is gone.
  boost::asio::awaitable<base::Result<base::Json>> call(std::string method, base::Json params,
                                                        std::string session,
                                                        base::Deadline deadline);
  // The same without an answer.
  void post(std::string_view method, base::Json params, const std::string& session);
  // Events of a session, "" for the browser's own, until close_session.
  void open_session(const std::string& session, EventHandler handler);
  // Ends what waits for answers of this session.
  void close_session(const std::string& session);

  bool alive() const;
  int process() const;
  // Proportional set size of all its processes, from the kernel; 0 when unreadable.
  std::uint64_t memory_bytes() const;
  // At once, with all its children.
  void kill();

 private:
  struct Impl;
  explicit Browser(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace seine::web
