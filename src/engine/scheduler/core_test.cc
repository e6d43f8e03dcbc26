#include "engine/scheduler/core.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/random.h"
#include "engine/sampling/sampler.h"
#include "engine/scheduler/detail/echo_model.h"
#include "engine/scheduler/prompt_lookup.h"

namespace seine::engine {
namespace {

using base::Code;
using llm::QosClass;
using Tokens = std::vector<TokenId>;

// What became of one task. Written on the pool (here: the test's thread).
struct CoreOutcome {
  Tokens tokens;
  std::uint32_t finishes = 0;
  std::optional<base::Error> error;
  TaskStats stats;
};

class GreedyDecoder final : public Decoder {
 public:
  GreedyDecoder(CoreOutcome& outcome, std::size_t count) : outcome_(outcome), count_(count) {}

  Decision decide(std::span<const LaneLogits> lanes) override {
    EXPECT_EQ(outcome_.finishes, 0U);
    Decision out;
    Continuation next{.lane = 0, .tokens = {}};
    for (std::size_t row = 0; outcome_.tokens.size() < count_; ++row) {
      next.tokens.push_back(argmax(
          lanes[0].logits.subspan(row * EchoModel::kVocabulary, EchoModel::kVocabulary), nullptr));
      outcome_.tokens.push_back(next.tokens.back());
      if (row == lanes[0].drafts.size() || lanes[0].drafts[row] != next.tokens.back()) break;
    }
    out.done = outcome_.tokens.size() == count_;
    out.lanes.push_back(std::move(next));
    return out;
  }
  void finish(std::optional<base::Error> error, const TaskStats& stats) override {
    ++outcome_.finishes;
    outcome_.error = std::move(error);
    outcome_.stats = stats;
  }

 private:
  CoreOutcome& outcome_;
  const std::size_t count_;
};

// A beam of `width`, the best sums of logits first; its result is the best lane's tokens.
class BeamDecoder final : public Decoder {
 public:
  BeamDecoder(CoreOutcome& outcome, std::size_t count, std::size_t width)
      : outcome_(outcome), count_(count), width_(width) {}

  struct Beam {
    Tokens tokens;
    double score = 0;
  };
  static std::vector<std::pair<std::uint32_t, Beam>> advance(
      const std::vector<Beam>& beams, const std::vector<std::vector<float>>& logits,
      std::size_t width) {
    std::vector<std::pair<std::uint32_t, Beam>> all;
    for (std::uint32_t lane = 0; lane < beams.size(); ++lane) {
      for (TokenId id = 0; id < EchoModel::kVocabulary; ++id) {
        Beam next = beams[lane];
        next.tokens.push_back(id);
        next.score += static_cast<double>(logits[lane][static_cast<std::size_t>(id)]);
        all.emplace_back(lane, std::move(next));
      }
    }
    std::ranges::sort(all, [](const auto& a, const auto& b) {
      return a.second.score != b.second.score ? a.second.score > b.second.score
                                              : a.second.tokens < b.second.tokens;
    });
    all.resize(std::min(width, all.size()));
    return all;
  }
  static Tokens reference(const Tokens& prompt, std::size_t count, std::size_t width) {
    std::vector<Beam> beams(1);
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<std::vector<float>> logits;
      for (const Beam& beam : beams) {
        Tokens all = prompt;
        all.insert(all.end(), beam.tokens.begin(), beam.tokens.end());
        logits.push_back(EchoModel::logits_after(all, prompt.size()));
      }
      auto next = advance(beams, logits, width);
      beams.clear();
      for (auto& [lane, beam] : next) beams.push_back(std::move(beam));
    }
    return beams[0].tokens;
  }

  Decision decide(std::span<const LaneLogits> lanes) override {
    std::vector<std::vector<float>> logits;
    for (const LaneLogits& lane : lanes)
      logits.emplace_back(lane.logits.begin(), lane.logits.end());
    auto next = advance(beams_, logits, width_);
    Decision out;
    beams_.clear();
    for (auto& [lane, beam] : next) {
      out.lanes.push_back({.lane = lane, .tokens = {beam.tokens.back()}});
      beams_.push_back(std::move(beam));
    }
    outcome_.tokens = beams_[0].tokens;
    out.done = outcome_.tokens.size() == count_;
    return out;
  }
  void finish(std::optional<base::Error> error, const TaskStats& stats) override {
    ++outcome_.finishes;
    outcome_.error = std::move(error);
    outcome_.stats = stats;
  }

