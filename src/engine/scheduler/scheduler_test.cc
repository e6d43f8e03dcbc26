#include "engine/scheduler/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>

#include "engine/sampling/sampler.h"
#include "engine/scheduler/detail/echo_model.h"

namespace seine::engine {
namespace {

using base::Code;
using Tokens = std::vector<TokenId>;

// Counts ends; lets a test wait for them.
class Ends {
 public:
  void add(const std::optional<base::Error>& error) {
    {
      const std::lock_guard lock(mutex_);
      ++total_;
      if (error) ++errors_[error->code];
    }
    changed_.notify_all();
  }
  void wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return total_ >= count; });
  }
  std::size_t total() {
    const std::lock_guard lock(mutex_);
    return total_;
  }
  std::size_t errors(Code code) {
    const std::lock_guard lock(mutex_);
    return errors_[code];
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t total_ = 0;
  std::map<Code, std::size_t> errors_;
};

class CountingDecoder final : public Decoder {
 public:
  CountingDecoder(Ends& ends, std::size_t count) : ends_(ends), left_(count) {}
  Decision decide(std::span<const LaneLogits> lanes) override {
    --left_;
    return {.lanes = {{.lane = 0, .tokens = {argmax(lanes[0].logits, nullptr)}}},
            .done = left_ == 0};
  }
  void after() override { ++afters_; }
  void finish(std::optional<base::Error> error, const TaskStats& stats) override {
    if (!error) {
      EXPECT_EQ(afters_, stats.steps);
    }
    ends_.add(error);
  }

 private:
  Ends& ends_;
  std::size_t left_;
  std::uint64_t afters_ = 0;
};

struct Bench {
  std::unique_ptr<Scheduler> make(SchedulerSettings settings, int threads) {
    return std::make_unique<Scheduler>(model, kv, clock, SchedulerMetrics::in(metrics, "echo"),
                                       settings, threads);
  }
  TaskSpec spec(std::size_t count) {
    return {.prompt = {1, 2, 3},
            .tokens_max = static_cast<std::uint32_t>(count),
            .decoder = std::make_unique<CountingDecoder>(ends, count)};
  }

  EchoModel model{200, 32, 12};
  KvStorage kv = *KvStorage::create(*model.kv_layout(KvType::kF32), 64);
  base::SystemClock clock;
  base::Metrics metrics;
  Ends ends;
};

TEST(Scheduler, ServesManyFromManyThreads) {
  for (const int threads : {0, 1, 3}) {
    Bench bench;
    auto scheduler = bench.make({}, threads);
    {
      std::vector<std::jthread> callers;
      for (int t = 0; t < 4; ++t) {
        callers.emplace_back([&] {
          for (int i = 0; i < 50; ++i) EXPECT_TRUE(scheduler->submit(bench.spec(7)));
        });
      }
    }
    bench.ends.wait(200);
    EXPECT_EQ(bench.ends.errors(Code::kCancelled), 0U);
  }
}

TEST(Scheduler, RefusesPastItsQueue) {
  Bench bench;
  auto scheduler = bench.make({.queue_max = 8}, 1);
  std::vector<TaskSpec> many;
  for (int i = 0; i < 9; ++i) many.push_back(bench.spec(3));
  const auto refused = scheduler->submit(std::move(many));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kResourceExhausted);
  EXPECT_EQ(refused.error().message, "0 requests wait, the limit is 8");
  EXPECT_TRUE(scheduler->submit(bench.spec(3)));
  bench.ends.wait(1);
}

TEST(Scheduler, EndsEveryTaskWhenItGoes) {
  Bench bench;
  auto scheduler = bench.make({}, 1);
  std::stop_source stop;
  for (int i = 0; i < 100; ++i) {
    TaskSpec spec = bench.spec(150);
    spec.stop = stop.get_token();
    ASSERT_TRUE(scheduler->submit(std::move(spec)));
    if (i == 60) stop.request_stop();
  }
  scheduler.reset();
  EXPECT_EQ(bench.ends.total(), 100U);
}

}  // namespace
}  // namespace seine::engine
