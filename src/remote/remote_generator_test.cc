#include "remote/remote_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <condition_variable>
#include <mutex>

#include "base/json.h"
#include "net/request.h"
#include "net/response.h"
#include "net/router.h"
#include "net/runtime.h"
#include "net/server.h"
#include "net/sse.h"

namespace seine::remote {
namespace {

namespace asio = boost::asio;

using base::Code;
using ::testing::HasSubstr;

constexpr std::string_view kText =
    R"({"choices":[{"delta":{"content":"Yes."},"finish_reason":null}]})";
constexpr std::string_view kEnd =
    R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}})";

// A service of one route, and a generator in front of it.
class RemoteGeneratorTest : public testing::Test {
 protected:
  using Serve = std::function<asio::awaitable<void>(net::Request&, net::Response&)>;

  void serve(Serve handler) {
    router_.add("POST", "/v1/chat/completions", std::move(handler), {});
    server_.emplace(runtime_, net::ServerOptions{}, router_.handler());
    const auto port = server_->listen({});
    ASSERT_TRUE(port) << port.error().to_string();
    auto url = chat_address("http://127.0.0.1:" + std::to_string(*port) + "/v1/");
    ASSERT_TRUE(url) << url.error().to_string();
    client_.emplace(runtime_, net::ClientOptions{});
    model_ = std::make_unique<RemoteGenerator>(
        RemoteSettings{.url = *url,
                       .key = "sk-1",
                       .name = "theirs",
                       .info = {.id = "ours", .owned_by = "them"}},
        *client_, [this](auto work, std::stop_token stop) { start(std::move(work), stop); });
  }
  void TearDown() override {
    model_.reset();
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(quiet_.wait_for(lock, std::chrono::seconds(20), [&] { return running_ == 0; }));
    lock.unlock();
    server_.reset();
    client_.reset();
    runtime_.stop();
  }

  base::Result<llm::StreamReader> ask(std::string model = "ours") {
    return model_->generate({.model = std::move(model), .messages = {{.content = "hi"}}},
                            base::Deadline::after(clock_, std::chrono::seconds(20)));
  }
  llm::DeltaStream::Next next(const llm::StreamReader& reader) const {
    return reader->next(base::Deadline::after(clock_, std::chrono::seconds(20)));
  }

 private:
  // What the composition root's runner of calls does.
  void start(std::function<asio::awaitable<void>()> work, const std::stop_token& stop) {
    struct Call {
      asio::cancellation_signal signal;
      bool ended = false;
      std::optional<std::stop_callback<std::function<void()>>> stopped;
    };
    {
      const std::lock_guard lock(mutex_);
      ++running_;
    }
    const auto call = std::make_shared<Call>();
    runtime_.post(1, [this, call, work = std::move(work), stop] {
      asio::co_spawn(runtime_.context(1), quietly(work),
                     asio::bind_cancellation_slot(call->signal.slot(),
                                                  [this, call](const std::exception_ptr& failed) {
                                                    EXPECT_FALSE(failed);
                                                    call->ended = true;
                                                    call->stopped.reset();
                                                    const std::lock_guard lock(mutex_);
                                                    if (--running_ == 0) quiet_.notify_all();
                                                  }));
      call->stopped.emplace(stop, [this, weak = std::weak_ptr(call)] {
        runtime_.post(1, [weak] {
          const auto held = weak.lock();
          if (held && !held->ended) held->signal.emit(asio::cancellation_type::terminal);
        });
      });
    });
  }
  static asio::awaitable<void> quietly(std::function<asio::awaitable<void>()> work) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await work();
  }

  base::SystemClock clock_;
  net::Runtime runtime_{2, clock_};
  net::Router router_;
  std::optional<net::Server> server_;
  std::optional<net::Client> client_;
  std::mutex mutex_;
  std::condition_variable quiet_;
  int running_ = 0;

 protected:
  std::unique_ptr<RemoteGenerator> model_;
};