 private:
  CoreOutcome& outcome_;
  const std::size_t count_;
  const std::size_t width_;
  std::vector<Beam> beams_{1};
};

struct CoreBench {
  explicit CoreBench(SchedulerSettings settings = {}, std::int64_t blocks = 64,
                     std::int32_t batch_rows = 16, std::int32_t context = 200,
                     bool has_prompt_form = true, bool foresees = false)
      : model(context, batch_rows, 12, has_prompt_form, foresees),
        kv(*KvStorage::create(*model.kv_layout(KvType::kF32), blocks)),
        core(model, kv, pool, clock, SchedulerMetrics::in(metrics, "echo"), settings) {}

  void run() {
    bool goes_on = true;
    for (int i = 0; goes_on; ++i) {
      ASSERT_LT(i, 100'000);
      goes_on = core.step({});
      ASSERT_NO_FATAL_FAILURE(check());
    }
  }
  void check() const {
    const auto whole = core.check_integrity();
    ASSERT_TRUE(whole) << whole.error().message;
  }
  TaskSpec spec(CoreOutcome& outcome, Tokens prompt, std::size_t count) const {
    return {.prompt = std::move(prompt),
            .tokens_max = static_cast<std::uint32_t>(count),
            .decoder = std::make_unique<GreedyDecoder>(outcome, count)};
  }

  EchoModel model;
  KvStorage kv;
  WorkPool pool{0};
  base::ManualClock clock;
  base::Metrics metrics;
  SchedulerCore core;
};

Tokens random_tokens(base::SeededRandom& random, std::size_t count, std::uint64_t kinds = 16) {
  Tokens out(count);
  for (TokenId& token : out) token = static_cast<TokenId>(random.below(kinds));
  return out;
}

TEST(SchedulerCore, OneTaskEqualsTheReference) {
  CoreBench bench;
  CoreOutcome outcome;
  const Tokens prompt = {1, 2, 3, 4, 5, 6, 7};
  bench.core.submit(bench.spec(outcome, prompt, 20));
  bench.run();
  EXPECT_EQ(outcome.tokens, EchoModel::reference(prompt, 20));
  EXPECT_EQ(outcome.finishes, 1U);
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.stats.steps, 20U);
  EXPECT_EQ(outcome.stats.prompt_tokens, 7U);
}

TEST(SchedulerCore, OutputDoesNotDependOnTheCompany) {
  // With room for all and with much setting back; without and with guesses by the model itself.
  for (const auto& [blocks, foresees] :
       {std::pair{64, false}, std::pair{12, false}, std::pair{64, true}, std::pair{12, true}}) {
    CoreBench bench({.chunk_tokens = 3}, blocks, 16, 200, true, foresees);
    base::SeededRandom random(5);
    std::vector<CoreOutcome> outcomes(20);
    std::vector<Tokens> prompts;
    for (CoreOutcome& outcome : outcomes) {
      prompts.push_back(random_tokens(random, 1 + random.below(20)));
      TaskSpec spec = bench.spec(outcome, prompts.back(), 15);
      spec.speculate = random.below(2) == 0;
      bench.core.submit(std::move(spec));
    }
    bench.run();
    for (std::size_t i = 0; i < outcomes.size(); ++i)
      EXPECT_EQ(outcomes[i].tokens, EchoModel::reference(prompts[i], 15)) << i;
  }
}

TEST(SchedulerCore, RunningStreamsWaitForOneChunkAtMost) {
  CoreBench bench({.chunk_tokens = 4, .draft_tokens_max = 0}, 128, 64, 400);
  CoreOutcome stream;
  CoreOutcome late;
  bench.core.submit(bench.spec(stream, {1, 2}, 60));
  EXPECT_TRUE(bench.core.step({}));
  base::SeededRandom random(1);
  bench.core.submit(bench.spec(late, random_tokens(random, 150), 1));
  while (late.tokens.empty()) {
    const std::size_t before = stream.tokens.size();
    bench.core.step({});
    ASSERT_LE(bench.model.rows_seen(), 5U);  // one row and one chunk
    ASSERT_EQ(stream.tokens.size(), before + 1);
  }
  // With nobody else there a prompt takes the whole width.
  bench.run();
  CoreOutcome alone;
  bench.core.submit(bench.spec(alone, random_tokens(random, 128), 1));
  bench.core.step({});
  EXPECT_EQ(bench.model.rows_seen(), 64U);
  bench.run();  // its decoder writes to `alone`
}

TEST(SchedulerCore, SharesPrefixesWithinAScope) {
  CoreBench bench;
  const Tokens prompt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  CoreOutcome first;
  bench.core.submit(bench.spec(first, prompt, 4));
  bench.run();
  EXPECT_EQ(first.stats.cached_tokens, 0U);
  CoreOutcome again;
  bench.core.submit(bench.spec(again, prompt, 4));
  bench.run();
  EXPECT_EQ(again.stats.cached_tokens, 9U);  // all but the one whose logits are wanted
  EXPECT_EQ(again.tokens, first.tokens);
  CoreOutcome elsewhere;
  TaskSpec spec = bench.spec(elsewhere, prompt, 4);
  spec.scope = "other";
  bench.core.submit(std::move(spec));
  bench.run();
  EXPECT_EQ(elsewhere.stats.cached_tokens, 0U);
}

// The next turn of a conversation begins with what was said, to the token. That was computed as
// single tokens, so that it is of use only where prompts are computed alike.
TEST(SchedulerCore, SharesAnAnswerWhereAPromptIsComputedAlike) {
  for (const bool has_prompt_form : {false, true}) {
    CoreBench bench({}, 64, 16, 200, has_prompt_form);
    const Tokens prompt = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    CoreOutcome first;
    bench.core.submit(bench.spec(first, prompt, 4));
    bench.run();
    EXPECT_EQ(first.tokens, EchoModel::reference(prompt, 4, has_prompt_form));
    Tokens next = prompt;
    next.insert(next.end(), first.tokens.begin(), first.tokens.end());
    next.push_back(3);
    CoreOutcome turn;
    bench.core.submit(bench.spec(turn, next, 4));
    bench.run();
    // The last token said was never computed.
    EXPECT_EQ(turn.stats.cached_tokens, has_prompt_form ? 10U : 13U);
    EXPECT_EQ(turn.tokens, EchoModel::reference(next, 4, has_prompt_form));
  }
}

TEST(SchedulerCore, ThoseThatArriveTogetherShareAPrefix) {
  CoreBench bench({}, 64, 16);
  base::SeededRandom random(2);
  const Tokens prefix = random_tokens(random, 40);
  std::vector<CoreOutcome> outcomes(5);
  std::uint64_t cached = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    Tokens prompt = prefix;
    prompt.push_back(static_cast<TokenId>(i));
    bench.core.submit(bench.spec(outcomes[i], prompt, 2));
  }
  bench.run();
  for (const CoreOutcome& outcome : outcomes) cached += outcome.stats.cached_tokens;
  EXPECT_GE(cached, 4U * 40U - 16U);  // the second used what a pass had left
}

