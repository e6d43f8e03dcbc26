// The watcher with a scripted reader and receiver and a clock that stands still.
#include "web/watch/watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <filesystem>
#include <future>

#include "base/json.h"
#include "base/text.h"
#include "net/runtime.h"
#include "store/data_dir.h"
#include "web/verdict.h"
#include "web/watch/webhook.h"

namespace seine::web {
namespace {

using asio::awaitable;
using base::Code;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Says `text`, or the next of `once`; a text that starts with '!' is a failure with that verdict.
class ScriptedReader final : public Reader {
 public:
  awaitable<base::Result<PageDocument>> read(std::string url, ReadOptions options) override {
    ++readings;
    last = std::move(options);
    std::string now = text;
    if (!once.empty()) {
      now = once.front();
      once.erase(once.begin());
    }
    if (now.starts_with('!'))
      co_return std::unexpected(verdict_error(*parse_verdict(now.substr(1)), "it went wrong"));
    PageDocument page;
    page.url = page.final_url = url;
    page.title = "Title";
    std::vector<Block> blocks;
    for (const std::string_view one : base::split(now, '|'))
      blocks.push_back({.markdown = std::string(one), .text = std::string(one)});
    set_blocks(page, blocks);
    co_return page;
  }

  std::string text = "one|two";
  std::vector<std::string> once;
  std::size_t readings = 0;
  ReadOptions last;
};

class Receiver final : public Transport {
 public:
  awaitable<base::Result<HopResponse>> send(HopRequest request) override {
    requests.push_back(request);
    if (status == 0) co_return fail_verdict(Verdict::kUnreachable, "nobody is there");
    HopResponse response;
    response.status = status;
    co_return response;
  }

  std::vector<HopRequest> requests;
  int status = 200;
};

class WatcherTest : public testing::Test {
 protected:
  WatcherTest() {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    start();
  }
  ~WatcherTest() override {
    stop();
    std::filesystem::remove_all(directory_);
  }
  void start() {
    runtime_ = std::make_unique<net::Runtime>(2, real_clock_);
    database_ = *store::Database::open(directory_ + "/a.db");
    pool_ = std::make_unique<store::WorkerPool>(1, 64);
    WatcherSettings settings{.confirm_after = std::chrono::milliseconds(0)};
    settings.told = [this](std::string_view what, std::string_view, std::string_view) {
      told_.emplace_back(what);
    };
    watcher_ = *Watcher::open({.home = runtime_->context(0).get_executor(),
                               .reader = reader_,
                               .transport = receiver_,
                               .database = *database_,
                               .pool = *pool_,
                               .clock = clock_,
                               .random = random_},
                              settings);
  }
  void stop() {
    runtime_->stop();
    pool_.reset();
    watcher_.reset();
    runtime_.reset();
    database_.reset();
  }

  template <typename T>
  static awaitable<void> keep(awaitable<T> work, std::optional<T>& out) {
    out.emplace(co_await std::move(work));
  }
  // On another context than the watcher's, as a handler is.
  template <typename T>
  T run(std::function<awaitable<T>()> start) {
    std::optional<T> out;
    runtime_->run(1, [&] { return keep(start(), out); });
    return *std::move(out);
  }
  base::Result<Watch> add(WatchSpec spec) {
    return run<base::Result<Watch>>([&] { return watcher_->add(spec); });
  }
  Watch added(std::string webhook = "https://hooks.example.com/in") {
    return *add({.url = "https://a.example.com/",
                 .every = std::chrono::hours(1),
                 .webhook = std::move(webhook)});
  }
  CheckOutcome check(const std::string& id) {
    const auto outcome = run<base::Result<CheckOutcome>>([&] { return watcher_->check(id); });
    EXPECT_TRUE(outcome) << outcome.error().to_string();
    return outcome.value_or(CheckOutcome{});
  }
  WatchHistory show(const std::string& id) {
    return *run<base::Result<WatchHistory>>([&] { return watcher_->show(id); });
  }
  std::size_t due() {
    return *run<base::Result<std::size_t>>([&] { return watcher_->check_due(); });
  }
  std::size_t deliver() {
    return *run<base::Result<std::size_t>>([&] { return watcher_->deliver_due(); });
  }
  std::vector<Delivery> deliveries(std::optional<DeliveryState> state = {}) {
    return *run<base::Result<std::vector<Delivery>>>([&] { return watcher_->deliveries(state); });
  }

  static awaitable<void> pause_for(std::chrono::milliseconds time) {
    (void)co_await net::sleep_for(time);
  }

