#include "web/render/browser.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>
#include <deque>
#include <map>

#include "net/event.h"
#include "web/render/browser_process.h"

namespace seine::web {

namespace asio = boost::asio;
using base::Code;
using base::fail;
using base::Json;

struct Browser::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& context_in, const base::Clock& clock_in, BrowserProcess process_in)
      : context(context_in),
        clock(clock_in),
        process(std::move(process_in)),
        to_browser(context, process.to_browser),
        from_browser(context, process.from_browser),
        ended(context) {
    // Its children hold the pipe for a while after it: the process itself is watched.
    const long watch = ::syscall(SYS_pidfd_open, process.pid, 0);
    if (watch >= 0) ended.assign(static_cast<int>(watch));
  }

  struct Pending {
    explicit Pending(asio::any_io_executor executor) : done(std::move(executor)) {}
    net::Event done;
    std::string session;
    std::optional<base::Result<Json>> result;
  };

  asio::io_context& context;
  const base::Clock& clock;
  BrowserProcess process;
  asio::posix::stream_descriptor to_browser;
  asio::posix::stream_descriptor from_browser;
  asio::posix::stream_descriptor ended;  // readable when the process has gone
  CdpSplitter splitter;
  std::array<char, 64 * 1024> input{};
  std::deque<std::string> output;
  bool writing = false;
  bool alive = true;
  bool spoke = false;
  std::int64_t next_id = 1;
  std::map<std::int64_t, std::shared_ptr<Pending>> pending;
  std::map<std::string, EventHandler, std::less<>> sessions;

  void read() {
    from_browser.async_read_some(
        asio::buffer(input),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t bytes) {
          if (error) return self->end();
          self->splitter.feed({self->input.data(), bytes});
          for (;;) {
            auto message = self->splitter.next();
            if (!message) return self->end();
            if (!*message) break;
            self->take(std::move(**message));
          }
          if (self->alive) self->read();
        });
  }

  void watch() {
    if (!ended.is_open()) return;
    ended.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error) self->end();
                     });
  }

  void take(CdpMessage message) {
    spoke = true;
    if (!message.id) {
      const auto found = sessions.find(message.session);
      if (found == sessions.end()) return;
      const EventHandler handler = found->second;  // it may close its own session
      handler(message);
      return;
    }
    const auto found = pending.find(*message.id);
    if (found == pending.end()) return;
    if (message.error.empty()) {
      finish(found->second, std::move(message.params));
    } else {
      finish(found->second, fail(Code::kInternal, "the browser refused: {}", message.error));
    }
    pending.erase(found);
  }

  static void finish(const std::shared_ptr<Pending>& one, base::Result<Json> result) {
    if (one->result) return;
    one->result = std::move(result);
    one->done.set();
  }

  std::int64_t send(std::string_view method, Json params, const std::string& session) {
    const std::int64_t id = next_id++;
    Json message = {{"id", id}, {"method", method}};
    message["params"] = std::move(params);
    if (!session.empty()) message["sessionId"] = session;
    std::string text = base::to_text(message);
    text.push_back('\0');
    output.push_back(std::move(text));
    if (!writing && alive) write();
    return id;
  }

  void write() {
    writing = true;
    asio::async_write(
        to_browser, asio::buffer(output.front()),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
          self->writing = false;
          if (!self->output.empty()) self->output.pop_front();
          if (error) return self->end();
          if (self->alive && !self->output.empty()) self->write();
        });
  }

  // The process is gone, or is not to be trusted any more.
  void end() {
    if (!alive) return;
    alive = false;
    boost::system::error_code ignored;
    (void)to_browser.close(ignored);
    (void)from_browser.close(ignored);
    (void)ended.close(ignored);
    end_browser(process);
    sessions.clear();
    for (const auto& [id, one] : std::exchange(pending, {})) {
      finish(one, std::unexpected(gone()));
    }
  }

  // One that never spoke could not start: most often its sandbox.
  base::Error gone() const {
    if (spoke) return {Code::kUnavailable, "the browser ended"};
    return {Code::kUnavailable,
            "the browser ended before it answered; `seine doctor` looks at what it needs"};
  }
};

std::string text_of(const Json& object, const char* key) {
  auto found = base::get_or<std::string>(object, key, {});
  return found ? std::move(*found) : std::string();
}

Browser::Browser(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Browser::~Browser() {
  impl_->end();
}

std::string Browser::find_program(const BrowserSettings& settings) {
  if (!settings.program.empty()) return settings.program;
  for (const char* usual : {"/usr/lib/chromium/chromium-headless-shell",
                            "/usr/bin/chromium-headless-shell", "/usr/bin/chromium"}) {
    if (::access(usual, X_OK) == 0) return usual;
  }
  return {};
}

base::Result<std::shared_ptr<Browser>> Browser::start(asio::io_context& context,
                                                      const base::Clock& clock,
                                                      const BrowserSettings& settings) {
  const std::string program = find_program(settings);
  if (program.empty()) {
    return fail(Code::kFailedPrecondition,
                "no browser is installed to render pages with; the package "
                "chromium-headless-shell brings one");
  }
  BrowserProcess process = SEINE_TRY(start_browser(program, settings));
  auto impl = std::make_shared<Impl>(context, clock, std::move(process));
  impl->read();
  impl->watch();
  return std::shared_ptr<Browser>(new Browser(std::move(impl)));
}

asio::awaitable<base::Result<Json>> Browser::call(std::string method, Json params,
                                                  std::string session, base::Deadline deadline) {
  const std::shared_ptr<Impl> impl = impl_;
  if (!impl->alive) co_return std::unexpected(impl->gone());
  const auto mine = std::make_shared<Impl::Pending>(impl->context.get_executor());
  mine->session = session;
  const std::int64_t id = impl->send(method, std::move(params), session);
  impl->pending[id] = mine;
  const net::Event::Outcome outcome = co_await mine->done.wait_for(deadline.remaining(impl->clock));
  impl->pending.erase(id);
  if (mine->result) co_return std::move(*mine->result);
  if (outcome == net::Event::Outcome::kCancelled) {
    co_return fail(Code::kCancelled, "cancelled while the browser worked on {}", method);
  }
  co_return fail(Code::kDeadlineExceeded, "the browser did not answer {} in time", method);
}

void Browser::post(std::string_view method, Json params, const std::string& session) {
  if (impl_->alive) (void)impl_->send(method, std::move(params), session);
}

void Browser::open_session(const std::string& session, EventHandler handler) {
  impl_->sessions[session] = std::move(handler);
}

void Browser::close_session(const std::string& session) {
  impl_->sessions.erase(session);
  for (const auto& [id, one] : impl_->pending) {
    if (one->session == session) {
      Impl::finish(one, fail(Code::kCancelled, "the page was given up"));
    }
  }
}

bool Browser::alive() const {
  return impl_->alive;
}
int Browser::process() const {
  return impl_->process.pid;
}
std::uint64_t Browser::memory_bytes() const {
  return browser_memory(impl_->process);
}
void Browser::kill() {
  impl_->end();
}

}  // namespace seine::web