TEST(SchedulerCore, HigherClassesGoFirstAndSetOthersBack) {
  CoreBench bench({.lanes_max = 2});
  CoreOutcome batch_one;
  CoreOutcome batch_two;
  CoreOutcome quick;
  for (CoreOutcome* outcome : {&batch_one, &batch_two}) {
    TaskSpec spec = bench.spec(*outcome, {1, 2, 3}, 30);
    spec.qos = QosClass::kBatch;
    bench.core.submit(std::move(spec));
  }
  for (int i = 0; i < 5; ++i) bench.core.step({});
  TaskSpec spec = bench.spec(quick, {4, 5}, 3);
  spec.qos = QosClass::kInteractive;
  bench.core.submit(std::move(spec));
  for (int i = 0; i < 3; ++i) bench.core.step({});
  EXPECT_EQ(quick.finishes, 1U);
  EXPECT_EQ(batch_two.finishes, 0U);
  bench.run();
  EXPECT_EQ(batch_two.stats.preemptions, 1U);
  EXPECT_EQ(batch_one.stats.preemptions, 0U);
  EXPECT_EQ(batch_one.tokens, EchoModel::reference({1, 2, 3}, 30));
  EXPECT_EQ(batch_two.tokens, batch_one.tokens);
}

TEST(SchedulerCore, CancellationAndDeadlinesTakeOneStep) {
  CoreBench bench({.lanes_max = 2});
  std::vector<CoreOutcome> outcomes(4);
  std::vector<std::stop_source> stops(4);
  for (std::size_t i = 0; i < 4; ++i) {
    TaskSpec spec = bench.spec(outcomes[i], {1, 2, 3}, 30);
    spec.stop = stops[i].get_token();
    if (i % 2 == 1) spec.deadline = base::Deadline::after(bench.clock, std::chrono::seconds(5));
    bench.core.submit(std::move(spec));
  }
  bench.core.step({});
  bench.core.step({});
  stops[0].request_stop();  // runs
  stops[2].request_stop();  // waits
  bench.core.step({});
  EXPECT_EQ(outcomes[0].error->code, Code::kCancelled);
  EXPECT_EQ(outcomes[2].error->code, Code::kCancelled);
  EXPECT_TRUE(outcomes[2].tokens.empty());
  bench.clock.advance(std::chrono::seconds(5));
  EXPECT_FALSE(bench.core.step({}));
  EXPECT_EQ(outcomes[1].error->code, Code::kDeadlineExceeded);
  EXPECT_EQ(outcomes[3].error->code, Code::kDeadlineExceeded);
  bench.check();
}