asio::awaitable<void> answer_noting(net::Request& request, net::Response& response,
                                    std::string& key, std::string& asked) {
  key = request.headers().get("authorization").value_or("");
  asked = (co_await request.read_all()).value_or("");
  net::SseWriter writer(response);
  (void)co_await writer.start();
  (void)co_await writer.keep_alive();
  (void)co_await writer.data(kText);
  (void)co_await writer.data(kEnd);
  (void)co_await writer.done();
}

TEST_F(RemoteGeneratorTest, StreamsAnAnswer) {
  std::string asked;
  std::string key;
  serve([&](net::Request& request, net::Response& response) {
    return answer_noting(request, response, key, asked);
  });
  const auto reader = ask();
  ASSERT_TRUE(reader) << reader.error().to_string();
  EXPECT_EQ(next(*reader).delta, llm::Delta(llm::TextDelta{"Yes."}));
  const auto end = next(*reader);
  ASSERT_TRUE(end.delta) << (end.error ? end.error->to_string() : "waiting");
  EXPECT_EQ(std::get<llm::Finish>(*end.delta).usage.prompt_tokens, 5U);
  EXPECT_EQ(key, "Bearer sk-1");
  EXPECT_EQ((*base::parse_json(asked))["model"], "theirs");
}

TEST_F(RemoteGeneratorTest, ARefusalNamesTheServiceAndHidesTheKey) {
  serve([](net::Request&, net::Response& response) -> asio::awaitable<void> {
    response.send_json(401, R"({"error":{"message":"bad key"}})");
    co_return;
  });
  const auto reader = ask();
  const auto end = next(*reader);
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->code, Code::kUnavailable);
  EXPECT_THAT(end.error->message, HasSubstr("127.0.0.1:"));
  EXPECT_THAT(end.error->message, HasSubstr("bad key"));
  EXPECT_THAT(end.error->message, testing::Not(HasSubstr("sk-1")));
}

TEST_F(RemoteGeneratorTest, AnAnswerThatBreaksOffFails) {
  serve([](net::Request&, net::Response& response) -> asio::awaitable<void> {
    net::SseWriter writer(response);
    (void)co_await writer.start();
    (void)co_await writer.data(kText);
    (void)co_await response.finish();
  });
  const auto reader = ask();
  EXPECT_TRUE(next(*reader).delta);
  const auto end = next(*reader);
  ASSERT_TRUE(end.error);
  EXPECT_THAT(end.error->message, HasSubstr("broke off"));
}

// Begins an answer and waits for its peer: that it ends shows that the connection was closed.
asio::awaitable<void> begin_and_wait(net::Request& request, net::Response& response) {
  net::SseWriter writer(response);
  (void)co_await writer.start();
  (void)co_await writer.data(kText);
  while (!request.stop_token().stop_requested()) {
    if (!co_await net::sleep_for(std::chrono::milliseconds(5))) break;
  }
}

TEST_F(RemoteGeneratorTest, AReaderThatLeavesEndsTheCall) {
  serve(begin_and_wait);
  {
    const auto reader = ask();
    ASSERT_TRUE(next(*reader).delta);
  }
  // TearDown waits for the call's end.
}

TEST_F(RemoteGeneratorTest, UnloadingEndsTheStreams) {
  serve(begin_and_wait);
  const auto reader = ask();
  ASSERT_TRUE(next(*reader).delta);
  model_.reset();
  const auto end = next(*reader);
  ASSERT_TRUE(end.error);
  EXPECT_THAT(end.error->message, HasSubstr("was unloaded"));
}

TEST_F(RemoteGeneratorTest, OtherModelsAreNotFound) {
  serve([](net::Request&, net::Response&) -> asio::awaitable<void> { co_return; });
  EXPECT_EQ(ask("theirs").error().code, Code::kNotFound);
}

TEST(ChatAddress, TakesABaseOrTheWholeAddress) {
  EXPECT_EQ(chat_address("https://api.deepseek.com/v1")->to_string(),
            "https://api.deepseek.com/v1/chat/completions");
  EXPECT_EQ(chat_address("http://10.0.0.1:8000/v1/chat/completions")->port, 8000);
  EXPECT_FALSE(chat_address("ws://a/v1"));
  EXPECT_FALSE(chat_address("api.deepseek.com"));
}

}  // namespace
}  // namespace seine::remote
