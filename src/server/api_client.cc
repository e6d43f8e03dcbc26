#include "server/api_client.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <fstream>
#include <optional>
#include <semaphore>

#include "base/json.h"
#include "base/text.h"
#include "gateway/sessions.h"
#include "net/client.h"
#include "net/runtime.h"
#include "server/calls.h"
#include "server/service.h"
#include "server/version.h"
#include "server/web_settings.h"
#include "store/data_dir.h"
#include "store/key_value.h"

namespace seine::server {
namespace {

namespace asio = boost::asio;

using base::Code;
using base::Result;

Code code_of(int status) {
  switch (status) {
    case 400:
    case 413:
      return Code::kInvalidArgument;
    case 401:
      return Code::kUnauthenticated;
    case 403:
      return Code::kPermissionDenied;
    case 404:
      return Code::kNotFound;
    case 408:
    case 504:
      return Code::kDeadlineExceeded;
    case 409:
      return Code::kAborted;
    case 429:
      return Code::kResourceExhausted;
    case 501:
      return Code::kUnimplemented;
    case 503:
      return Code::kUnavailable;
    default:
      return Code::kInternal;
  }
}

base::Error error_of(int status, std::string_view body) {
  base::Error error{code_of(status), fmt::format("the service answered {}", status)};
  const Result<base::Json> json = base::parse_json(body);
  if (!json) return error;
  if (const base::Json* inner = base::find(*json, "error")) {
    error.message = base::get_or<std::string>(*inner, "message", error.message).value_or("");
    error.field = base::get_or<std::string>(*inner, "param", "").value_or("");
  }
  return error;
}

// The first cookie of a sign-in's answer, without its attributes.
std::string cookie_of(const net::Headers& headers) {
  const std::string_view field = headers.get("set-cookie").value_or("");
  return std::string(field.substr(0, field.find(';')));
}

}  // namespace

struct ApiClient::Impl {
  Impl()
      : runtime(1, clock),
        client(runtime, options()),
        calls(runtime),
        output(STDERR_FILENO),
        sink(output, clock, base::Level::kError, base::LogFormat::kText) {}

  static net::ClientOptions options() {
    net::ClientOptions out;
    out.user_agent = fmt::format("seine-cli/{}", kVersion);
    return out;
  }

  asio::awaitable<Result<net::ClientResponse>> send(std::string method, std::string path,
                                                    std::string body) {
    net::ClientRequest request;
    request.method = std::move(method);
    request.url = SEINE_CO_TRY(net::parse_url(address + path));
    request.headers.add("content-type", "application/json");
    if (!cookie.empty()) request.headers.add("cookie", cookie);
    if (!key.empty()) request.headers.add("authorization", "Bearer " + key);
    request.body = std::move(body);
    co_return co_await client.send(std::move(request));
  }

  asio::awaitable<Result<std::string>> exchange(std::string method, std::string path,
                                                std::string body) {
    net::ClientResponse response =
        SEINE_CO_TRY(co_await send(std::move(method), std::move(path), std::move(body)));
    std::string text = SEINE_CO_TRY(co_await response.read_all());
    if (response.status() / 100 != 2) {
      co_return std::unexpected(error_of(response.status(), text));
    }
    if (cookie.empty()) cookie = cookie_of(response.headers());
    co_return text;
  }

  asio::awaitable<Result<>> follow(std::string path, std::string body,
                                   const std::function<void(const net::SseEvent&)>& event) {
    net::ClientResponse response =
        SEINE_CO_TRY(co_await send("POST", std::move(path), std::move(body)));
    if (response.status() / 100 != 2) {
      const std::string text = SEINE_CO_TRY(co_await response.read_all());
      co_return std::unexpected(error_of(response.status(), text));
    }
    net::SseParser parser(std::size_t{16} << 20);
    for (;;) {
      const std::string_view piece = SEINE_CO_TRY(co_await response.read_some());
      if (piece.empty()) co_return Result<>();
      SEINE_CO_CHECK(parser.feed(piece));
      while (const auto next = parser.next()) event(*next);
    }
  }

  // Runs a coroutine to its end on the network's thread.
  template <typename T, typename Start>
  Result<T> wait(Start start) {
    std::optional<Result<T>> out;
    runtime.run(0, [&]() -> asio::awaitable<void> { return keep(start(), out); });
    return std::move(*out);
  }
  template <typename T>
  static asio::awaitable<void> keep(asio::awaitable<Result<T>> work,
                                    std::optional<Result<T>>& out) {
    out.emplace(co_await std::move(work));
  }