TEST(SchedulerCore, GuessesSavePassesAndChangeNothing) {
  // A text that repeats itself makes guesses right: here the reference output is the prompt's part.
  const Tokens seed = {3, 1, 4, 1, 5};
  const Tokens said = EchoModel::reference(seed, 40);
  CoreBench bench({.prefix_cache = false});
  CoreOutcome plain;
  bench.core.submit(bench.spec(plain, seed, 40));
  bench.run();
  EXPECT_EQ(plain.tokens, said);
  base::SeededRandom random(9);
  for (int round = 0; round < 20; ++round) {
    const Tokens prompt = random_tokens(random, 30, 2);
    CoreOutcome guessed;
    TaskSpec spec = bench.spec(guessed, prompt, 40);
    spec.speculate = true;
    bench.core.submit(std::move(spec));
    bench.run();
    EXPECT_EQ(guessed.tokens, EchoModel::reference(prompt, 40));
    EXPECT_EQ(guessed.stats.steps + guessed.stats.accepted_tokens, 40U);
    EXPECT_GT(guessed.stats.drafted_tokens, 0U);
  }
}

TEST(SchedulerCore, TheModelsOwnGuessesSavePassesAndChangeNothing) {
  CoreBench bench({}, 64, 16, 200, true, true);
  base::SeededRandom random(4);
  std::vector<CoreOutcome> outcomes(8);
  std::vector<Tokens> prompts;
  for (CoreOutcome& outcome : outcomes) {
    prompts.push_back(random_tokens(random, 5 + random.below(40)));
    TaskSpec spec = bench.spec(outcome, prompts.back(), 30);
    spec.speculate = &outcome != &outcomes.front();
    bench.core.submit(std::move(spec));
  }
  bench.run();
  std::uint64_t foreseen = 0;
  std::uint64_t right = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const TaskStats& stats = outcomes[i].stats;
    EXPECT_EQ(outcomes[i].tokens, EchoModel::reference(prompts[i], 30)) << i;
    EXPECT_EQ(stats.steps + stats.accepted_tokens, 30U);
    EXPECT_LE(stats.predicted_tokens, stats.drafted_tokens);
    EXPECT_LE(stats.predicted_right, stats.accepted_tokens);
    foreseen += stats.predicted_tokens;
    right += stats.predicted_right;
  }
  EXPECT_EQ(outcomes[0].stats.drafted_tokens, 0U);
  EXPECT_GT(foreseen, 40U);
  EXPECT_GT(right, foreseen / 2);  // the module errs in a quarter of the cases
  EXPECT_LT(right, foreseen);
}

TEST(SchedulerCore, ALongerGuessFromTheContextGoesBeforeTheModelsOwn) {
  // What repeats itself is found in the context, several tokens at a time.
  CoreBench bench({.prefix_cache = false}, 64, 16, 200, true, true);
  CoreOutcome outcome;
  const Tokens start = {3, 1, 4, 1, 5};
  const Tokens said = EchoModel::reference(start, 30);
  Tokens prompt = start;
  prompt.insert(prompt.end(), said.begin(), said.end());
  TaskSpec spec = bench.spec(outcome, prompt, 40);
  spec.speculate = true;
  bench.core.submit(std::move(spec));
  bench.run();
  EXPECT_EQ(outcome.tokens, EchoModel::reference(prompt, 40));
  EXPECT_GT(outcome.stats.drafted_tokens, outcome.stats.predicted_tokens);
}

TEST(SchedulerCore, BeamsForkAndEndLikeTheReference) {
  for (const std::int64_t blocks : {64, 24}) {
    CoreBench bench({.chunk_tokens = 3}, blocks);
    base::SeededRandom random(3);
    std::vector<CoreOutcome> outcomes(6);
    std::vector<Tokens> prompts;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      prompts.push_back(random_tokens(random, 3 + random.below(10)));
      TaskSpec spec{.prompt = prompts.back(), .tokens_max = 9, .lanes_max = 4};
      spec.qos = i % 2 == 0 ? QosClass::kBatch : QosClass::kStandard;
      spec.decoder = std::make_unique<BeamDecoder>(outcomes[i], 9, 4);
      ASSERT_TRUE(bench.core.check(spec));
      bench.core.submit(std::move(spec));
      for (std::uint64_t n = random.below(4); n > 0; --n) bench.core.step({});
    }
    bench.run();
    for (std::size_t i = 0; i < outcomes.size(); ++i)
      EXPECT_EQ(outcomes[i].tokens, BeamDecoder::reference(prompts[i], 9, 4)) << i;
  }
}

