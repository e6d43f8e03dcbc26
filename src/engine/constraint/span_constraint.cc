#include "engine/constraint/span_constraint.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/constraint/suffix_automaton.h"

namespace seine::engine {
namespace {

struct Compiled {
  SuffixAutomaton automaton;
  SpanSpec spec;
};

// A citation or the refusal that is being spelt.
struct Phrase {
  std::int32_t passage;  // -1: the refusal
  std::uint32_t at;      // tokens of it already written
};

class SpanMachine final : public Constraint {
 public:
  explicit SpanMachine(std::shared_ptr<const Compiled> compiled)
      : compiled_(std::move(compiled)), mask_(compiled_->spec.vocabulary) {}

  const TokenMask& mask() override {
    if (!fresh_) fill();
    fresh_ = true;
    return mask_;
  }

  bool accept(TokenId id) override {
    if (!mask().test(id)) return false;
    fresh_ = false;
    const bool ends = std::ranges::find(compiled_->spec.ends, id) != compiled_->spec.ends.end();
    if (whole_ && ends) {
      ended_ = true;
      return true;
    }
    // Both readings of the token are followed: the span goes on, a phrase begins or goes on.
    std::vector<Phrase> phrases;
    bool whole = false;
    for (const Phrase& phrase : open_phrases()) {
      const std::vector<TokenId>& tokens = tokens_of(phrase);
      if (tokens[phrase.at] != id) continue;
      if (phrase.at + 1 == tokens.size()) {
        whole = true;
      } else {
        phrases.push_back({phrase.passage, phrase.at + 1});
      }
    }
    if (span_) {
      span_ = span_tokens_ < compiled_->spec.span_tokens_max ? compiled_->automaton.step(*span_, id)
                                                             : std::nullopt;
      ++span_tokens_;
    }
    phrases_ = std::move(phrases);
    whole_ = whole;
    return true;
  }

  bool may_end() const override { return whole_; }
  bool ended() const override { return ended_; }
  std::unique_ptr<Constraint> clone() const override {
    return std::make_unique<SpanMachine>(*this);
  }

 private:
  const std::vector<TokenId>& tokens_of(const Phrase& phrase) const {
    return phrase.passage < 0 ? compiled_->spec.refusal
                              : compiled_->spec.citations[static_cast<std::size_t>(phrase.passage)];
  }

  // Those begun, and those that may begin here.
  std::vector<Phrase> open_phrases() const {
    std::vector<Phrase> out = phrases_;
    if (!span_) return out;
    if (span_tokens_ == 0) {
      if (!compiled_->spec.refusal.empty()) out.push_back({-1, 0});
      return out;
    }
    const std::uint64_t holders = compiled_->automaton.passages(*span_);
    for (std::size_t i = 0; i < compiled_->spec.citations.size(); ++i) {
      if ((holders >> i & 1) != 0) out.push_back({static_cast<std::int32_t>(i), 0});
    }
    return out;
  }

  void fill() {
    mask_.clear();
    if (ended_) {
      for (const TokenId end : compiled_->spec.ends) mask_.set(end);
      return;
    }
    if (whole_) {
      for (const TokenId end : compiled_->spec.ends) mask_.set(end);
    }
    for (const Phrase& phrase : open_phrases()) mask_.set(tokens_of(phrase)[phrase.at]);
    if (span_ && span_tokens_ < compiled_->spec.span_tokens_max) {
      for (const auto& [token, state] : compiled_->automaton.next(*span_)) mask_.set(token);
    }
  }

  std::shared_ptr<const Compiled> compiled_;
  TokenMask mask_;
  bool fresh_ = false;
  // The run written so far, while the answer can still be inside it.
  std::optional<SuffixAutomaton::State> span_ = SuffixAutomaton::kRoot;
  std::size_t span_tokens_ = 0;
  std::vector<Phrase> phrases_;
  bool whole_ = false;
  bool ended_ = false;
};

}  // namespace

base::Result<std::unique_ptr<Constraint>> make_span_constraint(SpanSpec spec) {
  if (spec.citations.size() != spec.passages.size()) {
    return base::fail(base::Code::kInvalidArgument, "{} passages have {} citations",
                      spec.passages.size(), spec.citations.size());
  }
  bool any = !spec.refusal.empty();
  for (std::size_t i = 0; i < spec.passages.size(); ++i) {
    if (spec.citations[i].empty()) {
      return base::fail(base::Code::kInvalidArgument, "the citation of passage {} is empty", i + 1);
    }
    any = any || !spec.passages[i].empty();
  }
  if (!any || spec.span_tokens_max == 0) {
    return base::fail(base::Code::kInvalidArgument,
                      "no answer is possible: the passages are empty and refusing is not allowed");
  }
  if (spec.ends.empty()) {
    return base::fail(base::Code::kInvalidArgument, "no token ends the answer");
  }
  SuffixAutomaton automaton = SEINE_TRY(SuffixAutomaton::build(spec.passages));
  return std::make_unique<SpanMachine>(
      std::make_shared<const Compiled>(std::move(automaton), std::move(spec)));
}

}  // namespace seine::engine