  static asio::awaitable<void> follow_to(asio::awaitable<Result<>> work,
                                         std::optional<Result<>>& out,
                                         std::binary_semaphore& over) {
    out.emplace(co_await std::move(work));
    over.release();
  }

  Result<> sign_in(const std::string& token) {
    const std::string body = base::to_text({{"token", token}});
    SEINE_CHECK(wait<std::string>([&] { return exchange("POST", "/api/session", body); }));
    return {};
  }

  base::SystemClock clock;
  base::SystemRandom random;
  net::Runtime runtime;
  net::Client client;
  Calls calls;
  base::DescriptorOutput output;
  base::LogSink sink;
  std::unique_ptr<Service> own;
  std::string address;
  std::string cookie;
  std::string key;
};

ApiClient::ApiClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ApiClient::~ApiClient() {
  if (impl_->own) impl_->own->drain(base::Deadline::after(impl_->clock, std::chrono::seconds(5)));
}

Result<std::unique_ptr<ApiClient>> ApiClient::connect(const Invocation& invocation, Needs needs) {
  auto impl = std::make_unique<Impl>();
  Impl& c = *impl;
  if (const auto host = variable(invocation.environment, "SEINE_HOST"); !host.empty()) {
    c.address = host.starts_with("http") ? std::string(host) : fmt::format("http://{}", host);
    while (c.address.ends_with('/')) c.address.pop_back();
    c.key = variable(invocation.environment, "SEINE_API_KEY");
    return std::unique_ptr<ApiClient>(new ApiClient(std::move(impl)));
  }
  const base::Config config = SEINE_TRY(load_config(invocation));
  std::string root =
      SEINE_TRY(data_directory(config, invocation.environment, invocation.terminal->language()));
  const store::DataDir directory = SEINE_TRY(store::DataDir::open(root));
  const bool running = !directory.lock().has_value();
  if (running) {
    std::ifstream file(directory.run() + "/address");
    if (!std::getline(file, c.address) || c.address.empty()) {
      return base::fail(Code::kUnavailable, "a service uses {} but says no address yet", root);
    }
    const auto database = SEINE_TRY(store::Database::open(directory.database()));
    const auto records = SEINE_TRY(store::KeyValue::open(*database, c.clock));
    gateway::Sessions sessions(*records, c.clock, c.random);
    SEINE_CHECK(c.sign_in(SEINE_TRY(sessions.mint_link())));
    return std::unique_ptr<ApiClient>(new ApiClient(std::move(impl)));
  }
  ServiceSettings settings = service_settings(config, std::move(root));
  settings.web = SEINE_TRY(web_settings(config, invocation.environment));
  settings.remote = SEINE_TRY(remote_model_settings(config, invocation.environment));
  // Citations of the documentation then open where the service is reached when it runs.
  settings.docs_address = configured_address(settings);
  settings.listen = {"127.0.0.1:0"};
  settings.tls_certificate.clear();
  settings.tls_key.clear();
  settings.load_models = needs == Needs::kModels;
  settings.watch = false;  // watches are read by the service, or by order
  c.own = SEINE_TRY(Service::start(std::move(settings), {c.clock, c.random, c.sink}));
  c.address = c.own->urls().front();
  // One question pays for the load; it is not to be answered without the model for haste.
  (void)c.own->models_settled(base::Deadline::after(c.clock, std::chrono::seconds(60)));
  (void)c.own->docs_indexed(std::chrono::seconds(30));
  const std::string link = SEINE_TRY(c.own->one_time_link());
  SEINE_CHECK(c.sign_in(link.substr(link.find("#token=") + 7)));
  return std::unique_ptr<ApiClient>(new ApiClient(std::move(impl)));
}

bool ApiClient::is_own() const {
  return impl_->own != nullptr;
}

Result<std::string> ApiClient::call(std::string_view method, std::string_view path,
                                    std::string body) {
  return impl_->wait<std::string>(
      [&] { return impl_->exchange(std::string(method), std::string(path), std::move(body)); });
}

Result<> ApiClient::stream(std::string_view path, std::string body,
                           const std::function<void(const net::SseEvent&)>& event,
                           std::stop_token stop) {
  std::optional<Result<>> out;
  std::binary_semaphore over(0);
  impl_->calls.start_on(
      0,
      [&]() -> asio::awaitable<void> {
        return impl_->follow_to(impl_->follow(std::string(path), std::move(body), event), out,
                                over);
      },
      stop);
  over.acquire();
  if (stop.stop_requested() && !*out) return base::fail(Code::kCancelled, "stopped");
  return std::move(*out);
}

}  // namespace seine::server
