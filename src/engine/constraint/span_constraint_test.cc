#include "engine/constraint/span_constraint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/random.h"
#include "engine/constraint/suffix_automaton.h"

namespace seine::engine {
namespace {

using Tokens = std::vector<TokenId>;

bool holds(const Tokens& passage, const Tokens& run) {
  return !std::ranges::search(passage, run).empty() || run.empty();
}

Tokens random_tokens(base::Random& random, std::size_t length, std::uint64_t alphabet) {
  Tokens out(length);
  for (TokenId& token : out) token = static_cast<TokenId>(10 + random.below(alphabet));
  return out;
}

TEST(SuffixAutomaton, HoldsEveryRunAndItsPassagesAndNothingElse) {
  base::SeededRandom random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<Tokens> passages;
    for (std::uint64_t i = 0, n = 1 + random.below(4); i < n; ++i) {
      passages.push_back(random_tokens(random, random.below(12), 3));
    }
    const auto automaton = SuffixAutomaton::build(passages);
    ASSERT_TRUE(automaton);
    for (int probe = 0; probe < 60; ++probe) {
      const Tokens run = random_tokens(random, random.below(6), 3);
      std::uint64_t expected = 0;
      for (std::size_t i = 0; i < passages.size(); ++i) {
        if (holds(passages[i], run)) expected |= std::uint64_t{1} << i;
      }
      std::optional<SuffixAutomaton::State> state = SuffixAutomaton::kRoot;
      for (const TokenId token : run) {
        if (state) state = automaton->step(*state, token);
      }
      ASSERT_EQ(state.has_value(), expected != 0 || run.empty());
      if (!run.empty() && state) {
        ASSERT_EQ(automaton->passages(*state), expected);
      }
    }
  }
}

TEST(SuffixAutomaton, SizeIsLinearAndBounded) {
  base::SeededRandom random(2);
  const Tokens passage = random_tokens(random, 20'000, 2);
  const auto automaton = SuffixAutomaton::build(std::vector<Tokens>{passage});
  ASSERT_TRUE(automaton);
  EXPECT_LE(automaton->size(), 2 * passage.size());
  EXPECT_EQ(SuffixAutomaton::build(std::vector<Tokens>(65)).error().message,
            "spans are taken from 65 passages, the limit is 64");
}

constexpr TokenId kEnd = 1;
constexpr TokenId kNone = 2;

SpanSpec spec_of(std::vector<Tokens> passages, std::vector<Tokens> citations) {
  return {.passages = std::move(passages),
          .citations = std::move(citations),
          .refusal = {kNone},
          .ends = {kEnd},
          .vocabulary = 40};
}

Tokens allowed(Constraint& constraint) {
  Tokens out;
  constraint.mask().for_each([&](TokenId id) { out.push_back(id); });
  return out;
}

TEST(SpanConstraint, CitationMustHoldTheSpan) {
  auto made = make_span_constraint(spec_of({{10, 11, 12}, {11, 13}}, {{5}, {6}}));
  ASSERT_TRUE(made);
  Constraint& constraint = **made;
  EXPECT_EQ(allowed(constraint), (Tokens{kNone, 10, 11, 12, 13}));
  EXPECT_FALSE(constraint.accept(5)) << "a citation without a span";
  ASSERT_TRUE(constraint.accept(11));
  EXPECT_EQ(allowed(constraint), (Tokens{5, 6, 12, 13}));
  ASSERT_TRUE(constraint.accept(13));
  EXPECT_EQ(allowed(constraint), (Tokens{6}));
  EXPECT_FALSE(constraint.may_end());
  ASSERT_TRUE(constraint.accept(6));
  EXPECT_TRUE(constraint.may_end());
  EXPECT_EQ(allowed(constraint), (Tokens{kEnd}));
  ASSERT_TRUE(constraint.accept(kEnd));
  EXPECT_TRUE(constraint.ended());
}

TEST(SpanConstraint, RefusalStandsAlone) {
  auto made = make_span_constraint(spec_of({{10}}, {{5}}));
  ASSERT_TRUE(made);
  ASSERT_TRUE((*made)->accept(kNone));
  EXPECT_EQ(allowed(**made), (Tokens{kEnd}));
  auto forced = spec_of({{10}}, {{5}});
  forced.refusal.clear();
  auto never = make_span_constraint(std::move(forced));
  EXPECT_EQ(allowed(**never), (Tokens{10}));
}

TEST(SpanConstraint, LengthIsBounded) {
  SpanSpec spec = spec_of({{10, 11, 12, 13}}, {{5}});
  spec.span_tokens_max = 2;
  auto made = make_span_constraint(std::move(spec));
  ASSERT_TRUE((*made)->accept(10));
  ASSERT_TRUE((*made)->accept(11));
  EXPECT_EQ(allowed(**made), (Tokens{5}));
}

TEST(SpanConstraint, BadSpecsAreRefused) {
  EXPECT_FALSE(make_span_constraint(spec_of({{10}}, {})));
  EXPECT_FALSE(make_span_constraint(spec_of({{10}}, {{}})));
  SpanSpec empty = spec_of({{}}, {{5}});
  empty.refusal.clear();
  EXPECT_FALSE(make_span_constraint(std::move(empty)));
}

// Whatever is drawn from the masks is a run of a passage and the citation of one that holds it,
// also where a citation is spelt in tokens that passages have, too.
TEST(SpanConstraint, RandomWalksAreLiteralAndCited) {
  base::SeededRandom random(3);
  for (int round = 0; round < 400; ++round) {
    const std::size_t n = 1 + random.below(4);
    std::vector<Tokens> passages;
    std::vector<Tokens> citations;
    for (std::size_t i = 0; i < n; ++i) {
      passages.push_back(random_tokens(random, 1 + random.below(9), 4));
      citations.push_back(Tokens{10, 11, static_cast<TokenId>(20 + i)});
    }
    auto made = make_span_constraint(spec_of(passages, citations));
    ASSERT_TRUE(made);
    std::unique_ptr<Constraint> constraint = std::move(*made);
    Tokens answer;
    while (!constraint->ended()) {
      const Tokens choices = allowed(*constraint);
      ASSERT_FALSE(choices.empty());
      const TokenId id = choices[random.below(choices.size())];
      if (random.below(4) == 0) constraint = constraint->clone();
      ASSERT_TRUE(constraint->accept(id));
      answer.push_back(id);
    }
    answer.pop_back();
    if (answer == Tokens{kNone}) continue;
    ASSERT_GT(answer.size(), 3U);
    const auto cited = static_cast<std::size_t>(answer.back() - 20);
    answer.resize(answer.size() - 3);
    ASSERT_LT(cited, n);
    EXPECT_TRUE(holds(passages[cited], answer));
  }
}

TEST(ConstrainAfter, IsFreeUntilTheMarker) {
  auto made = make_span_constraint(spec_of({{10}}, {{5}}));
  const auto free = constrain_after(30, 40, std::move(*made));
  EXPECT_EQ(free->mask().count(), 40U);
  ASSERT_TRUE(free->accept(7));
  ASSERT_TRUE(free->accept(30));
  EXPECT_EQ(allowed(*free), (Tokens{kNone, 10}));
  const auto copy = free->clone();
  ASSERT_TRUE(free->accept(10));
  EXPECT_EQ(allowed(*copy), (Tokens{kNone, 10}));
}

}  // namespace
}  // namespace seine::engine