TEST(SchedulerCore, RefusesWhatCanNeverRun) {
  CoreBench bench({}, 16);
  CoreOutcome outcome;
  EXPECT_EQ(bench.core.check(bench.spec(outcome, {}, 1)).error().code, Code::kInvalidArgument);
  EXPECT_EQ(bench.core.check(bench.spec(outcome, Tokens(2000, 1), 1)).error().message,
            "prompt has 2,000 tokens, the model's limit is 200");
  EXPECT_EQ(bench.core.check(bench.spec(outcome, Tokens(150, 1), 60)).error().message,
            "prompt of 150 tokens and answer of up to 60 exceed the model's limit of 200");
  EXPECT_EQ(bench.core.check(bench.spec(outcome, Tokens(60, 1), 5)).error().message,
            "prompt and answer need a KV cache of 72 tokens, the engine has 64");
  EXPECT_TRUE(bench.core.check(bench.spec(outcome, Tokens(55, 1), 5)));
}

// Random arrivals, cancellations, classes, beams and guesses in little memory: every step leaves
// everything in place, every task ends once, and what was not cancelled equals the reference.
TEST(SchedulerCore, RandomLoadKeepsEverythingInPlace) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    base::SeededRandom random(seed);
    CoreBench bench({.lanes_max = 6,
                     .chunk_tokens = static_cast<std::int32_t>(1 + random.below(6)),
                     .prefix_cache = seed % 3 != 0},
                    24, static_cast<std::int32_t>(6 + random.below(12)), 60, true, seed % 2 == 0);
    struct Job {
      CoreOutcome outcome;
      Tokens prompt;
      std::size_t count = 0;
      bool beam = false;
      bool cancelled = false;
      std::stop_source stop;
    };
    std::vector<std::unique_ptr<Job>> jobs;
    for (int i = 0; i < 3000; ++i) {
      if (random.below(4) == 0 && bench.core.queued() < 20) {
        auto job = std::make_unique<Job>();
        job->prompt = random_tokens(random, 1 + random.below(30), 2);
        job->count = 1 + random.below(12);
        job->beam = random.below(4) == 0;
        TaskSpec spec = bench.spec(job->outcome, job->prompt, job->count);
        if (job->beam) {
          spec.lanes_max = 3;
          spec.decoder = std::make_unique<BeamDecoder>(job->outcome, job->count, 3);
        }
        spec.qos = static_cast<QosClass>(random.below(3));
        spec.scope = random.below(3) == 0 ? "x" : "";
        spec.speculate = random.below(2) == 0;
        spec.stop = job->stop.get_token();
        if (!bench.core.check(spec)) continue;  // too much for this memory
        bench.core.submit(std::move(spec));
        jobs.push_back(std::move(job));
      }
      if (random.below(10) == 0 && !jobs.empty()) {
        Job& job = *jobs[random.below(jobs.size())];
        job.cancelled |= job.outcome.finishes == 0;
        job.stop.request_stop();
      }
      bench.core.step({});
      ASSERT_NO_FATAL_FAILURE(bench.check());
    }
    bench.run();
    for (const auto& job : jobs) {
      EXPECT_EQ(job->outcome.finishes, 1U);
      if (job->cancelled) {
        EXPECT_EQ(job->outcome.error->code, Code::kCancelled);
        continue;
      }
      EXPECT_FALSE(job->outcome.error);
      EXPECT_EQ(job->outcome.tokens, job->beam ? BeamDecoder::reference(job->prompt, job->count, 3)
                                               : EchoModel::reference(job->prompt, job->count));
    }
    EXPECT_GT(jobs.size(), 300U);
  }
}

TEST(PromptLookup, FindsWhatFollowedTheLastTokens) {
  const Tokens tokens = {1, 2, 3, 4, 5, 9, 1, 2, 3};
  const auto guess = prompt_lookup(tokens, 3);
  EXPECT_EQ(Tokens(guess.begin(), guess.end()), (Tokens{4, 5, 9}));
  EXPECT_TRUE(prompt_lookup(Tokens{1, 2, 3}, 3).empty());
  EXPECT_TRUE(prompt_lookup(Tokens{}, 3).empty());
  EXPECT_EQ(prompt_lookup(Tokens{7, 7, 7}, 5).size(), 1U);
}

}  // namespace
}  // namespace seine::engine