  const std::string directory_ = testing::TempDir() + "watcher." + std::to_string(getpid());
  base::SystemClock real_clock_;
  base::ManualClock clock_;
  base::SystemRandom random_;
  ScriptedReader reader_;
  Receiver receiver_;
  std::vector<std::string> told_;
  std::unique_ptr<net::Runtime> runtime_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::WorkerPool> pool_;
  std::unique_ptr<Watcher> watcher_;
};

TEST_F(WatcherTest, TellsAChangeOnceAndKeepsIt) {
  const Watch watch = added();
  EXPECT_EQ(check(watch.id).result, CheckResult::kFirst);
  EXPECT_EQ(check(watch.id).result, CheckResult::kUnchanged);
  EXPECT_EQ(reader_.last.max_age, std::chrono::seconds(0));
  reader_.text = "one|two|three";
  const CheckOutcome outcome = check(watch.id);
  EXPECT_EQ(outcome.result, CheckResult::kChanged);
  ASSERT_EQ(outcome.changes.size(), 1u);
  EXPECT_EQ(outcome.changes[0].after, "three");
  EXPECT_EQ(outcome.changes[0].above, "two");
  EXPECT_EQ(check(watch.id).result, CheckResult::kUnchanged);

  ASSERT_EQ(receiver_.requests.size(), 1u);
  const HopRequest& sent = receiver_.requests[0];
  EXPECT_EQ(sent.url.href(), "https://hooks.example.com/in");
  EXPECT_TRUE(verify_webhook(watch.secret, sent.headers, sent.body, clock_.wall()));
  const base::Json body = *base::parse_json(sent.body);
  EXPECT_EQ(body["type"], "watch.changed");
  EXPECT_EQ(body["data"]["changes"][0]["kind"], "added");
  const WatchHistory history = show(watch.id);
  EXPECT_EQ(history.watch.version, 2u);
  EXPECT_EQ(history.watch.title, "Title");
  ASSERT_EQ(history.versions.size(), 2u);
  EXPECT_EQ(history.versions[0].changes[0].after, "three");
  EXPECT_THAT(told_, ElementsAre("page changed"));
}

TEST_F(WatcherTest, WhatDoesNotStayIsNoChange) {
  const Watch watch = added();
  reader_.once = {"one|two|ad 1", "one|two|ad 2"};
  EXPECT_EQ(check(watch.id).result, CheckResult::kFirst);
  reader_.once = {"one|two|ad 3", "one|two|ad 4"};
  EXPECT_EQ(check(watch.id).result, CheckResult::kNoise);
  reader_.once = {"one", "one|two"};  // half a page, once
  EXPECT_EQ(check(watch.id).result, CheckResult::kNoise);
  reader_.once = {"one|two|news|ad 5", "one|two|news|ad 6"};
  const CheckOutcome outcome = check(watch.id);
  EXPECT_EQ(outcome.result, CheckResult::kChanged);
  ASSERT_EQ(outcome.changes.size(), 1u);
  EXPECT_EQ(outcome.changes[0].after, "news");
  EXPECT_EQ(receiver_.requests.size(), 1u);
}

TEST_F(WatcherTest, FailuresAreNoChangesAndBackOff) {
  const Watch watch = added();
  check(watch.id);
  for (const char* failure : {"!challenge", "!not_found", "!empty", "!unreachable"}) {
    reader_.text = failure;
    const CheckOutcome outcome = check(watch.id);
    EXPECT_EQ(outcome.result, CheckResult::kFailed);
    EXPECT_EQ(outcome.verdict, std::string(failure).substr(1));
  }
  const Watch after = show(watch.id).watch;
  EXPECT_EQ(after.failures, 4u);
  EXPECT_EQ(after.version, 1u);
  EXPECT_GT(after.next_at, clock_.wall() + std::chrono::hours(14));  // 16 h, a tenth either way
  reader_.text = "one|two";
  EXPECT_EQ(check(watch.id).result, CheckResult::kUnchanged);
  EXPECT_EQ(show(watch.id).watch.failures, 0u);
  // A confirmation that fails confirms nothing.
  reader_.once = {"one|other", "!timeout"};
  EXPECT_EQ(check(watch.id).result, CheckResult::kFailed);
  EXPECT_EQ(show(watch.id).watch.version, 1u);
  EXPECT_THAT(receiver_.requests, IsEmpty());
}

TEST_F(WatcherTest, KeepsItsScheduleWithJitter) {
  const Watch watch = added();
  EXPECT_EQ(due(), 1u);
  EXPECT_EQ(due(), 0u);
  const auto next = show(watch.id).watch.next_at;
  EXPECT_GE(next, clock_.wall() + std::chrono::minutes(54));
  EXPECT_LE(next, clock_.wall() + std::chrono::minutes(66));
  clock_.advance(std::chrono::minutes(67));
  EXPECT_EQ(due(), 1u);
  ASSERT_TRUE(run<base::Result<Watch>>([&] { return watcher_->pause(watch.id, true); }));
  clock_.advance(std::chrono::hours(24));
  EXPECT_EQ(due(), 0u);
  ASSERT_TRUE(run<base::Result<Watch>>([&] { return watcher_->pause(watch.id, false); }));
  EXPECT_EQ(due(), 1u);
  ASSERT_TRUE(run<base::Result<void>>([&] { return watcher_->remove(watch.id); }));
  const auto gone = run<base::Result<WatchHistory>>([&] { return watcher_->show(watch.id); });
  EXPECT_EQ(gone.error().code, Code::kNotFound);
}

TEST_F(WatcherTest, TriesForADayThenGivesUpUntilItIsSentAgain) {
  const Watch watch = added();
  check(watch.id);
  reader_.text = "one";
  receiver_.status = 500;
  check(watch.id);
  std::size_t attempts = 1;
  const base::WallTime start = clock_.wall();
  while (deliveries(DeliveryState::kDead).empty() && attempts < 100) {
    const Delivery waiting = deliveries(DeliveryState::kPending).at(0);
    EXPECT_EQ(waiting.status, 500);
    EXPECT_EQ(deliver(), 0u);  // not before its time
    clock_.advance(waiting.next_at - clock_.wall());
    EXPECT_EQ(deliver(), 1u);
    ++attempts;
  }
  EXPECT_EQ(attempts, receiver_.requests.size());
  EXPECT_GE(attempts, 7u);
  EXPECT_LE(attempts, 8u);
  EXPECT_LE(clock_.wall(), start + std::chrono::hours(24));
  EXPECT_GE(clock_.wall(), start + std::chrono::hours(12));
  const Delivery dead = deliveries(DeliveryState::kDead).at(0);
  EXPECT_THAT(dead.message, HasSubstr("500"));
  EXPECT_THAT(told_, testing::Contains("webhook given up"));

  receiver_.status = 204;
  ASSERT_TRUE(run<base::Result<void>>([&] { return watcher_->resend(dead.id); }));
  EXPECT_THAT(deliveries(DeliveryState::kDead), IsEmpty());
  EXPECT_EQ(deliveries(DeliveryState::kSent).at(0).id, dead.id);
  for (const HopRequest& request : receiver_.requests)
    EXPECT_EQ(request.headers.get("webhook-id"), dead.id);
  EXPECT_EQ(run<base::Result<void>>([&] { return watcher_->resend("msg_x"); }).error().code,
            Code::kNotFound);
}

TEST_F(WatcherTest, AReceiverThatIsGoneIsNotAskedAgain) {
  const Watch watch = added();
  check(watch.id);
  reader_.text = "one";
  receiver_.status = 410;
  check(watch.id);
  EXPECT_EQ(deliveries(DeliveryState::kDead).size(), 1u);
}

// The process dies between the change and the webhook, and again after the webhook went out and
// before that was written down.
TEST_F(WatcherTest, SurvivesItsEnd) {
  const Watch watch = added();
  check(watch.id);
  reader_.text = "one";
  receiver_.status = 0;
  check(watch.id);
  ASSERT_EQ(receiver_.requests.size(), 1u);
  stop();
  start();
  receiver_.status = 200;
  clock_.advance(std::chrono::seconds(10));
  EXPECT_EQ(deliver(), 1u);
  ASSERT_EQ(receiver_.requests.size(), 2u);
  EXPECT_EQ(receiver_.requests[0].headers.get("webhook-id"),
            receiver_.requests[1].headers.get("webhook-id"));
  EXPECT_EQ(receiver_.requests[0].body, receiver_.requests[1].body);
  stop();
  start();
  EXPECT_EQ(deliver(), 0u);
  EXPECT_EQ(show(watch.id).watch.version, 2u);
  EXPECT_EQ(check(watch.id).result, CheckResult::kUnchanged);
}

TEST_F(WatcherTest, SignedWebhooksFromTheSiteHaveItReadAtOnce) {
  const Watch watch = added("");
  EXPECT_EQ(due(), 1u);
  const auto hook = [&](const std::string& id, const net::Headers& headers,
                        const std::string& body) {
    const auto taken = run<base::Result<void>>([&] { return watcher_->hook(id, headers, body); });
    return taken ? Code{} : taken.error().code;
  };
  const net::Headers good = *webhook_headers(watch.hook_secret, "msg_1", "{}", clock_.wall());
  EXPECT_EQ(due(), 0u);
  EXPECT_EQ(hook(watch.id, good, "{}"), Code{});
  EXPECT_EQ(due(), 1u);
  EXPECT_EQ(due(), 0u);
  EXPECT_EQ(hook(watch.id, good, "{}"), Code::kAlreadyExists);
  EXPECT_EQ(hook(watch.id, good, "{ }"), Code::kUnauthenticated);
  EXPECT_EQ(hook("nobody", good, "{}"), Code::kUnauthenticated);
  const net::Headers other = *webhook_headers(watch.secret, "msg_2", "{}", clock_.wall());
  EXPECT_EQ(hook(watch.id, other, "{}"), Code::kUnauthenticated);
  EXPECT_EQ(due(), 0u);
  clock_.advance(std::chrono::minutes(6));
  EXPECT_EQ(hook(watch.id, good, "{}"), Code::kUnauthenticated);
  const net::Headers late = *webhook_headers(watch.hook_secret, "msg_3", "{}", clock_.wall());
  ASSERT_TRUE(run<base::Result<Watch>>([&] { return watcher_->pause(watch.id, true); }));
  EXPECT_EQ(hook(watch.id, late, "{}"), Code::kFailedPrecondition);
}

TEST_F(WatcherTest, RefusesWhatTheGuardDoes) {
  for (const char* url : {"http://127.0.0.1:8480/", "http://169.254.169.254/", "file:///etc/passwd",
                          "not an address", "http://localhost/"}) {
    const auto watch = add({.url = "https://a.example.com/", .webhook = url});
    ASSERT_FALSE(watch) << url;
    EXPECT_EQ(watch.error().field, "webhook");
  }
  EXPECT_EQ(add({.url = "https://a.example.com/", .selector = "a:hover"}).error().field,
            "selector");
  for (const char* url :
       {"file:///etc/passwd", "not an address", "http://user:word@127.0.0.1/",
        "http://a.example.com:9000/", "http://10.0.0.1/", "http://169.254.169.254/"})
    EXPECT_EQ(add({.url = url}).error().field, "url") << url;
}

TEST_F(WatcherTest, APageOnThisMachineIsTheOperatorsToName) {
  const auto watch = add({.url = "http://127.0.0.1:8481/today"});
  ASSERT_TRUE(watch);
  check(watch->id);
  const Endpoint place{.scheme = "http", .host = "127.0.0.1", .port = 8481};
  EXPECT_THAT(reader_.last.endpoints, testing::ElementsAre(place));
  check(added().id);
  EXPECT_TRUE(reader_.last.endpoints.empty());
}

TEST_F(WatcherTest, HistoryIsBounded) {
  const Watch watch = added("");
  check(watch.id);
  for (std::size_t i = 0; i < WatchStore::kVersionsMax + 5; ++i) {
    reader_.text = "item number " + std::to_string(i);
    EXPECT_EQ(check(watch.id).result, CheckResult::kChanged);
  }
  const WatchHistory history = show(watch.id);
  EXPECT_EQ(history.versions.size(), WatchStore::kVersionsMax);
  EXPECT_EQ(history.versions[0].number, WatchStore::kVersionsMax + 6);
}

TEST_F(WatcherTest, TheScheduleRunsAndEnds) {
  const Watch watch = added();
  asio::cancellation_signal stop_it;
  std::promise<void> ended;
  runtime_->post(1, [&] {
    asio::co_spawn(runtime_->context(1), watcher_->run(),
                   asio::bind_cancellation_slot(stop_it.slot(),
                                                [&](std::exception_ptr) { ended.set_value(); }));
  });
  // It wakes for what is added, and for what a change has sent.
  const auto wait_for = [&](const std::function<bool()>& holds) {
    for (int turn = 0; turn < 3'000 && !holds(); ++turn)
      runtime_->run(1, [] { return pause_for(std::chrono::milliseconds(10)); });
    return holds();
  };
  EXPECT_TRUE(wait_for([&] { return show(watch.id).watch.version == 1; }));
  reader_.text = "one";
  const Watch second = added();
  EXPECT_TRUE(wait_for([&] { return show(second.id).watch.version == 1; }));
  runtime_->post(1, [&] { stop_it.emit(asio::cancellation_type::terminal); });
  EXPECT_EQ(ended.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
}

}  // namespace
}  // namespace seine::web
